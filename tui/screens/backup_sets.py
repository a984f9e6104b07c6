"""Every backup set of one tenant, newest first, each with its part in the verdict (docs/screens.md, "Backup sets")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from health.answers import SETS_PAGE, BackupSetsAnswer, ListedSet, SetKey
from tui.place import Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.screens.set_cells import listed_set_cells
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.evidence import set_entry
from tui.words.safe_text import safe_text
from tui.words.set_words import attempt_sentences
from tui.words.wording import MARKED

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_COLUMNS: Final = (
    Column("STATUS", 10),
    Column("WHEN", 12),
    Column("IN THE VERDICT", 14),
    Column("ITEMS", 6),
    Column("DEGRADED", 8),
    Column("NAME", 12, share=1, from_width=66),
    Column("SOURCE", 12, from_width=100),
    Column("ERROR", 20, share=2, from_width=110),
)


class BackupSetsScreen(FactsScreen[BackupSetsAnswer]):
    """`answer` is a BackupSetsAnswer of every page read so far. The next page is asked for by the last row's key."""

    DEFAULT_CSS = """
    BackupSetsScreen #basis-line { height: auto; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "equals_sign",
            "changes",
            "changes",
            key_display="=",
            tooltip="compare this set with the one before or the marked one",
            id="backup_sets.changes",
        ),
        Binding("m", "mark", "mark", tooltip="mark this set, to compare another one with it", id="backup_sets.mark"),
    ]

    def __init__(
        self, external_id: str, tenant_name: str, confirms: str | None = None, *, begin_at: int | None = None
    ) -> None:
        super().__init__()
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._confirms = confirms
        self._begin_at = begin_at
        self._wants_page = False

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        return cls(tenant, tenant, begin_at=next(iter(place.set), None))

    def crumb(self) -> str:
        return "Backup sets"

    def question(self) -> Question[BackupSetsAnswer]:
        now = self.pilot.evaluation_instant()
        known = self.answer
        wants_page, self._wants_page = self._wants_page, False
        if known is None or not wants_page:
            limit = SETS_PAGE if known is None else max(SETS_PAGE, len(known.sets))
            return lambda resolver: resolver.backup_sets(self.external_id, now, limit=limit)

        def ask(resolver: TenantBackupHealthResolver) -> BackupSetsAnswer:
            page = resolver.backup_sets(self.external_id, now, known.sets[-1].key)
            if page.health.basis == known.health.basis:
                return page._replace(sets=known.sets + page.sets, now=known.now)
            # The basis has changed, so every row is read again.
            return resolver.backup_sets(self.external_id, now, limit=len(known.sets) + SETS_PAGE)

        return ask

    def facts_from(self, answer: BackupSetsAnswer) -> float:
        """The age of the oldest rows: a new page does not renew the rows before it."""
        known = self.answer
        if known is not None and known.sets and answer.sets and answer.sets[0] is known.sets[0]:
            assert self.asking.answered_at is not None
            return self.asking.answered_at
        return super().facts_from(answer)

    def body(self) -> ComposeResult:
        title = Static("Backup sets", classes="block-title", id="sets-title", markup=False)
        title.set_class(self._confirms == "sets", "-confirms")
        yield title
        yield Static(id="basis-line", markup=False)
        yield RowList(
            _COLUMNS, self._cells, lambda listed: listed.key.set_id, empty="there is no backup set", id="sets"
        )
        yield CursorDetail()

    def watch_answer(self, answer: BackupSetsAnswer) -> None:
        self.query_one("#sets", RowList).replace(answer.sets)
        self._tell()
        self.query_one("#basis-line", Static).update(Content(safe_text(self._basis_line(answer))))
        mark = "> " if self._confirms == "sets" else ""
        number = f"{len(answer.sets):,}"
        order = ", newest first" if len(answer.sets) > 1 else ""
        shown = f"the newest {number}, more below" if answer.more else f"{number}{order}"
        self.query_one("#sets-title", Static).update(Content(f"{mark}Backup sets: {shown}"))
        self.pilot.adopt(answer.health)

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show in full what the columns cut of the set under the cursor, and its error, which has no column at 80."""
        listed: ListedSet | None = self.query_one("#sets", RowList).current
        self.query_one(CursorDetail).show([] if listed is None else attempt_sentences(listed))

    def first_focus(self) -> None:
        super().first_focus()
        answer = self.facts
        lost = answer.health.unreadable
        row = next((each for each in answer.sets if lost is not None and each.unreadable == lost), None)
        begin_at = self._begin_at if row is None else row.key.set_id
        if begin_at is not None:
            self.query_one("#sets", RowList).move_to_key(begin_at)

    @staticmethod
    def _basis_line(answer: BackupSetsAnswer) -> str:
        if answer.health.unreadable is not None:
            return f"? unreadable: {answer.health.unreadable.message}"
        if answer.health.basis is not None:
            return "The basis governs: the latest completed or partial set that is not deleted."
        if not answer.sets:
            return "No backup basis: there is no backup set at all."
        return "No backup basis: every set here is deleted, or neither completed nor partial."

    def _cells(self, listed: ListedSet) -> Sequence[Cell]:
        cells = listed_set_cells(listed, self.now())
        name = cells.name
        if self.pilot.is_marked(self.external_id, listed.key.set_id):
            name = name._replace(text=f"{MARKED} {name.text}", is_name=False)
        return (
            cells.status, cells.when, cells.part, cells.items,
            cells.degraded, name, cells.source, cells.error,
        )  # fmt: skip

    @on(RowList.EndNear)
    def _next_page(self) -> None:
        answer = self.answer
        if answer is not None and answer.more and not self.reading:
            self._wants_page = True
            self.load()

    @on(RowList.Chosen)
    def _open_set(self, message: RowList.Chosen) -> None:
        key: SetKey = message.row.key
        if self.is_active:
            self.pilot.open_screen("backup_set", self.external_id, self.tenant_name, set_id=key.set_id)

    def action_changes(self) -> None:
        listed: ListedSet | None = self.query_one("#sets", RowList).current
        if listed is not None:
            self.pilot.open_changes(self.external_id, self.tenant_name, listed.key)

    def action_mark(self) -> None:
        rows = self.query_one("#sets", RowList)
        if rows.current is not None:
            self.pilot.mark_set(self.external_id, rows.current.key, rows.current.name)
            rows.refresh()

    def evidence(self) -> list[dict[str, Any]]:
        return [set_entry(listed) for listed in self.facts.sets]

    def part_exported(self) -> str:
        return f"the newest {len(self.facts.sets):,}" if self.facts.more else ""

    def name_under_cursor(self) -> str | None:
        listed = self.query_one("#sets", RowList).current
        return None if listed is None else str(listed.name)

    def place(self) -> Place:
        listed: ListedSet | None = self.query_one("#sets", RowList).current
        return Place(self.external_id, "backup_sets", set=() if listed is None else (listed.key.set_id,))
