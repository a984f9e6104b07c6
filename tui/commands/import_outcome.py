"""An import's outcome in words: its sets, and warnings about what the user may wrongly expect."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import Final

import click
from sqlalchemy import Connection

from health.losses import EVERYTHING
from health.sources.door import LostSet
from health.store.writing.committed import forget_places
from health.store.writing.roster import archived_tenants
from health.store.writing.sets import ImportSummary
from tui.words.failures import tell
from tui.words.names import cut_in_the_middle
from tui.words.safe_text import safe_text
from tui.words.wording import counted

_MOST_OF_AN_ERROR: Final = 400
"""The most cells of a set's error in a longer sentence."""
_MOST_TYPES: Final = 8
"""The most types to accept by name. If more are gone, the command names `*`."""


def echo_summary(external_id: str, summary: ImportSummary) -> None:
    """Print what an import did to one tenant's sets, in place of the progress line."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(f"{safe_text(external_id)}: {in_words(summary)}.")


def archived_among(connection: Connection, external_ids: Iterable[str]) -> list[str]:
    """The external ids of those tenants that are archived, sorted."""
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
    """Report each set that became partial: what it lost, and how to accept that, by the option or the command."""
    for each in lost:
        captured, at = each.captured, each.captured.completed_at
        when = "" if at is None else f", completed {at:%F %T} UTC,"
        whose = f"The set {captured.name!r} of {captured.external_id!r}{when}"
        option = shlex.join(word for name in _to_name(each) for word in ("--accept-loss", name))
        accepting = f"if that is meant, {option} accepts it" if by_option else how_to_accept(each)
        tell(f"{whose} is partial: {with_room_for_more(each.clauses)}; {accepting}.")


def with_room_for_more(error: str) -> str:
    """A set's error, short enough for a longer sentence: with forty types the middle is left out."""
    return cut_in_the_middle(error, _MOST_OF_AN_ERROR)


def _to_name(lost: LostSet) -> tuple[str, ...]:
    return lost.to_accept if len(lost.to_accept) <= _MOST_TYPES else (EVERYTHING,)


def how_to_accept(lost: LostSet) -> str:
    """The command that accepts a loss once, as a clause. In a crontab the option would accept every later loss too."""
    types = _to_name(lost)
    end_of_options = ["--"] if any(name.startswith("-") for name in types) else []
    words = ["tenantpilot", "accept-loss", "--tenant", lost.captured.external_id, *end_of_options, *types]
    return f'if that is meant, "{shlex.join(words)}" accepts it'


def leave_cron_nothing_to_mail() -> None:
    """After a good recorded run, do not name the database unless a person is at a terminal (docs/record.md)."""
    if not sys.stderr.isatty():
        forget_places()


def in_words(summary: ImportSummary) -> str:
    """An import's numbers, as the end of a sentence."""
    written = (
        f"{counted(summary.sets_created, 'backup set')} created, {summary.sets_replaced:,} replaced,"
        f" {summary.sets_unchanged:,} unchanged; {counted(summary.items_written, 'item')} written"
    )
    if not summary.sets_cancelled:
        return written
    return f"{written}; {counted(summary.sets_cancelled, 'set')} of earlier imports cancelled: not a run"
