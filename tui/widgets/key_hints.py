"""The last line of every screen: the keys that work here, as many as fit, the others behind `?`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

DISPLAYED_KEYS = {"slash": "/", "question_mark": "?", "enter": "⏎", "escape": "esc", "ctrl+p": "^p", "upper_y": "Y"}


def key_words(binding: Binding) -> str:
    """A binding's key as people know it."""
    return binding.key_display or DISPLAYED_KEYS.get(binding.key, binding.key)


def bindings_of(screen: Screen[Any]) -> list[Binding]:
    """The bindings that work on a screen now, each once, those of the focused widget first."""
    found: dict[tuple[str, str], Binding] = {}
    for _, binding, enabled, _ in screen.active_bindings.values():
        if enabled and binding.id is not None:
            found.setdefault((binding.id, binding.action), binding)
    return list(found.values())


class KeyHints(Static):
    """One line, written anew when the focus or the bindings change."""

    DEFAULT_CSS = """
    KeyHints { dock: bottom; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._write())
        self._write()

    def on_resize(self) -> None:
        self._write()

    def _write(self) -> None:
        hints = [(key_words(each), each.description) for each in bindings_of(self.screen) if each.show]
        self.update(Content("  ").join(_hints_that_fit(hints, self.size.width - 2)), layout=False)


def _hints_that_fit(hints: Iterable[tuple[str, str]], width: int) -> list[Content]:
    shown: list[Content] = []
    for key, description in hints:
        hint = Content.assemble((key, "bold $primary"), " ", description)
        width -= hint.cell_length + 2
        if width < 0 and shown:
            break
        shown.append(hint)
    return shown
