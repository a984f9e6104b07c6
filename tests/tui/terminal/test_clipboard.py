"""The clipboard of the user's terminal: a sequence, wrapped for programs in between, and not too long."""

from __future__ import annotations

import base64
import re

import pytest

from tui.terminal.clipboard import clipboard_sequence, why_not_copied

PLAIN = f"\x1b]52;c;{base64.b64encode('Größe'.encode()).decode()}\a"


def test_straight_to_a_terminal() -> None:
    assert clipboard_sequence("Größe", {"TERM": "xterm-256color"}) == PLAIN


def test_through_tmux_every_escape_is_doubled() -> None:
    wrapped = clipboard_sequence("Größe", {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert wrapped.startswith("\x1bPtmux;")
    assert wrapped.endswith("\x1b\\")
    assert wrapped.removeprefix("\x1bPtmux;").removesuffix("\x1b\\").replace("\x1b\x1b", "\x1b") == PLAIN


@pytest.mark.parametrize("environ", [{"TERM": "screen"}, {"TERM": "screen-256color"}, {"TERM": "xterm", "STY": "1.x"}])
@pytest.mark.parametrize("length", [1, 500, 5_000])
def test_through_screen_in_pieces_that_it_accepts(environ: dict[str, str], length: int) -> None:
    wrapped = clipboard_sequence("x" * length, environ)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", wrapped, re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == wrapped
    assert max(len(piece) for piece in pieces) < 768
    assert "".join(pieces) == clipboard_sequence("x" * length, {})


def test_no_more_than_terminals_accept() -> None:
    most = 74_994 // 4 * 3
    assert why_not_copied("x" * most, {}) is None
    assert why_not_copied("x" * (most + 3), {}) == "too long for a terminal's clipboard"


@pytest.mark.parametrize("environ", [{"TERM": "linux"}, {"TERM": "vt220"}, {"TERM_PROGRAM": "Apple_Terminal"}])
def test_a_terminal_without_a_clipboard_is_reported(environ: dict[str, str]) -> None:
    assert (
        why_not_copied("x", {"TERM": "xterm", **environ}) == "not copied: this terminal has no clipboard for programs"
    )
