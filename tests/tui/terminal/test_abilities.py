"""The environment says what a terminal can show. Module: tui.terminal.abilities."""

from __future__ import annotations

import io
import sys

import pytest

from tui.terminal import DEFAULT_THEME, THEME_OF_16
from tui.terminal.abilities import codeset_here, plain_here, theme_here


@pytest.mark.parametrize("term", ["xterm", "linux", "screen", "vt220", "xterm-16color"])
def test_a_terminal_of_16_colours_has_a_theme_of_its_own_colours(term: str) -> None:
    theme, why = theme_here(DEFAULT_THEME, {"TERM": term}, by_default=True)
    assert theme == THEME_OF_16
    assert term in why


@pytest.mark.parametrize(
    "environ",
    [
        {"TERM": "xterm-256color"},
        {"TERM": "xterm-kitty"},
        {"TERM": "xterm", "COLORTERM": "truecolor"},
        {"TERM": ""},
        {},
    ],
)
def test_a_terminal_of_more_colours_has_the_theme_of_the_settings(environ: dict[str, str]) -> None:
    assert theme_here(DEFAULT_THEME, environ, by_default=True) == (DEFAULT_THEME, "")


def test_a_choice_of_the_user_stays() -> None:
    assert theme_here(DEFAULT_THEME, {"TERM": "linux"}, by_default=False) == (DEFAULT_THEME, "")
    assert theme_here("tenantpilot-light", {"TERM": "linux"}, by_default=True) == ("tenantpilot-light", "")


@pytest.mark.parametrize(
    ("environ", "encoding", "is_plain"),
    [
        ({"LC_ALL": "C"}, "utf-8", True),
        ({"LC_ALL": "POSIX"}, "utf-8", True),
        ({"LC_ALL": "C", "PYTHONUTF8": "1"}, "utf-8", False),
        ({"LC_ALL": "C.UTF-8"}, "utf-8", False),
        ({"LC_ALL": "en_US.ISO-8859-1"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, "utf-8", True),
        ({"LC_ALL": "en_US.ISO-8859-1", "PYTHONIOENCODING": "utf-8"}, "utf-8", False),
        ({"LC_ALL": "", "LC_CTYPE": "en_US.utf8", "LANG": "en_US.ISO-8859-1"}, "utf-8", False),
        ({"LANG": "en_US"}, "utf-8", False),
        ({"LANG": "en_US.no-such-set"}, "utf-8", False),
        ({}, "utf-8", False),
        ({}, "iso8859-1", True),
        ({}, "ascii", True),
    ],
)
def test_where_the_output_has_no_glyphs_the_screens_are_plain(
    environ: dict[str, str], encoding: str, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    plain, why = plain_here(False, environ)
    assert plain is is_plain
    assert bool(why) is is_plain
    assert plain_here(True, environ) == (True, "")


def test_a_locale_that_is_not_installed_leaves_what_both_sides_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python writes UTF-8 then, and the terminal reads Latin-1: a name would take more cells than it has."""
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert codeset_here({"LC_ALL": "en_US.ISO-8859-1"}) == "ascii"
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), encoding="iso8859-1"))
    assert codeset_here({"LC_ALL": "en_US.ISO-8859-1"}) == "iso8859-1"
