"""An import's outcome in words: its sets, and warnings about what the user may wrongly expect."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from tui.words.failures import tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from health.sources.door import LostSet
    from health.store.writing.sets import ImportSummary


def echo_summary(external_id: str, summary: ImportSummary) -> None:
    """Print what an import did to one tenant's sets, in place of the progress line."""
    from tui.words.safe_text import safe_text

    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(f"{safe_text(external_id)}: {in_words(summary)}.")


def archived_among(connection: Connection, external_ids: Iterable[str]) -> list[str]:
    """The external ids of those tenants that are archived, sorted."""
    from health.store.writing.roster import archived_tenants

    return sorted(archived_tenants(connection).intersection(external_ids))


def tell_of(archived: Sequence[str], accepted_for_nothing: Sequence[str] = ()) -> None:
    """Warn that a tenant is archived, or that an `--accept-loss` had no effect."""
    if archived:
        tell(
            f"The import is kept, but not judged, because the tenant is archived: {', '.join(archived)};"
            " 'tenantpilot tenant archive --undo' makes it active again."
        )
    for name in accepted_for_nothing:
        tell(f"--accept-loss {name!r} accepted nothing: no set that was read has a loss of a type of that name.")


def tell_of_losses(lost: Iterable[LostSet], *, by_option: bool) -> None:
    """Say of each set that became partial what it lost, and what accepts that: the import's option or the command."""
    for each in lost:
        captured, at = each.captured, each.captured.completed_at
        when = "" if at is None else f", completed {at:%F %T} UTC,"
        whose = f"The set {captured.name!r} of {captured.external_id!r}{when}"
        option = shlex.join(word for name in each.to_accept for word in ("--accept-loss", name))
        accepting = f"if that is meant, {option} accepts it" if by_option else how_to_accept(each)
        tell(f"{whose} is partial: {each.clauses}; {accepting}.")


def how_to_accept(lost: LostSet) -> str:
    """The command that accepts a loss once, as a clause: in a crontab the option would accept every later one too."""
    words = ["tenantpilot", "accept-loss", "--tenant", lost.captured.external_id, *lost.to_accept]
    return f'if that is meant, "{shlex.join(words)}" accepts it'


def leave_cron_nothing_to_mail() -> None:
    """After a recorded run that went well: where it was noted is for a person at a terminal (docs/record.md)."""
    from health.store.writing.committed import forget_places

    if not sys.stderr.isatty():
        forget_places()


def in_words(summary: ImportSummary) -> str:
    """An import's numbers, as the end of a sentence."""
    from tui.words.wording import counted

    written = (
        f"{counted(summary.sets_created, 'backup set')} created, {summary.sets_replaced:,} replaced,"
        f" {summary.sets_unchanged:,} unchanged; {counted(summary.items_written, 'item')} written"
    )
    if not summary.sets_cancelled:
        return written
    return f"{written}; {counted(summary.sets_cancelled, 'set')} of earlier imports cancelled: not a run"
