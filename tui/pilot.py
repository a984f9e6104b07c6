"""What a screen may ask the app for: the instant, the reader, the clipboard, a file, another screen.

This module is below the screens, so that they can import it. The app is above them and extends it.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from textual.app import App
from textual.screen import Screen

from health.answers import SetKey
from health.known import known_of
from tui.context import AppContext
from tui.files import new_file
from tui.known_notes import CheckedNotes
from tui.reader import FactsReader
from tui.terminal.clipboard import clipboard_sequence, why_not_copied
from tui.terminal.process import has_job_control
from tui.widgets.row_list import Cell, Column
from tui.words.known_words import known_in_words, ready_entries
from tui.words.safe_text import has_hidden, safe_text

if TYPE_CHECKING:
    from health.posture import TenantBackupHealth
    from health.report import Beside

Row = TypeVar("Row")

_LONGEST_ID: Final = 60
_LONGEST_TOAST: Final = 1000
"""A long path is cut at its start, because its end says the most."""


def _plain(external_id: str) -> str:
    """A tenant's id as part of a file's name: ASCII letters, digits, dots and hyphens, 60 at most."""
    return re.sub(r"[^a-zA-Z0-9.]+|\.{2,}", "-", external_id)[:_LONGEST_ID].strip("-.")


class MarkedSet(NamedTuple):
    """The set that another one is to be compared with, and its place among its tenant's sets."""

    external_id: str
    key: SetKey
    name: str


