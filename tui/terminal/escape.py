"""Tell keys from a terminal's answers, and Esc followed by a key from Alt with that key.

Esc and a key pressed right after it are two keys.

A terminal without the keyboard protocol sends the same bytes for these two keys as for one key with Alt. Textual waits
half a second until Esc can no longer begin an arrow key. If a person pressed Esc and a key within that time, neither
key would work.

A program may ask the terminal for its colours, its type or the place of the cursor. Over a slow link or through a
multiplexer the answer may come late. Textual would give out an unknown answer letter by letter, as keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from time import monotonic
from typing import Final

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_ESCAPE: Final = "\x1b"
_NO_KEY_BEHIND_ESCAPE: Final = frozenset("[]OPNX^_\x7f")
"""Characters that begin a terminal's own sequences, and alt+backspace, with which people delete a word."""


_STRING: Final = r"\x1b(?:\](?=[0-9l L])|P(?=[01>!])|[_X^])[^\x07\x1b]*"
"""OSC, DCS, APC, SOS and PM without their ends. A key typed after Esc is not followed by one of these digits."""
_ANSWER: Final = re.compile(
    rf"{_STRING}(?:\x07|\x1b\\)"
    # Device attributes, keyboard protocol, extended cursor position. Reports of modes go to Textual.
    r"|\x1b\[[?>=][\d;:]*(?!\$y)[ -/]*[@-ln-z|}~]"
    # Cursor position and status; the window's size and title, but not the size report that Textual asks for.
    r"|\x1b\[\d+;\d+R|\x1b\[\d+n|\x1b\[(?!48;)\d[\d;]*t"
)
_BEGUN: Final = re.compile(rf"(?:{_STRING}\x1b?|\x1b\[[?>=]?[\d;:]*\$?|\x1b[\]P])\Z")
"""An answer that is not complete at the end of a packet."""
_ONLY_A_KEY: Final = ("\x1b]", "\x1bP", "\x1b[")
"""A sequence that is Esc and one key, if nothing follows it."""


class QuickEscapeParser(XTermParser):
    """Textual's parser, but two such bytes are two keys, and a terminal's answers are dropped."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._begun = ""
        self._begun_at = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """The messages of this input, without the terminal's answers. An incomplete answer waits for its rest."""
        if data:
            data = _ANSWER.sub("", self._begun + data)
            begun = _BEGUN.search(data)
            self._begun = "" if begun is None else begun[0]
            self._begun_at = monotonic()
            data = data.removesuffix(self._begun)
            if not data:
                return
        yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """As Textual's. An incomplete answer is dropped after the time that an arrow key may take."""
        if self._begun and monotonic() - self._begun_at >= constants.ESCAPE_DELAY:
            begun, self._begun = self._begun, ""
            if begun in _ONLY_A_KEY:
                yield from super().feed(begun)
        yield from super().tick()

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if len(sequence) == 2 and sequence[0] == _ESCAPE and sequence[1] not in _NO_KEY_BEHIND_ESCAPE:
            yield events.Key("escape", _ESCAPE)
            sequence = sequence[1]
        yield from super()._sequence_to_key_events(sequence, alt)


def tell_escape_from_alt() -> None:
    """Make Textual's driver use this parser. We replace its name, because the driver has no option for that."""
    linux_driver.XTermParser = QuickEscapeParser  # type: ignore[attr-defined]
