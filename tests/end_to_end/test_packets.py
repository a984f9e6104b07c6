"""Packets of several keys, and late answers of the terminal, byte for byte, in a real terminal.

Modules: tui.key_order, tui.terminal.escape.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import OpenScreens


def test_escape_and_slash_of_one_packet_begin_a_new_filter(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    terminal.sees("/ zz", "no tenant matches", after=["/", "z", "z"])
    terminal.write(b"\x1b/eq")
    terminal.sees("/ eq")
    terminal.write(b"\x1b[B\r/\x1b")
    terminal.sees("sorted: triage")
    terminal.write(b"\x1b")
    terminal.sees("40 tenants, sorted: triage")
    terminal.press("q")
    assert terminal.ends() == 0


def test_down_enter_and_slash_of_one_packet_open_the_second_tenant(demo_file: Path, open_screens: OpenScreens) -> None:
    """The `/` is for the dashboard, which has no filter: the next letter is a key there."""
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    terminal.until(lambda: len(terminal.lines[5].split()) > 2, "the second row of the list")
    second = terminal.lines[5].split()[2]
    terminal.write(b"\x1b[B\r/")
    terminal.sees(second, "Latest attempts")
    terminal.sees("Backup sets:", after=["b"])


@pytest.mark.parametrize(
    "answer", [b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07", b"\x1b[?62;1;4;22c", b"\x1b[12;40R", b"\x1bP>|tmux 3.4\x1b\\"]
)
def test_a_late_answer_of_the_terminal_is_not_a_key(answer: bytes, demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    terminal.press("/", "a")
    terminal.write(answer + b"b")
    terminal.sees("/ ab ")
    terminal.write(answer[:3])
    terminal.write(answer[3:] + b"c")
    terminal.sees("/ abc ")


def test_a_paste_goes_into_the_filter_as_text(demo_file: Path, open_screens: OpenScreens) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("sorted: triage")
    terminal.write(b"\x1b[200~q\re\n\x1b[201~")
    terminal.sees("/ qe ")
