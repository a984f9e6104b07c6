"""The last line of every screen: the keys that work here, as many as fit; `?` lists all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

_KEYS_AS_KNOWN: Final = {
    "slash": "/",
    "question_mark": "?",
    "enter": "⏎",
    "escape": "esc",
    "ctrl+p": "^p",
    "upper_y": "Y",
    "upper_g": "G",
    "down": "↓",
    "up": "↑",
    "pagedown": "page down",
    "pageup": "page up",
}
_HELP: Final = "?"


class KeyUse(NamedTuple):
    """A binding that works now, the widget or screen it acts on, and all its keys."""

    binding: Binding
    node: DOMNode
    keys: tuple[str, ...]


def key_uses(screen: Screen[Any]) -> list[KeyUse]:
    """The bindings that work on a screen now, each once, those of the focused widget first."""
    found: dict[str, KeyUse] = {}
    for key, (node, binding, enabled, _) in screen.active_bindings.items():
        if not enabled or binding.id is None:
            continue
        known = found.get(binding.id)
        keys = (*(known.keys if known is not None else ()), _KEYS_AS_KNOWN.get(key, key))
        found[binding.id] = KeyUse(known.binding if known is not None else binding, node, keys)
    return list(found.values())


class KeyHints(Static):
    """One line, written again when the focus or the bindings change."""

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
        focused = self.screen.focused
        # In a field the other keys are text.
        typing = isinstance(focused, Input)
        shown = (use for use in key_uses(self.screen) if use.binding.show and (use.node is focused or not typing))
        hints = [(use.binding.key_display or use.keys[0], use.binding.description) for use in shown]
        self.update(Content("  ").join(_hints_that_fit(hints, self.size.width - 2)), layout=False)


def _hints_that_fit(hints: Iterable[tuple[str, str]], width: int) -> list[Content]:
    """As many hints as fit, in their order. `?` is always shown, because it lists all the others."""
    made = [(key, Content.assemble((key, "bold $primary"), " ", description)) for key, description in hints]
    room = width - sum(hint.cell_length + 2 for key, hint in made if key == _HELP)
    shown: list[Content] = []
    for key, hint in made:
        if key != _HELP:
            room -= hint.cell_length + 2
            if room < 0 and shown:
                continue
        shown.append(hint)
    return shown
