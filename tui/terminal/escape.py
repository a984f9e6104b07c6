"""Esc and a key pressed right behind it are two keys.

A terminal without the keyboard protocol sends the same bytes for them as for one key with Alt, and half a second passes
until Esc is known not to begin an arrow key: a person who presses Esc and a key within it would have pressed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver

_ESCAPE: Final = "\x1b"
_NO_KEY_BEHIND_ESCAPE: Final = frozenset("[]OPNX^_\x7f")
"""What begins a terminal's own sequences, and alt+backspace, by which people delete a word."""


class QuickEscapeParser(XTermParser):
    """Textual's parser, for which two such bytes are what was pressed."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if len(sequence) == 2 and sequence[0] == _ESCAPE and sequence[1] not in _NO_KEY_BEHIND_ESCAPE:
            yield events.Key("escape", _ESCAPE)
            sequence = sequence[1]
        yield from super()._sequence_to_key_events(sequence, alt)


def tell_escape_from_alt() -> None:
    """Have Textual's driver parse what comes by this parser; the driver has no place to name another."""
    linux_driver.XTermParser = QuickEscapeParser  # type: ignore[attr-defined]
