"""One backup set: its recency against the window, its families with counts, its items.

(docs/screens.md, "Backup set")
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from health.answers import BackupSetAnswer, PartInVerdict
from health.changes import Identity, SoughtCopy, WantedCopy
from health.facts import BackupItem
from health.quality import ITEM_FAMILIES, BackupQualityResolver
from tui.place import ANY_FAMILY, FLEET, ItemIdentity, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.filter_input import FilterInput
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList, name_cell
from tui.words.copy_words import last_whole, where_last_whole
from tui.words.evidence import gone_entry, item_entry, set_entry
from tui.words.names import name_in_words
from tui.words.safe_text import safe_text
from tui.words.set_words import family_lines, recency_lines
from tui.words.wording import FAMILY_WORDS, part_in_words

_COLUMNS: Final = (
    Column("TYPE", 12, share=1),
    Column("NAME", 16, share=2),
    Column("PLATFORM", 10, share=1, from_width=110),
    Column("DEGRADED BECAUSE", 20, share=1),
    Column("LAST WHOLE", 20, share=1, from_width=72),
)
_GONE: Final = "gone since the set before"
_FAMILY_FILTERS: Final = (None, "any family", *(family.name for family in ITEM_FAMILIES))


class BackupSetScreen(FactsScreen[BackupSetAnswer]):
    """`answer` is a BackupSetAnswer. Opened for a reason, it focuses and marks the block that confirms it."""

    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (24, "-tall")]  # noqa: RUF012 - as Textual has it

    DEFAULT_CSS = """
    /* Below the two blocks the rows need every line of a window that is lower than the usual one. */
    BackupSetScreen.-short CursorDetail { display: none; }
    BackupSetScreen #superseded { height: auto; padding: 0 1; color: $state-stale; text-style: bold; display: none; }
    BackupSetScreen #filter-line { height: 1; padding: 0 1; margin-top: 1; }
    BackupSetScreen #filter-label { width: auto; color: $quiet; text-style: bold; }
    BackupSetScreen #shown { width: auto; color: $quiet; padding: 0 0 0 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "filter", key_display="/", tooltip="filter the items by words", id="backup_set.filter"
        ),
        Binding("f", "family", "family", tooltip="list one degradation family only", id="backup_set.family"),
        Binding("n", "open_newer", "open the newer basis", id="backup_set.newer"),
        Binding(
            "equals_sign",
            "changes",
            "changes",
            key_display="=",
            tooltip="compare this set with the one before or the marked one",
            id="backup_set.changes",
        ),
        Binding("m", "mark", "mark", tooltip="mark this set, to compare another one with it", id="backup_set.mark"),
        Binding("tab", "app.focus_next", "next block", tooltip="go to the next block", id="backup_set.next_block"),
    ]

    words: reactive[str] = reactive("", init=False)
    family: reactive[str | None] = reactive(None, init=False)

    def __init__(
        self,
        external_id: str,
        tenant_name: str,
        set_id: int | None = None,
        confirms: str | None = None,
        *,
        as_basis: bool = False,
        place: Place = FLEET,
    ) -> None:
        super().__init__()
        self._place = place
        if place.named_screen() == "backup_set":
            self.set_reactive(BackupSetScreen.words, place.filter or "")
        family = _FAMILY_FILTERS[1] if place.family == ANY_FAMILY else place.family
        self.set_reactive(BackupSetScreen.family, family)
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._set_id = set_id
        self._confirms = confirms
        self._copies: dict[Identity, SoughtCopy] = {}
        # Only a set that was opened as the basis can be superseded.
        self._opened_as_basis = as_basis or set_id is None

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        return cls(tenant, tenant, next(iter(place.set), None), place=place)

    def crumb(self) -> str:
        return "Backup set"

    def question(self) -> Question[BackupSetAnswer]:
        now, set_id = self.pilot.evaluation_instant(), self._set_id
        return lambda resolver: resolver.backup_set(self.external_id, set_id, now)

    def body(self) -> ComposeResult:
        yield Static(id="superseded", markup=False)
        yield ProofBlock("Recency", id="recency", confirms=self._confirms == "recency")
        yield ProofBlock("Degradation families", id="families", confirms=self._confirms == "families")
        with Horizontal(id="filter-line"):
            yield Static("Items /", id="filter-label", markup=False)
            yield FilterInput("name, type or identifier", self.words)
            yield Static(id="shown", markup=False)
        yield RowList(_COLUMNS, self._cells, _key, empty="no items", id="items")
        yield CursorDetail()

    # What is shown

    def watch_answer(self, answer: BackupSetAnswer) -> None:
        if self._set_id is None and answer.listed is not None:
            self._set_id = answer.listed.key.set_id
        self._show_recency(answer)
        self.query_one("#families", ProofBlock).show(family_lines(answer))
        self._list_items()
        self._say_superseded(answer)
        self.pilot.adopt(answer.health)

    def show_ages(self) -> None:
        super().show_ages()
        if self.answer is not None:
            self._show_recency(self.answer)
            self._tell()

    def _show_recency(self, answer: BackupSetAnswer) -> None:
        lines = recency_lines(answer, self.pilot.context.policy, self.now(), asked_for_the_basis=self._set_id is None)
        self.query_one("#recency", ProofBlock).show(lines)

    def watch_words(self) -> None:
        self._list_items(narrowed=True)

    watch_family = watch_words

    def first_focus(self) -> None:
        block = self._confirms or "items"
        self.query_one(f"#{block}").focus()
        if self._place.item is not None:
            self._walk_to(self._place.item)

    def _walk_to(self, wanted: ItemIdentity) -> None:
        """Go to the item that the start named, and on to its screen if that was named."""
        rows = self.query_one("#items", RowList)
        row = next((each for each in rows.rows if _identity(each) == wanted), None)
        if row is None:
            self.pilot.say(f"not opened: this list has no item {wanted}")
            return
        rows.move_to_key(_key(row))
        screen = self._place.named_screen()
        if screen != "backup_set":
            self._open_row(row)
        if screen == "last_good_copy" and isinstance(self.app.screen, FactsScreen):
            self.app.call_later(self.app.screen.run_action, "last_good")

    def _say_superseded(self, answer: BackupSetAnswer) -> None:
        superseded = self._opened_as_basis and (answer.listed is None or answer.listed.part is not PartInVerdict.BASIS)
        line = self.query_one("#superseded", Static)
        line.display = superseded
        line.update(Content(safe_text(f"! {self._what_superseded(answer)}")))
        self.refresh_bindings()

    def _what_superseded(self, answer: BackupSetAnswer) -> str:
        newer, unreadable = answer.health.basis, answer.health.unreadable
        if unreadable is not None:
            return f"There is no verdict now, and therefore no basis: {unreadable.message}"
        if newer is not None:
            return f"Superseded: this set is no longer the basis; press n for the new basis: {newer.name}."
        if self._set_id is None:
            return "There is no backup basis."
        return "Superseded: this set is no longer the basis; there is no basis now."

    def _list_items(self, *, narrowed: bool = False) -> None:
        answer = self.answer
        if answer is None:
            return
        self._copies = {(each.wanted.policy_type, each.wanted.policy_identifier): each for each in answer.copies}
        items = [item for item in answer.items if self._is_wanted(item)]
        gone = [each for each in answer.copies if not each.wanted.families and self._is_wanted_gone(each.wanted)]
        whole = next((place for place, item in enumerate(items) if _is_whole(item)), len(items))
        rows: list[BackupItem | SoughtCopy] = [*items[:whole], *gone, *items[whole:]]
        empty = "no item matches" if answer.items else "no items"
        self.query_one("#items", RowList).replace(rows, empty=empty, narrowed=narrowed)
        what = "" if len(items) == len(answer.items) else f"{len(items):,} of "
        lacking = f", {len(gone):,} gone" if gone else ""
        family = "" if self.family is None else f", only {FAMILY_WORDS.get(self.family, self.family)}"
        self.query_one("#shown", Static).update(Content(f"{what}{len(answer.items):,}{lacking}{family}"))
        self._tell()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the item under the cursor in full: the columns cut its name and its type."""
        row: BackupItem | SoughtCopy | None = self.query_one("#items", RowList).current
        self.query_one(CursorDetail).show([] if row is None else self._sentences(row))

    def _sentences(self, row: BackupItem | SoughtCopy) -> list[str]:
        item = row.wanted if isinstance(row, SoughtCopy) else row
        sought = row if isinstance(row, SoughtCopy) else self._copies.get(_identity(row))
        because = _GONE if isinstance(row, SoughtCopy) else _because(row)
        whole = "" if sought is None else last_whole(sought, self.now())
        reasons = "; ".join(filter(None, (because, whole))) or "in no degradation family"
        return [f"{name_in_words(item.display_name)}, {name_in_words(item.policy_type)}: {reasons}"]

    def _is_wanted(self, item: BackupItem) -> bool:
        if self.family is not None and item.unreadable is None:
            families = BackupQualityResolver.families_of(item)
            if not families or (self.family in FAMILY_WORDS and self.family not in families):
                return False
        return self._has_the_words(item)

    def _is_wanted_gone(self, wanted: WantedCopy) -> bool:
        """Whether the filters show an item that the basis lacks. Such an item is in no family."""
        return self.family is None and self._has_the_words(wanted)

    def _has_the_words(self, item: BackupItem | WantedCopy) -> bool:
        searched = f"{item.display_name} {item.policy_type} {item.policy_identifier}".casefold()
        return all(word in searched for word in self.words.casefold().split())

    def _cells(self, row: BackupItem | SoughtCopy) -> Sequence[Cell]:
        if isinstance(row, SoughtCopy):
            return _gone_cells(row, self.now())
        sought = self._copies.get((row.policy_type, row.policy_identifier))
        return _item_cells(row, "" if sought is None else where_last_whole(sought, self.now()))

    # Keys

    @on(RowList.Chosen)
    def _open_item(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self._open_row(message.row)

    def _open_row(self, row: BackupItem | SoughtCopy) -> None:
        answer = self.answer
        if answer is None or answer.listed is None:
            return
        if isinstance(row, BackupItem):
            sought = self._copies.get((row.policy_type, row.policy_identifier))
            listed = answer.listed
            self.pilot.open_screen("captured_item", self.external_id, listed, row, sought)
        elif row.last_good is not None:
            self.pilot.open_screen("last_good_copy", self.external_id, answer.listed, row)
        else:
            self.pilot.say(last_whole(row, self.now()))

    @on(Input.Changed, "#filter")
    def _filter_typed(self, message: Input.Changed) -> None:
        self.words = message.value

    def action_family(self) -> None:
        place = _FAMILY_FILTERS.index(self.family)
        self.family = _FAMILY_FILTERS[(place + 1) % len(_FAMILY_FILTERS)]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "open_newer":
            return super().check_action(action, parameters)
        newer = None if self.answer is None else self.answer.health.basis
        return newer is not None and newer.id != self._set_id

    def action_open_newer(self) -> None:
        newer = self.facts.health.basis
        if newer is not None:
            self._set_id = newer.id
            self.load()

    def action_changes(self) -> None:
        if self.answer is not None and self.answer.listed is not None:
            self.pilot.open_changes(self.external_id, self.tenant_name, self.answer.listed.key)

    def action_mark(self) -> None:
        if self.answer is not None and (listed := self.answer.listed) is not None:
            self.pilot.mark_set(self.external_id, listed.key, listed.name)

    def evidence(self) -> list[dict[str, Any]]:
        return [
            gone_entry(row) if isinstance(row, SoughtCopy) else item_entry(row, self._copies.get(_identity(row)))
            for row in self.query_one("#items", RowList).rows
        ]

    def about(self) -> dict[str, Any]:
        listed = self.facts.listed
        narrowed = {"filter": self.words, "family": self.place().family}
        given = {name: value for name, value in narrowed.items() if value}
        return {
            "set": {"id": self._set_id} if listed is None else set_entry(listed),
            **({"narrowed_by": given} if given else {}),
        }

    def part_exported(self) -> str:
        listed = sum(isinstance(row, BackupItem) for row in self.query_one("#items", RowList).rows)
        return part_in_words(listed, len(self.facts.items), "item")

    def name_under_cursor(self) -> str | None:
        """The item's identifier; on a block the set's name, and what its source calls it."""
        if isinstance(self.focused, ProofBlock):
            listed = self.facts.listed
            source_ref = None if listed is None or listed.backup_set is None else listed.backup_set.source_ref
            return None if listed is None else " ".join(filter(None, (listed.name, source_ref)))
        row: BackupItem | SoughtCopy | None = self.query_one("#items", RowList).current
        item = row.wanted if isinstance(row, SoughtCopy) else row
        return None if item is None else item.policy_identifier

    def place(self) -> Place:
        row: BackupItem | SoughtCopy | None = self.query_one("#items", RowList).current
        return Place(
            self.external_id,
            "backup_set",
            set=() if self._set_id is None else (self._set_id,),
            filter=self.words or None,
            family=ANY_FAMILY if self.family == _FAMILY_FILTERS[1] else self.family,
            item=None if row is None else ItemIdentity(*_identity(row)),
        )


def _key(row: BackupItem | SoughtCopy) -> Hashable:
    return (row.wanted.policy_type, row.wanted.policy_identifier) if isinstance(row, SoughtCopy) else row.id


def _identity(row: BackupItem | SoughtCopy) -> Identity:
    item = row.wanted if isinstance(row, SoughtCopy) else row
    return item.policy_type, item.policy_identifier


def _is_whole(item: BackupItem) -> bool:
    return item.unreadable is None and not BackupQualityResolver.families_of(item)


def _because(item: BackupItem) -> str:
    """Why an item is degraded; empty if it is not."""
    if item.unreadable is not None:
        return f"? unreadable: {item.unreadable.message}"
    families = BackupQualityResolver.families_of(item)
    return f"◆ {', '.join(FAMILY_WORDS[name] for name in families)}" if families else ""


def _item_cells(item: BackupItem, copy: str) -> Sequence[Cell]:
    style = "degraded" if BackupQualityResolver.families_of(item) else "text"
    style = style if item.unreadable is None else "unreadable"
    return (
        name_cell(item.policy_type, style),
        name_cell(item.display_name, style),
        Cell(safe_text(item.platform or "-"), style),
        Cell(safe_text(_because(item)), style),
        Cell(safe_text(copy), style),
    )


def _gone_cells(sought: SoughtCopy, now: datetime) -> Sequence[Cell]:
    wanted, style = sought.wanted, "degraded"
    return (
        name_cell(wanted.policy_type, style),
        name_cell(wanted.display_name, style),
        Cell("-", style),
        Cell(_GONE, style),
        Cell(safe_text(where_last_whole(sought, now)), style),
    )
