"""Text onto the clipboard of the user's terminal, also through SSH, tmux and screen (OSC 52)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

_MOST: Final = 74_994
"""The most base64 characters that xterm, and the terminals that follow it, take in one sequence."""
_WITHOUT: Final = frozenset({"linux", "dumb", "vt100", "vt102", "vt220", "cons25"})
_SCREENS_MOST: Final = 700
"""GNU screen takes strings of at most 768 bytes."""


def why_not_copied(text: str, environ: Mapping[str, str]) -> str | None:
    """A clause that says why the terminal cannot take this text; None if it may. No terminal confirms that it did."""
    if environ.get("TERM") in _WITHOUT or environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "not copied: this terminal has no clipboard for programs"
    if len(_encoded(text)) > _MOST:
        return "too long for a terminal's clipboard"
    return None


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """The sequence to write to the terminal. In tmux or screen it is wrapped, so that it reaches the outer terminal."""
    sequence = f"\x1b]52;c;{_encoded(text)}\a"
    if environ.get("TMUX"):
        return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    if environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        parts = (sequence[start : start + _SCREENS_MOST] for start in range(0, len(sequence), _SCREENS_MOST))
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()
