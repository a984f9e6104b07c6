"""What the terminal can show, according to the environment: how many colours, and which characters."""

from __future__ import annotations

import sys
from codecs import lookup
from collections.abc import Mapping
from typing import Final, NamedTuple

from tui.terminal import DEFAULT_THEME, THEME_OF_16

_GLYPHS: Final = "✕▲◆◷✓○"
_FULL_COLOUR: Final = frozenset({"truecolor", "24bit"})
_MORE_COLOURS: Final = frozenset({"256color", "kitty"})
"""Endings of TERM for which Rich, which draws the colours, uses more than 16."""
_LOCALES: Final = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that name the locale of characters: the first one that is set counts."""
_ASCII_LOCALES: Final = frozenset({"C", "POSIX"})


class Chosen(NamedTuple):
    """A setting's value in effect, and why it differs from the settings (empty if it does not)."""

    value: object
    why: str = ""


def theme_here(theme: str, environ: Mapping[str, str], *, by_default: bool) -> Chosen:
    """The theme to use. If the terminal has only sixteen colours, it is that theme, unless a user chose another."""
    if by_default and theme == DEFAULT_THEME and _has_16_colours(environ):
        return Chosen(THEME_OF_16, f"16 colours: TERM is {environ['TERM']}, and COLORTERM says no more")
    return Chosen(theme)


def plain_here(plain: bool, environ: Mapping[str, str]) -> Chosen:
    """Whether to draw plain screens. Always if the output's characters do not include the glyphs."""
    codeset = codeset_here(environ)
    if not plain and not _has_glyphs(codeset):
        return Chosen(True, f"the output is {codeset}, which has no glyphs")
    return Chosen(plain)


def codeset_here(environ: Mapping[str, str]) -> str:
    """The character set of the output: what Python writes and the terminal reads.

    In the C locale, and in one that is named but not installed here, Python writes UTF-8: both then have ASCII.
    """
    written = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    if {"PYTHONUTF8", "PYTHONIOENCODING"} & environ.keys():
        return written
    if environ.get("LC_ALL") in _ASCII_LOCALES or _names_another(environ, written):
        return "ascii"
    return written


def _names_another(environ: Mapping[str, str], written: str) -> bool:
    """Whether the locale names a character set that is not the one that Python writes."""
    locale = next(filter(None, map(environ.get, _LOCALES)), "")
    named = locale.partition("@")[0].partition(".")[2]
    try:
        return bool(named) and lookup(named).name != lookup(written).name
    except LookupError:
        return False


def _has_glyphs(codeset: str) -> bool:
    try:
        _GLYPHS.encode(codeset)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _has_16_colours(environ: Mapping[str, str]) -> bool:
    term = environ.get("TERM", "").strip().lower()
    if term in ("", "dumb", "unknown") or environ.get("COLORTERM", "").strip().lower() in _FULL_COLOUR:
        return False
    return term.rpartition("-")[2] not in _MORE_COLOURS
