"""One backup item: why it is degraded, and the JSON that was captured (docs/screens.md, "Captured item")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.app import ComposeResult

from health.answers import CapturedJson
from health.facts import BackupItem
from tui.reader import Question
from tui.screens.facts_screen import FactsScreen
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.line import Line
from tui.words.safe_text import safe_text
from tui.words.wording import item_degradations

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_MOST_LINES: Final = 20_000


class JsonLines(NamedTuple):
    """Numbered lines of captured JSON, read at `now`."""

    lines: tuple[tuple[int, str], ...]
    now: datetime


class CapturedItemScreen(FactsScreen[JsonLines]):
    """`answer` is the captured JSON, in lines."""

    def __init__(self, external_id: str, set_id: int, item: BackupItem) -> None:
        super().__init__()
        self._external_id = external_id
        self._set_id = set_id
        self._item = item

    def crumb(self) -> str:
        return self._item.display_name

    def question(self) -> Question[JsonLines]:
        now = self.pilot.evaluation_instant()

        def ask(resolver: TenantBackupHealthResolver) -> JsonLines:
            captured = resolver.captured(self._external_id, self._set_id, self._item.id, now)
            return JsonLines(tuple(_json_lines(captured)), now)

        return ask

    def body(self) -> ComposeResult:
        yield ProofBlock("Item", id="item", confirms=False)
        yield RowList([Column("CAPTURED JSON", 20, share=1)], _line_cells, lambda line: line[0], opens=False, id="json")

    def watch_answer(self, answer: JsonLines) -> None:
        item = self._item
        degradations = [Line(f"◆ {words}", "degraded") for words in item_degradations(item)]
        if item.unreadable is not None:
            degradations = [Line(f"? unreadable: {item.unreadable.message}", "unreadable"), *degradations]
        elif not degradations:
            degradations = [Line("in no degradation family")]
        self.query_one("#item", ProofBlock).show(
            [
                Line(f"{item.display_name}, {item.platform or 'no platform recorded'}"),
                Line(f"{item.policy_type} / {item.policy_identifier}", "quiet"),
                *degradations,
            ]
        )
        self.query_one("#json", RowList).replace(answer.lines, empty="no JSON was captured")

    def name_under_cursor(self) -> str | None:
        return self._item.policy_identifier

    def start_arguments(self) -> list[str]:
        # The command line cannot name an item: the nearest place is its set.
        return ["--tenant", self._external_id, "--screen", "backup_set"]


def _json_lines(captured: CapturedJson) -> Iterator[tuple[int, str]]:
    """Payload and assignments, indented; text that is not JSON is shown as it is."""
    lines: list[str] = []
    for title, text in (("payload", captured.payload), ("assignments", captured.assignments)):
        if text is not None:
            lines.append(f"{title}:")
            lines.extend(f"  {line}" for line in _indented(text).split("\n"))
    cut = len(lines) - _MOST_LINES
    yield from enumerate(lines[:_MOST_LINES])
    if cut > 0:
        yield _MOST_LINES, f"... {cut:,} more lines"


def _indented(text: str) -> str:
    try:
        # ASCII, so that no character of the captured text acts on the terminal.
        return json.dumps(json.loads(text), indent=2)
    except (ValueError, RecursionError):
        return text


def _line_cells(line: tuple[int, str]) -> Sequence[Cell]:
    # Indentation is ours; what follows it came from outside.
    words = line[1].lstrip(" ")
    return (Cell(" " * (len(line[1]) - len(words)) + safe_text(words)),)
