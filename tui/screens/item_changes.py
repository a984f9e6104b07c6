"""The contents of one item in two sets: only what differs, with its surroundings (docs/screens.md, "Changes")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from health.answers import CapturedInSet
from health.changes import Identity, LastGoodCopy
from health.contents import Line as ContentLine
from health.contents import LineKind, differences, indented
from health.facts import BackupItem, BackupSet
from tui.place import ItemIdentity, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.cursor_detail import CursorDetail
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.change_words import ItemOfSet
from tui.words.evidence import item_entry, stored_set_entry
from tui.words.line import Line
from tui.words.safe_text import safe_text
from tui.words.wording import counted, item_degradations

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_SIDE_BY_SIDE: Final = 120
"""From this width up, in columns, the two contents are side by side."""
_BESIDE: Final = (Column("", 1), Column("BEFORE", 30, share=1), Column("AFTER", 30, share=1))
_BELOW: Final = (Column("", 1), Column("- BEFORE, + AFTER", 30, share=1))
_MOST_LINES: Final = 20_000
_MARKS: Final = {LineKind.CHANGED: "~", LineKind.GONE: "-", LineKind.ADDED: "+", LineKind.REORDERED: "~"}


class DiffRow(NamedTuple):
    """One row of the list: its number, what it is, and its text on either side; None where that side has no such line.

    `kind` is None for a heading or a note, which stands in `before`.
    """

    number: int
    kind: LineKind | None
    before: str | None
    after: str | None = None


class ContentRows(NamedTuple):
    """The item on either side, and the rows of its two contents, read at `now`.

    `whole` has the fields that change without meaning too.
    """

    items: tuple[BackupItem | None, BackupItem | None]
    whole: tuple[DiffRow, ...]
    with_meaning: tuple[DiffRow, ...]
    now: datetime


class ItemChangesScreen(FactsScreen[ContentRows]):
    """`answer` has the rows. `compared` are the two sets; None for one that cannot be read.

    `before` or `after` is None for an item that only one of the sets has.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "difference(1)", "next difference", id="item_changes.next"),
        Binding("N", "difference(-1)", "previous", id="item_changes.previous"),
        Binding("v", "meaning", "fields without meaning", id="item_changes.meaning"),
    ]

    with_meaning_only: reactive[bool] = reactive(False, init=False)
    """Whether fields that change without meaning are left out."""

    def __init__(
        self,
        external_id: str,
        compared: tuple[BackupSet | LastGoodCopy | None, BackupSet | None],
        identity: Identity,
        name: str,
        before: ItemOfSet | None,
        after: ItemOfSet | None,
        *,
        meaningful: bool = False,
    ) -> None:
        super().__init__()
        self.set_reactive(ItemChangesScreen.with_meaning_only, meaningful)
        self.external_id = external_id
        self._identity = identity
        self._called = name
        self._sides = before, after
        self._compared = compared
        self._side_by_side = False

    def crumb(self) -> str:
        return self._called

    def question(self) -> Question[ContentRows]:
        now = self.pilot.evaluation_instant()
        wanted = [None if each is None else (each.set_id, each.item_id) for each in self._sides]

        def ask(resolver: TenantBackupHealthResolver) -> ContentRows:
            # Compared here, in the reader thread: two large contents take longer than a frame.
            before, after = resolver.captured_in_sets(self.external_id, wanted, now)
            whole, with_meaning = (_rows(before, after, with_meaningless=each) for each in (True, False))
            return ContentRows((before.item, after.item), whole, with_meaning, now)

        return ask

    def body(self) -> ComposeResult:
        yield ProofBlock("Item", id="item", confirms=False)
        yield RowList(_BELOW, self._cells, lambda row: row.number, empty="nothing differs", opens=False, id="contents")
        yield CursorDetail()

    def watch_answer(self) -> None:
        self._list_again()

    def watch_with_meaning_only(self) -> None:
        self._list_again()

    def on_resize(self, event: events.Resize) -> None:
        self._side_by_side = event.size.width >= _SIDE_BY_SIDE
        self.query_one("#contents", RowList).show_columns(_BESIDE if self._side_by_side else _BELOW)
        self._list_again()

    def _list_again(self) -> None:
        answer = self.answer
        if answer is None:
            return
        self.query_one("#item", ProofBlock).show(self._item_lines(answer))
        rows = answer.with_meaning if self.with_meaning_only else answer.whole
        self.query_one("#contents", RowList).replace(rows if self._side_by_side else tuple(_one_below_other(rows)))
        self._tell()

    def _item_lines(self, answer: ContentRows) -> list[Line]:
        lines = [Line(f"{self._called}, {' / '.join(self._identity)}")]
        for words, side, item in zip(("before", "after"), self._sides, answer.items, strict=True):
            if side is None or item is None:
                lines.append(Line(f"{words}: not in the set"))
                continue
            degraded = "; ".join(item_degradations(item))
            where = f"{words}: {side.set_name} ({side.set_id}), assignments {_assignments_in_words(item)}"
            lines.append(Line(f"{where}, ◆ {degraded}", "degraded") if degraded else Line(where))
        return lines

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Show the lines under the cursor in full: a value may be longer than its column."""
        row: DiffRow | None = self.query_one("#contents", RowList).current
        sides = () if row is None else dict.fromkeys(side.strip() for side in (row.before, row.after) if side)
        self.query_one(CursorDetail).show(list(sides))

    def _cells(self, row: DiffRow) -> Sequence[Cell]:
        style = "quiet" if row.kind in (None, LineKind.SAME) else "text"
        mark = Cell(_MARKS.get(row.kind, "") if row.kind else "", style)
        if self._side_by_side:
            return mark, Cell(_indented(row.before), style), Cell(_indented(row.after), style)
        return mark, Cell(_indented(row.after if row.before is None else row.before), style)

    # Keys

    def action_difference(self, by: int) -> None:
        """Go to the first line of the next difference, or of the one before."""
        rows = self.query_one("#contents", RowList)
        starts = [row.number for row, last in zip(rows.rows, (None, *rows.rows), strict=False) if _begins(row, last)]
        here = -1 if rows.current is None else rows.current.number
        there = [each for each in starts if (each - here) * by > 0]
        if there:
            rows.move_to_key(there[0] if by > 0 else there[-1])
        else:
            self.pilot.say("the last difference" if by > 0 else "the first difference")

    def action_meaning(self) -> None:
        self.with_meaning_only = not self.with_meaning_only

    def name_under_cursor(self) -> str | None:
        return self._identity[1]

    def place(self) -> Place:
        stored = [each for each in self._compared if each is not None]
        ids = tuple(each.backup_set if isinstance(each, LastGoodCopy) else each.id for each in stored)
        item = ItemIdentity(*self._identity)
        return Place(self.external_id, "item_changes", set=ids, item=item, meaningful=self.with_meaning_only)

    def evidence(self) -> list[dict[str, Any]]:
        rows: Sequence[DiffRow] = self.facts.whole
        return [
            {"kind": "note" if row.kind is None else row.kind.value, "before": row.before, "after": row.after}
            for row in rows
        ]

    def about(self) -> dict[str, Any]:
        sides = tuple(zip(("from", "to"), self._compared, self.facts.items, strict=True))
        sets = {name: None if stored is None else stored_set_entry(stored) for name, stored, _ in sides}
        items = {f"item_{name}": None if item is None else item_entry(item) for name, _, item in sides}
        identity = {"policy_type": self._identity[0], "policy_identifier": self._identity[1]}
        return sets | {"item": {**identity, "display_name": self._called}} | items


def _assignments_in_words(item: BackupItem) -> str:
    return "not recorded" if item.assignments_state is None else item.assignments_state or "(empty)"


def _rows(before: CapturedInSet, after: CapturedInSet, *, with_meaningless: bool) -> tuple[DiffRow, ...]:
    lines: list[_Line] = []
    for title, name in (("content", "payload"), ("assignments", "assignments")):
        lines += _content_rows(title, before, after, with_meaningless=with_meaningless, name=name)
    cut = len(lines) - _MOST_LINES
    if cut > 0:
        lines = [*lines[:_MOST_LINES], (None, f"... {cut:,} more lines", None)]
    # Even numbers: if the sides stand above one another, the second line of a pair gets the odd number.
    return tuple(DiffRow(2 * number, *line) for number, line in enumerate(lines))


_Line = tuple[LineKind | None, str | None, str | None]


def _content_rows(
    title: str, before: CapturedInSet, after: CapturedInSet, *, with_meaningless: bool, name: str
) -> Iterator[_Line]:
    one, other = (getattr(side.captured, name) for side in (before, after))
    if before.item is None or after.item is None:
        yield None, f"{title}, only {'before' if after.item is None else 'after'}:", None
        yield from _alone(one or other, LineKind.GONE if after.item is None else LineKind.ADDED)
        return
    if one is None or other is None:
        yield None, f"{title}: {_why_not_compared(before.item, after.item, one, other, name)}", None
        if name == "assignments" and one != other:
            # Assignments are short and always of interest, so those of one side alone are shown too.
            yield from _alone(one or other, LineKind.GONE if other is None else LineKind.ADDED)
        return
    found = differences(one, other, with_meaningless=with_meaningless)
    left_out = f" ({counted(found.left_out, 'field')} without meaning left out)" if found.left_out else ""
    if not found.parts:
        same = "nothing else differs" if left_out else "the same on both sides"
        yield None, f"{title}: {same}{left_out}", None
        return
    yield None, f"{title}: {counted(len(found.parts), 'place')} with differences{left_out}", None
    for part in found.parts:
        yield None, f"at {' / '.join(part.path) or 'the whole'}", None
        yield from (_of_line(line) for line in part.lines)


def _why_not_compared(before: BackupItem, after: BackupItem, one: str | None, other: str | None, name: str) -> str:
    """Why the contents are not compared. It never says "unchanged" for content that was not kept, unless digests do."""
    if name == "assignments":
        if one is None and other is None:
            return "none were captured on either side"
        return f"captured only {'before' if other is None else 'after'}"
    digests = before.payload_digest, after.payload_digest
    where = "on either side" if one is None and other is None else "before" if one is None else "after"
    if None not in digests:
        verdict = "the digests are equal" if digests[0] == digests[1] else "it changed, the digests differ"
        return f"{verdict}; the content is not kept {where}"
    return f"not comparable: it was not kept {where}"


def _alone(content: str | None, kind: LineKind) -> Iterator[_Line]:
    if content is None:
        yield None, "not kept", None
        return
    for line in indented(content).split("\n"):
        yield (kind, line, None) if kind is LineKind.GONE else (kind, None, line)


def _of_line(line: ContentLine) -> _Line:
    indent = "  " * line.depth
    order = " (in another order)" if line.kind is LineKind.REORDERED else ""
    before, after = (None if side is None else f"{indent}{side}{order}" for side in (line.before, line.after))
    return line.kind, before, after


def _one_below_other(rows: Sequence[DiffRow]) -> Iterator[DiffRow]:
    for row in rows:
        if row.kind is LineKind.CHANGED and row.before is not None and row.after is not None:
            yield DiffRow(row.number, LineKind.GONE, row.before)
            yield DiffRow(row.number + 1, LineKind.ADDED, None, row.after)
        elif row.kind is LineKind.CHANGED:
            yield row._replace(kind=LineKind.GONE if row.after is None else LineKind.ADDED)
        else:
            yield row


def _begins(row: DiffRow, last: DiffRow | None) -> bool:
    """Whether a difference begins with this row."""
    return _differs(row) and (last is None or not _differs(last))


def _differs(row: DiffRow) -> bool:
    return row.kind not in (None, LineKind.SAME)


def _indented(text: str | None) -> str:
    """Make a line's text safe. The indentation is ours; the rest came from outside."""
    words = (text or "").lstrip(" ")
    return " " * (len(text or "") - len(words)) + safe_text(words)
