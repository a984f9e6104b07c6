"""Whether the screens have a terminal that can show them."""

from __future__ import annotations

import os


def why_no_terminal() -> str | None:
    """A clause that says why the screens cannot be drawn; None if they can. Textual draws on standard error."""
    if not os.isatty(0):
        return "The screens need a terminal, and standard input is not one"
    if not os.isatty(2):
        return "The screens need a terminal, and standard error is not one"
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "The screens need a terminal that can move its cursor, and TERM says that this one cannot"
    return None
