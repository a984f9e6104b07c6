"""The newest earlier copy of an item that is whole, in the set that has it (docs/screens.md, "Last good copy")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from health.answers import ListedSet
from health.changes import LastGoodCopy, SoughtCopy
from tui.place import ItemIdentity, Place
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.json_lines import JsonLines, json_lines, line_cells
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Column, RowList
from tui.words.copy_words import last_whole, what_it_is_now
from tui.words.evidence import captured_json, copy_entry, set_entry
from tui.words.line import Line
from tui.words.names import name_in_words

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver


class LastGoodCopyScreen(FactsScreen[JsonLines]):
    """`answer` is the copy's captured JSON, in lines; `listed` is the set that lacks it, or has it degraded.

    All words have the colour of the degraded item."""

    def __init__(self, external_id: str, listed: ListedSet, sought: SoughtCopy) -> None:
        super().__init__()
        self.external_id = external_id
        self._listed = listed
        self._sought = sought

    @property
    def _copy(self) -> LastGoodCopy:
        assert self._sought.last_good is not None
        return self._sought.last_good

    def crumb(self) -> str:
        return "Last good copy"

    def question(self) -> Question[JsonLines]:
        now, copy = self.pilot.evaluation_instant(), self._copy

        def ask(resolver: TenantBackupHealthResolver) -> JsonLines:
            captured = resolver.captured(self.external_id, copy.backup_set, copy.item, now)
            return JsonLines(tuple(json_lines(captured)), now, captured)

        return ask

    def body(self) -> ComposeResult:
        yield ProofBlock("Last good copy", id="item", confirms=False)
        yield RowList([Column("CAPTURED JSON", 20, share=1)], line_cells, lambda line: line[0], opens=False, id="json")

    def watch_answer(self, answer: JsonLines) -> None:
        self._show_copy()
        self.query_one("#json", RowList).replace(answer.lines, empty="its content was not kept")

    def show_ages(self) -> None:
        super().show_ages()
        self._show_copy()

    def _show_copy(self) -> None:
        wanted, copy = self._sought.wanted, self._copy
        self.query_one("#item", ProofBlock).show(
            [
                Line(name_in_words(wanted.display_name)),
                Line(f"{name_in_words(wanted.policy_type)} / {name_in_words(wanted.policy_identifier)}", "quiet"),
                Line(f"{last_whole(self._sought, self.now())} (set {copy.backup_set})", "degraded"),
                Line(f"completed at {copy.completed_at:%Y-%m-%d %H:%M:%S} UTC"),
                Line(what_it_is_now(self._sought), "degraded"),
            ]
        )

    def evidence(self) -> list[dict[str, Any]]:
        captured, wanted = self.facts.captured, self._sought.wanted
        return [
            {
                "policy_type": wanted.policy_type,
                "policy_identifier": wanted.policy_identifier,
                "display_name": wanted.display_name,
                "families_now": list(wanted.families) or ["gone"],
                "last_good": copy_entry(self._copy),
                "payload": captured_json(captured.payload),
                "assignments": captured_json(captured.assignments),
            }
        ]

    def about(self) -> dict[str, Any]:
        return {"set": set_entry(self._listed), "says": what_it_is_now(self._sought)}

    def name_under_cursor(self) -> str | None:
        return self._sought.wanted.policy_identifier

    def place(self) -> Place:
        wanted = self._sought.wanted
        item = ItemIdentity(wanted.policy_type, wanted.policy_identifier)
        return Place(self.external_id, "last_good_copy", set=(self._listed.key.set_id,), item=item)
