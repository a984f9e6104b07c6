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
    "equals_sign": "=",
    "colon": ":",
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
_WIDE: Final = 120
"""Columns from which there is room for keys that are less often needed."""
_HELP: Final = "app.help"
_LAST: Final = {_HELP, "app.quit"}
_ALWAYS: Final = frozenset({"app.quit_always", "app.suspend", "app.repaint", "app.colon"})
"""Keys without a hint: every program has them, or another key for the same thing has a hint."""
_MOVEMENT: Final = frozenset(
    {
        *("list.down", "list.up", "list.page_down", "list.page_up", "list.first", "list.last"),
        *("block.next", "block.previous", "attention.down", "attention.up"),
    }
)
_IN_WORDS: Final = {"⏎": "enter", "↓": "down", "↑": "up"}
"""Keys that are drawings, for plain screens."""


class KeyUse(NamedTuple):
    """A binding that works now, the widget or screen it acts on, and all its keys."""

    binding: Binding
    node: DOMNode
    keys: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it does, for a list of actions; the key hints have less room."""
        return self.binding.tooltip or self.binding.description


def key_uses(screen: Screen[Any], *, plain: bool = False) -> list[KeyUse]:
    """The bindings that work on a screen now, each once, those of the focused widget first; `plain` draws no key."""
    found: dict[str, KeyUse] = {}
    for key, (node, binding, enabled, _) in screen.active_bindings.items():
        if not enabled or binding.id is None:
            continue
        known = found.get(binding.id)
        shown = _KEYS_AS_KNOWN.get(key, key)
        keys = (*(known.keys if known is not None else ()), _IN_WORDS.get(shown, shown) if plain else shown)
        found[binding.id] = KeyUse(known.binding if known is not None else binding, node, keys)
    return list(found.values())


def is_movement(use: KeyUse) -> bool:
    """Whether a key moves the cursor or the focus, and does nothing else."""
    return use.binding.id in _MOVEMENT


class KeyHints(Static):
    """One line, written again when the focus or the bindings change."""

    DEFAULT_CSS = """
    KeyHints { dock: bottom; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, plain: bool = False, idle: frozenset[str] = frozenset()) -> None:
        """`idle` are the ids of actions that would do nothing here: they have no hint."""
        super().__init__(markup=False)
        self._plain = plain
        self._idle = idle

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._write())
        self._write()

    def on_resize(self) -> None:
        self._write()

    def _write(self) -> None:
        focused = self.screen.focused
        # In a field the other keys are text.
        typing = isinstance(focused, Input)
        uses = [use for use in key_uses(self.screen) if use.node is focused or not typing]
        shown = [use for use in uses if use.binding.show]
        last = {_HELP}
        if self.screen.size.width >= _WIDE and not typing:
            last = _LAST
            more = [use for use in uses if _is_for_a_wide_line(use) and use.binding.id not in self._idle]
            ends = [use for use in shown if use.binding.id in last]
            shown = [*(use for use in shown if use not in ends), *more, *ends]
        hints = [(self._key(use), use.binding.description, use.binding.id in last) for use in shown]
        self.update(Content("  ").join(_hints_that_fit(hints, self.size.width)), layout=False)

    def _key(self, use: KeyUse) -> str:
        key = use.binding.key_display or use.keys[0]
        return _IN_WORDS.get(key, key) if self._plain else key


def _is_for_a_wide_line(use: KeyUse) -> bool:
    # The numbers, each for one state, would take the whole line.
    one_state = use.binding.action.startswith("only(")
    return not (use.binding.show or one_state or is_movement(use) or use.binding.id in _ALWAYS)


def _hints_that_fit(hints: Iterable[tuple[str, str, bool]], width: int) -> list[Content]:
    """As many hints as fit, in their order. The last ones are always shown: `?` lists all the others."""
    made = [(Content.assemble((key, "bold $primary"), " ", words), last) for key, words, last in hints]
    room = width - sum(hint.cell_length + 2 for hint, last in made if last)
    shown: list[Content] = []
    for hint, last in made:
        if not last:
            room -= hint.cell_length + 2
            if room < 0 and shown:
                continue
        shown.append(hint)
    return shown
