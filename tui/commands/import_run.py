"""One run of `import`: a backup, all the runs of its history, or facts of any tenants (docs/import-folders.md)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import click
from sqlalchemy import Connection

from health.instants import shifted
from health.sources.captured import CapturedFacts, CapturedSet
from health.sources.declaration import Acceptances, Asked, Source
from health.sources.door import Door
from health.store.opening.urls import DatabaseAddress
from health.store.writing.contents import drop_unwanted_contents
from health.store.writing.input_order import write_facts
from health.store.writing.roster import have_tenant
from health.store.writing.transactions import writing, writing_in_steps
from tui.commands.import_options import flag_of
from tui.commands.import_outcome import archived_among, echo_summary, in_words, tell_of, tell_of_losses
from tui.commands.importing import import_sets
from tui.commands.session import Session, open_session
from tui.words.durations import NEWEST_FILE
from tui.words.failures import EXIT_REFUSED, EXIT_USAGE, CommandFailed
from tui.words.wording import counted

_TRANSACTION_BYTES: Final = 64 * 1024**2
_ROW_BYTES: Final = 600
"""An item without its JSON, with its indexes, in a database."""


def import_backup(ctx: click.Context, source: Source, given: dict[str, Any]) -> None:
    """Import one backup of a tenant, or all of its runs in a history."""
    _require_one_instant(source, given)
    session = open_session(ctx, given)
    asked = _asked(source, given, session)
    _refuse_the_future(asked)
    door = Door(asked.accepted, session.loaded.settings.loss_rule(), asked.accepts)
    with _transactions(session.writing(), asked, source) as begin:

        @contextmanager
        def of_the_tenant() -> Iterator[Connection]:
            with begin() as connection:
                have_tenant(connection, asked.external_id, given["new_name"], asked.now)
                yield connection

        summary = import_sets(of_the_tenant, source, asked, door, one_by_one=_is_a_history(asked, source))
        with begin() as connection:
            archived = archived_among(connection, (asked.external_id,))
    echo_summary(asked.external_id, summary)
    tell_of_losses(door.with_a_loss, by_option=True)
    tell_of(archived, door.accepted_for_nothing)


def _is_a_history(asked: Asked, source: Source) -> bool:
    return source.history is not None and asked.completed_at is None


@contextmanager
def _transactions(
    address: DatabaseAddress, asked: Asked, source: Source
) -> Iterator[Callable[[], AbstractContextManager[Connection]]]:
    """One transaction for an import. A history has one for each set, so that a new import continues an aborted one."""
    if _is_a_history(asked, source):
        with writing_in_steps(address) as step:
            yield step
        return
    with writing(address) as connection:
        yield lambda: nullcontext(connection)


def _require_one_instant(source: Source, given: dict[str, Any]) -> None:
    """A source with a history reads either a folder at an instant or the history."""
    if source.history is None:
        return
    if given["git"] and given["completed_at"] is not None:
        raise CommandFailed("Give either --completed-at or --git: a commit has its own instant.", EXIT_USAGE)
    if not given["git"] and given["completed_at"] is None:
        raise CommandFailed(
            "A folder does not say when its run was complete: give --completed-at INSTANT, or read a git repository's"
            " commits with --git.",
            EXIT_USAGE,
        )
    if not given["git"] and (of_git := [each for each in source.history_options if given[each.name] is not None]):
        raise CommandFailed(
            f"{flag_of(of_git[0])} is about a repository's history: give it together with --git.", EXIT_USAGE
        )


def _asked(source: Source, given: dict[str, Any], session: Session) -> Asked:
    """The command line's request to a source."""
    return Asked(
        path=given["path"],
        external_id=given["external_id"],
        now=session.now,
        policy=session.loaded.settings.policy(),
        completed_at=_completed_at(source, given),
        options={option.name: given[option.name] for option in (*source.options, *source.history_options)},
        accepted=frozenset(given["accepted"]),
        accepts=_accepts(given),
        with_payload=not given["without_payload"],
        progress=None if source.runs is not None else _file_counter(),
    )


def _accepts(given: dict[str, Any]) -> Acceptances:
    """What the command line accepts although the backup's own data speaks against it."""
    return Acceptances(**{name: given.get(f"accept_{name}", False) for name in Acceptances._fields})