class Pilot(App[None]):
    """The app as its screens see it."""

    notes: CheckedNotes | None = None
    """The known reasons; None until the fleet was read and each named tenant was looked up."""
    marked_set: MarkedSet | None = None
    """The set that the user marked with `m`. There is only one mark, because two sets are compared."""

    def __init__(self, context: AppContext) -> None:
        self.context = context
        # Decided before Textual sets up its filters: with NO_COLOR only the terminal's own colours emit none.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.reader = FactsReader(context.open_first or context.database.open_resolver)

    # Time

    def evaluation_instant(self) -> datetime:
        """The instant to judge at (UTC): the clock's, or the one given with --now."""
        return self.context.fixed_now or self.context.clock()

    def boot_seconds(self) -> float:
        """Seconds of the clock that also runs in suspend: it measures the age of facts."""
        return self.context.boot_clock()

    # The place

    def place_words(self, connected_to: str | None = None) -> str:
        """The database, that it is read-only, and the instant if it is not the clock's.

        `connected_to` is the database's label from the real connection, if that differs from the URL's.
        """
        at = "" if (instant := self.fixed_instant()) == "" else f" {'as of' if self.context.as_of else 'at'} {instant}"
        database = self.context.database
        return f"{f'{database.name}: ' if database.name else ''}{connected_to or database.label} read-only{at}"

    def fixed_instant(self) -> str:
        """The instant of `--now` or `--as-of`; empty if the clock gives it. Zero seconds are left out."""
        fixed = self.context.fixed_now
        form = "%Y-%m-%d %H:%M:%S" if fixed is not None and fixed.second else "%Y-%m-%d %H:%M"
        return "" if fixed is None else f"{fixed:{form}}Z"

    # Other screens

    def open_screen(self, name: str, *arguments: Any, **named: Any) -> None:
        """Push a new screen by its name in `tui.routes.ROUTES`, made with these arguments."""
        raise NotImplementedError

    def hold_frames(self, screen: Screen[Any]) -> None:
        """Draw nothing of a screen for a moment, because it will change in many parts."""
        raise NotImplementedError

    def draw_when_settled(self, screen: Screen[Any]) -> None:
        """Draw what was held back, as one frame, once everything that goes on in a screen is done."""
        raise NotImplementedError

    def choose(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row],
        cells: Callable[[Row], Sequence[Cell]],
        then: Callable[[Row | None], None],
        **named: Any,
    ) -> None:
        """Let the user choose a row, and call `then` with it, or with None if nothing was chosen."""
        raise NotImplementedError

    def adopt(self, health: TenantBackupHealth) -> TenantBackupHealth:
        """List a verdict that a screen read again; returns the one object that both show from now on."""
        raise NotImplementedError

    def idle_actions(self) -> frozenset[str]:
        """The ids of actions that would do nothing here but say why."""
        alone = ("app.databases",) if len(self.context.databases) < 2 else ()
        return frozenset((*alone, *(() if has_job_control() else ("app.suspend",))))

    # Notes beside a verdict

    def known_of(self, health: TenantBackupHealth, now: datetime) -> str:
        """The known reasons of a tenant in words; empty if the file is wrong."""
        known = {} if self.notes is None else self.notes.by_tenant
        return known_in_words(known_of(known.get(health.tenant.external_id, ()), health, now), now)

    def beside(self, verdicts: Sequence[TenantBackupHealth], now: datetime) -> Beside:
        """What a report of these verdicts adds to them: known reasons and groups."""
        from health.report import Beside  # asked for by a key

        ids = [health.tenant.external_id for health in verdicts]
        noted = {} if self.notes is None else self.notes.by_tenant
        known = {
            external_id: known_of(noted[external_id], health, now)
            for external_id, health in zip(ids, verdicts, strict=True)
            if external_id in noted
        }
        found = ((each, self.context.groups.beside(each)) for each in ids)
        return Beside(
            known=known,
            groups={each: group.name for each, group in found if group is not None},
            names_bases=True,
            as_of=self.context.as_of,
        )

    def copy_known_entry(self, health: TenantBackupHealth, now: datetime) -> None:
        """Copy a ready entry for each reason of a tenant; who and why are left to be filled in. Nothing is written."""
        external_id = health.tenant.external_id
        if not health.reasons:
            self.say("nothing to note: this tenant has no reason")
        elif has_hidden(external_id):
            self.say("not copied: it has hidden characters, which a shell could obey")
        elif (problem := why_not_copied(entry := ready_entries(health, now), os.environ)) is not None:
            self.say(problem)
        else:
            self.copy_to_clipboard(entry)
            self.say(f"sent to the terminal's clipboard: [[known]] of {external_id}; fill in who and why")

    # Two sets to compare

    def mark_set(self, external_id: str, key: SetKey, name: str) -> None:
        """Mark a set, so that `=` on another one compares the two; a set that is marked is unmarked."""
        if self.is_marked(external_id, key.set_id):
            self.marked_set = None
            self.say("no set is marked")
        else:
            self.marked_set = MarkedSet(external_id, key, name)
            self.say(f"marked {name}: = on another set compares the two")

    def is_marked(self, external_id: str, set_id: int) -> bool:
        """Whether this set of a tenant is the one that is marked."""
        marked = self.marked_set
        return marked is not None and (marked.external_id, marked.key.set_id) == (external_id, set_id)

    def open_changes(self, external_id: str, tenant_name: str, key: SetKey) -> None:
        """Compare a set with the marked one, the older of the two first; without a mark with its reference set."""
        marked = self.marked_set
        other = None if marked is None or marked.external_id != external_id else marked.key
        if other is None or other.set_id == key.set_id:
            self.open_screen("changes", external_id, tenant_name, after=key.set_id)
        else:
            before, after = sorted((other, key))
            self.open_screen("changes", external_id, tenant_name, before=before.set_id, after=after.set_id)

    # Copies and files

    def copy_text(self, text: str | None, otherwise: str) -> None:
        """Put text on the terminal's clipboard, and say so."""
        if text is None:
            self.say(otherwise)
        elif has_hidden(text):
            self.say("not copied: it has hidden characters, which a shell could obey")
        elif (problem := why_not_copied(text, os.environ)) is not None:
            self.say(f"{problem}: {text}")
        else:
            self.copy_to_clipboard(text.encode("utf-8", "replace").decode())
            # No terminal reports whether it took the text.
            self.say(f"sent to the terminal's clipboard: {text}")

    def copy_to_clipboard(self, text: str) -> None:
        """As Textual does, but also through tmux and screen."""
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(clipboard_sequence(text, os.environ))

    def copy_command(self, arguments: list[str]) -> None:
        """Copy the command line that opens the present place."""
        option, fixed = "--as-of" if self.context.as_of else "--now", self.context.fixed_now
        at = [] if fixed is None else [option, fixed.isoformat()]
        self.copy_text(shlex.join([*self.context.invocation, *at, *arguments]), "")

    def stem(self, what: str, external_id: str = "") -> str:
        """The beginning of a file's name; a tenant's id without characters that a shell or a path would read."""
        whose = f"{_plain(external_id)}-" if external_id else ""
        return f"tenantpilot-{whose}{what}-{self.evaluation_instant():%Y%m%dT%H%M%SZ}"

    def save_new(self, stem: str, suffix: str, text: str, what: str = "") -> None:
        """Write a new file into the working directory, and say where it is or why it was not written.

        `what` says which part was written, if it is not everything.
        """
        try:
            self.say(f"saved {what + ' as ' if what else ''}{new_file(Path.cwd(), stem, suffix, text)}")
        except OSError as error:
            self.say(f"not saved: {error.strerror}")

    def say(self, words: str) -> None:
        """Show a toast; the words may come from outside. One line of it covers the key hints and no row."""
        self.clear_notifications()
        self.notify(safe_text(words, limit=_LONGEST_TOAST), markup=False, timeout=4)
