"""An import's outcome in words: its sets, and warnings about what the user may wrongly take for granted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from tui.words.failures import tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from health.store.writing.sets import ImportSummary


def echo_summary(external_id: str, summary: ImportSummary) -> None:
    """Say what an import did to one tenant's sets, over the progress that stood there."""
    from tui.words.safe_text import safe_text

    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(f"{safe_text(external_id)}: {in_words(summary)}.")


def archived_among(connection: Connection, external_ids: Iterable[str]) -> list[str]:
    """Those of some tenants, by their external ids, that are archived."""
    from health.store.writing.roster import archived_tenants

    return sorted(archived_tenants(connection).intersection(external_ids))


def tell_of(archived: Sequence[str], accepted_for_nothing: Sequence[str] = ()) -> None:
    """Warn about what the user may wrongly take for granted."""
    if archived:
        tell(
            f"The import is kept, but not judged, because the tenant is archived: {', '.join(archived)};"
            " 'tenantpilot tenant archive --undo' takes it back."
        )
    for name in accepted_for_nothing:
        tell(f"--accept-loss {name!r} accepted nothing: no set that was read has a loss of a type of that name.")


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