def _completed_at(source: Source, given: dict[str, Any]) -> datetime | None:
    """The given instant, or the newest file's date if the user asked for that; None without either."""
    named: datetime | str | None = given.get("completed_at")
    if not isinstance(named, str):
        return named
    path: Path = given["path"]
    newest = source.newest_in(path)
    if newest is None:
        raise CommandFailed(
            f"{path}: it has no backup file whose date could be --completed-at {NEWEST_FILE}.",
            EXIT_REFUSED,
        )
    return newest


def _refuse_the_future(asked: Asked) -> None:
    """Refuse an instant in the future. A typing mistake would be the tenant's latest set until that day."""
    if asked.completed_at is not None and asked.completed_at > shifted(asked.now, asked.policy.clock_skew):
        instant = asked.completed_at.isoformat().replace("+00:00", "Z")
        raise CommandFailed(
            f"--completed-at {instant} is in the future: give the instant at which the run was complete.", EXIT_USAGE
        )


def import_lines(ctx: click.Context, source: Source, given: dict[str, Any]) -> None:
    """Import facts of any number of tenants from a file or from standard input."""
    if given["as_given"] and given["accepted"]:
        raise CommandFailed("--as-given accepts every loss already: leave --accept-loss out.", EXIT_USAGE)
    session = open_session(ctx, given)
    rule, accepts = session.loaded.settings.loss_rule(), _accepts(given)
    door = Door(frozenset(given["accepted"]), rule, accepts, as_given=given["as_given"])
    captured = _facts_in(given["path"], source, given)
    with writing_in_steps(session.writing()) as begin, _Transactions(begin) as transactions:
        connection = transactions.connection
        dropped = _dropped_for(connection, captured) if given["without_payload"] else frozenset()
        summary = write_facts(connection, captured, session.now, door, dropped, transactions.set_written)
        archived = archived_among(connection, [each.external_id for each in captured.sets])
    tenants, schedules = len(captured.tenants), len(captured.schedules)
    click.echo(f"{counted(tenants, 'tenant')} and {counted(schedules, 'schedule')} read; {in_words(summary)}.")
    tell_of_losses(door.with_a_loss, by_option=True)
    tell_of(archived, door.accepted_for_nothing)


class _Transactions:
    """The transactions of one input: one, or for a large input several, each with as many sets as memory may hold.

    (docs/import-facts.md, "Any other tool: import facts")
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._within = ExitStack()
        self._bytes = 0

    def __enter__(self) -> Self:
        self.connection = self._within.enter_context(self._begin())
        return self

    def __exit__(self, *raised: Any) -> None:
        self._within.__exit__(*raised)

    def set_written(self, captured: CapturedSet) -> None:
        """Count what is written. Commit it, and begin again on the same connection, if it is much."""
        self._bytes += sum(
            _ROW_BYTES + len(item.payload or "") + len(item.assignments or "") for item in captured.items
        )
        if self._bytes > _TRANSACTION_BYTES:
            self._within.close()
            self._within.enter_context(self._begin())
            self._bytes = 0


def _dropped_for(connection: Connection, captured: CapturedFacts) -> frozenset[tuple[int, str]]:
    """Remove the stored contents of sets that are now imported without payload. Returns what was removed."""
    references: dict[tuple[str, str], set[str]] = {}
    for each in captured.sets:
        references.setdefault((each.external_id, each.source), set()).add(each.source_ref)
    dropped = (drop_unwanted_contents(connection, *whose, refs) for whose, refs in references.items())
    return frozenset().union(*dropped)


def _facts_in(path: Path, source: Source, given: dict[str, Any]) -> CapturedFacts:
    assert source.lines is not None
    with_payload, options = not given["without_payload"], {option.name: given[option.name] for option in source.options}
    if str(path) == "-":
        return source.lines(sys.stdin.buffer, "standard input", with_payload, options)
    try:
        with path.open("rb") as stream:
            return source.lines(stream, str(path), with_payload, options)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", EXIT_REFUSED) from None


def _file_counter() -> Callable[[int], None] | None:
    """A function that shows the number of files on standard error, in one line; None if that is not a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int) -> None:
        if done % 50 == 0:
            click.echo(f"\r{done:,} files ", nl=False, err=True)

    return show
