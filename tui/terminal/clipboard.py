"""Text onto the clipboard of the user's terminal, also through SSH, tmux and screen (OSC 52)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

_MOST: Final = 74_994
"""Characters of base64 that xterm and those after it take at once."""
_WITHOUT: Final = frozenset({"linux", "dumb", "vt100", "vt102", "vt220", "cons25"})
_SCREENS_MOST: Final = 700
"""Screen takes strings of 768 bytes at most."""


def why_not_copied(text: str, environ: Mapping[str, str]) -> str | None:
    """Why a terminal cannot take this text, in words; None where it may. No terminal tells whether it did."""
    if environ.get("TERM") in _WITHOUT or environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "not copied: this terminal has no clipboard for programs"
    if len(_encoded(text)) > _MOST:
        return "too long for a terminal's clipboard"
    return None


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal; inside tmux or screen wrapped, so that it reaches the terminal around them."""
    sequence = f"\x1b]52;c;{_encoded(text)}\a"
    if environ.get("TMUX"):
        return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    if environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        parts = (sequence[start : start + _SCREENS_MOST] for start in range(0, len(sequence), _SCREENS_MOST))
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()
