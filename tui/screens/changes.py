"""What changed from one backup set of a tenant to another, item by item (docs/screens.md, "Changes")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from textual import on
from textual.app import ComposeResult

from health.answers import ChangesAnswer
from health.changes import Change, Identity, ItemChange
from health.quality import BackupQualityResolver
from tui.place import FLEET, ItemIdentity, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList, name_cell
from tui.words.change_words import (
    ItemOfSet,
    change_in_words,
    set_in_words,
    totals_in_words,
    why_nothing_is_compared,
)
from tui.words.evidence import item_entry, stored_set_entry
from tui.words.line import Line
from tui.words.names import name_in_words
from tui.words.wording import FAMILY_WORDS

_COLUMNS: Final = (
    Column("CHANGE", 14),
    Column("IN", 20, from_width=72),
    Column("TYPE", 12, share=1),
    Column("NAME", 16, share=2),
    Column("DEGRADED BECAUSE", 20, share=1, from_width=100),
)
_ORDER: Final = {change: place for place, change in enumerate(Change)}


class ChangesScreen(FactsScreen[ChangesAnswer]):
    """`answer` is a ChangesAnswer. By default it compares the basis's reference set with the current basis."""

    DEFAULT_CSS = """
    ChangesScreen CursorDetail { height: 3; }
    """

    def __init__(
        self,
        external_id: str,
        tenant_name: str,
        before: int | None = None,
        after: int | None = None,
        *,
        place: Place = FLEET,
    ) -> None:
        """`place` is where the screens open, if they open here or on the changes of its item."""
        super().__init__()
        self.external_id = external_id
        self.tenant_name = tenant_name
        self._before = before
        self._after = after
        self._place = place

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        before, after = (None, None, *place.set)[-2:]
        return cls(tenant, tenant, before, after, place=place)

    def crumb(self) -> str:
        return "Changes"

    def question(self) -> Question[ChangesAnswer]:
        now = self.pilot.evaluation_instant()
        return lambda resolver: resolver.changes(self.external_id, now, self._before, self._after)

    def body(self) -> ComposeResult:
        yield ProofBlock("Changes", id="compared", confirms=False)
        yield RowList(_COLUMNS, _cells, _identity, id="changes")
        yield CursorDetail()

    def watch_answer(self, answer: ChangesAnswer) -> None:
        self.query_one("#compared", ProofBlock).show(self._compared_lines(answer))
        found = () if answer.changes is None else answer.changes.items
        empty = "nothing is compared" if answer.changes is None else "every item is unchanged"
        self.query_one("#changes", RowList).replace(sorted(found, key=_degraded_first), empty=empty)
        self._tell()
        self.pilot.adopt(answer.health)

    def _compared_lines(self, answer: ChangesAnswer) -> list[Line]:
        if answer.before is None or answer.after is None or answer.changes is None:
            otherwise = "mark one with m in the list of sets, and press = on this one"
            return [Line(why_nothing_is_compared(answer, self._before, self._after, otherwise), "stale")]
        return [
            Line(f"From {set_in_words(answer.before)}"),
            Line(f"to {set_in_words(answer.after)}"),
            Line(totals_in_words(answer.changes)),
        ]

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the item under the cursor in full: two names may have the same beginning."""
        change: ItemChange | None = self.query_one("#changes", RowList).current
        self.query_one(CursorDetail).show([] if change is None else _sentences(change))

    def first_focus(self) -> None:
        super().first_focus()
        rows, wanted = self.query_one("#changes", RowList), self._place.item
        if wanted is None:
            return
        if not rows.move_to_key(wanted) or rows.current is None:
            self.pilot.say(f"not opened: {wanted} is the same in both sets, or in neither")
        elif self._place.named_screen() == "item_changes":
            self._open(rows.current, meaningful=self._place.meaningful)

    @on(RowList.Chosen)
    def _open_item(self, message: RowList.Chosen) -> None:
        if self.is_active:
            self._open(message.row)

    def _open(self, change: ItemChange, *, meaningful: bool = False) -> None:
        answer = self.answer
        if answer is None or answer.before is None or answer.after is None:
            return
        compared = answer.before.backup_set, answer.after.backup_set
        before, after = (
            None if each is None else ItemOfSet(side.backup_set.id, side.backup_set.name, each.item.id)
            for side, each in ((answer.before, change.before), (answer.after, change.after))
        )
        self.pilot.open_screen(
            "item_changes", self.external_id, compared, _identity(change), change.item.display_name, before, after,
            meaningful=meaningful,
        )  # fmt: skip

    def evidence(self) -> list[dict[str, Any]]:
        changes: Sequence[ItemChange] = self.query_one("#changes", RowList).rows
        return [
            {"change": each.change.value, "aspects": [aspect.value for aspect in each.aspects]} | item_entry(each.item)
            for each in changes
        ]

    def about(self) -> dict[str, Any]:
        sides = (("from", self.facts.before), ("to", self.facts.after))
        sets = {name: None if side is None else stored_set_entry(side.backup_set) for name, side in sides}
        changes = self.facts.changes
        return sets | ({} if changes is None else {"totals": changes.totals._asdict()})

    def name_under_cursor(self) -> str | None:
        change: ItemChange | None = self.query_one("#changes", RowList).current
        return None if change is None else change.item.policy_identifier

    def place(self) -> Place:
        answer = self.answer
        found = (None, None) if answer is None else (answer.before, answer.after)
        ids = [
            named if side is None else side.backup_set.id
            for side, named in zip(found, (self._before, self._after), strict=True)
        ]
        change: ItemChange | None = self.query_one("#changes", RowList).current
        return Place(
            self.external_id,
            "changes",
            set=tuple(each for each in ids if each is not None),
            item=None if change is None else ItemIdentity(*_identity(change)),
        )


def _identity(change: ItemChange) -> Identity:
    return change.item.policy_type, change.item.policy_identifier


def _degraded_first(change: ItemChange) -> tuple[int, bool]:
    return _ORDER[change.change], not BackupQualityResolver.families_of(change.item)


def _because(change: ItemChange) -> str:
    families = BackupQualityResolver.families_of(change.item)
    return f"◆ {', '.join(FAMILY_WORDS[name] for name in families)}" if families else ""


def _cells(change: ItemChange) -> Sequence[Cell]:
    because = _because(change)
    style = "degraded" if because else "text"
    return (
        Cell(change_in_words(change.change), style),
        Cell(", ".join(change.aspects) or "-", style),
        name_cell(change.item.policy_type, style),
        name_cell(change.item.display_name, style),
        Cell(because, style),
    )


def _sentences(change: ItemChange) -> list[str]:
    item, because = change.item, _because(change)
    words = f"{change_in_words(change.change)}{': ' if change.aspects else ''}{', '.join(change.aspects)}"
    if change.change is Change.NOT_COMPARABLE:
        words += ": the content was not kept on both sides"
    return [
        "; ".join(filter(None, (words, because))),
        f"{name_in_words(item.display_name)}, {' / '.join(map(name_in_words, _identity(change)))}",
    ]
