"""What a terminal sends as keys, and what it answers, which is no key.

Esc and a key pressed right behind it are two keys.

A terminal without the keyboard protocol sends the same bytes for them as for one key with Alt, and half a second passes
until Esc is known not to begin an arrow key: a person who presses Esc and a key within it would have pressed nothing.

A terminal's answer to what some program asked (its colours, what it is, where the cursor stands) may come late, over a
slow link or through a multiplexer. Textual would give out the unknown ones letter by letter.
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
"""What begins a terminal's own sequences, and alt+backspace, by which people delete a word."""


_STRING: Final = r"\x1b(?:\](?=[0-9l L])|P(?=[01>!])|[_X^])[^\x07\x1b]*"
"""OSC, DCS, APC, SOS and PM without their ends. Behind what a person types after Esc stands none of these digits."""
_ANSWER: Final = re.compile(
    rf"{_STRING}(?:\x07|\x1b\\)"
    # Device attributes, keyboard protocol, extended cursor position; reports of modes are for Textual.
    r"|\x1b\[[?>=][\d;:]*(?!\$y)[ -/]*[@-ln-z|}~]"
    # Cursor position and status; the window's size and title, but not Textual's own report of it.
    r"|\x1b\[\d+;\d+R|\x1b\[\d+n|\x1b\[(?!48;)\d[\d;]*t"
)
_BEGUN: Final = re.compile(rf"(?:{_STRING}\x1b?|\x1b\[[?>=]?[\d;:]*\$?|\x1b[\]P])\Z")
"""The beginning of an answer at the end of a packet."""
_ONLY_A_KEY: Final = ("\x1b]", "\x1bP", "\x1b[")
"""What is a key behind Esc where nothing follows."""


class QuickEscapeParser(XTermParser):
    """Textual's parser, for which two such bytes are what was pressed, and a terminal's answers are nothing."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._begun = ""
        self._begun_at = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """The messages of what came, without the terminal's answers; one that is not whole waits for its rest."""
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
        """As Textual's; and what waits for its rest for as long as an arrow key would is given up."""
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
    """Have Textual's driver parse what comes by this parser; the driver has no place to name another."""
    linux_driver.XTermParser = QuickEscapeParser  # type: ignore[attr-defined]
