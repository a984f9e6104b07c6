"""One backup item: why it is degraded, and the JSON that was captured (docs/screens.md, "Captured item")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from health.answers import ListedSet
from health.changes import LastGoodCopy, SoughtCopy
from health.facts import BackupItem
from tui.place import ItemIdentity, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.json_lines import JsonLines, json_lines, line_cells
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Column, RowList
from tui.words.change_words import ItemOfSet
from tui.words.copy_words import last_whole
from tui.words.evidence import captured_json, item_entry, set_entry
from tui.words.line import Line
from tui.words.names import name_in_words
from tui.words.wording import item_degradations

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver


class CapturedItemScreen(FactsScreen[JsonLines]):
    """`answer` is the captured JSON, in lines; `listed` is the item's set.

    `sought` is its last good copy, if it was looked for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "last_good", "last whole copy", key_display="⏎", id="captured_item.last_good"),
        Binding("equals_sign", "changes", "compare with it", key_display="=", id="captured_item.changes"),
    ]

    def __init__(self, external_id: str, listed: ListedSet, item: BackupItem, sought: SoughtCopy | None = None) -> None:
        super().__init__()
        self.external_id = external_id
        self._listed = listed
        self._set_id = listed.key.set_id
        self._item = item
        self._sought = sought

    def crumb(self) -> str:
        return self._item.display_name

    def question(self) -> Question[JsonLines]:
        now = self.pilot.evaluation_instant()

        def ask(resolver: TenantBackupHealthResolver) -> JsonLines:
            captured = resolver.captured(self.external_id, self._set_id, self._item.id, now)
            return JsonLines(tuple(json_lines(captured)), now, captured)

        return ask

    def body(self) -> ComposeResult:
        yield ProofBlock("Item", id="item", confirms=False)
        yield RowList([Column("CAPTURED JSON", 20, share=1)], line_cells, lambda line: line[0], opens=False, id="json")

    def watch_answer(self, answer: JsonLines) -> None:
        self._show_item()
        self.query_one("#json", RowList).replace(answer.lines, empty="no JSON was captured")

    def show_ages(self) -> None:
        super().show_ages()
        self._show_item()

    def _show_item(self) -> None:
        item = self._item
        degradations = [Line(f"◆ {words}", "degraded") for words in item_degradations(item)]
        if item.unreadable is not None:
            degradations = [Line(f"? unreadable: {item.unreadable.message}", "unreadable"), *degradations]
        elif not degradations:
            degradations = [Line("in no degradation family")]
        self.query_one("#item", ProofBlock).show(
            [
                Line(f"{name_in_words(item.display_name)}, {item.platform or 'no platform recorded'}"),
                Line(f"{name_in_words(item.policy_type)} / {name_in_words(item.policy_identifier)}", "quiet"),
                *degradations,
                *([] if self._sought is None else [Line(last_whole(self._sought, self.now()), "degraded")]),
            ]
        )

    # Keys

    @property
    def _copy(self) -> LastGoodCopy | None:
        return None if self._sought is None else self._sought.last_good

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("last_good", "changes"):
            return self._copy is not None
        return super().check_action(action, parameters)

    def action_last_good(self) -> None:
        if self._sought is not None:
            self.pilot.open_screen("last_good_copy", self.external_id, self._listed, self._sought)

    def action_changes(self) -> None:
        if self._copy is not None:
            identity = self._item.policy_type, self._item.policy_identifier
            before = ItemOfSet(self._copy.backup_set, self._copy.name, self._copy.item)
            after = ItemOfSet(self._set_id, self._listed.name, self._item.id)
            stored = self._listed.backup_set
            compared = self._copy, stored
            self.pilot.open_screen(
                "item_changes", self.external_id, compared, identity, self._item.display_name, before, after
            )

    def evidence(self) -> list[dict[str, Any]]:
        captured = self.facts.captured
        return [
            item_entry(self._item, self._sought)
            | {"payload": captured_json(captured.payload), "assignments": captured_json(captured.assignments)}
        ]

    def about(self) -> dict[str, Any]:
        return {"set": set_entry(self._listed)}

    def name_under_cursor(self) -> str | None:
        return self._item.policy_identifier

    def place(self) -> Place:
        item = ItemIdentity(self._item.policy_type, self._item.policy_identifier)
        return Place(self.external_id, "captured_item", set=(self._set_id,), item=item)
