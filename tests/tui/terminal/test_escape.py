"""Esc and the key right after it, as a terminal without the keyboard protocol sends them."""

from __future__ import annotations

from typing import Final

import pytest
from textual import constants, events, messages
from textual.drivers import linux_driver

from tui.terminal.escape import QuickEscapeParser, tell_escape_from_alt


def keys(sent: str) -> list[str]:
    """The keys that come at once, without waiting for more bytes."""
    return [event.key for event in QuickEscapeParser().feed(sent) if isinstance(event, events.Key)]


@pytest.mark.parametrize(
    ("sent", "pressed"),
    [
        ("\x1bb", ["escape", "b"]),
        ("\x1bf", ["escape", "f"]),
        ("\x1bjjj", ["escape", "j", "j", "j"]),
        ("\x1b\x1bq", ["escape", "escape", "q"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b/x", ["escape", "slash", "x"]),
        ("\x1bG", ["escape", "G"]),
        # The bytes of one key stay one key.
        ("\x1b[A", ["up"]),
        ("\x1b\x1b[B", ["escape", "down"]),
        ("\x1bOP", ["f1"]),
        ("\x1b[6~", ["pagedown"]),
        ("\x1b[27u", ["escape"]),
        ("\x1b[1;5D", ["ctrl+left"]),
        ("\x1b\x7f", ["ctrl+w"]),
        ("\x1b", []),
    ],
)
def test_keys(sent: str, pressed: list[str]) -> None:
    assert keys(sent) == pressed


ANSWERS: Final = {
    "OSC 11, BEL": "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    "OSC 10, ST": "\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\",
    "OSC 4": "\x1b]4;1;rgb:ffff/0000/0000\x07",
    "OSC 52": "\x1b]52;c;ZXhpdA==\x07",
    "DA1": "\x1b[?62;1;2;4;6;9;15;16;17;18;21;22;28c",
    "DA1 of a VT100": "\x1b[?1;2c",
    "DA2": "\x1b[>41;390;0c",
    "DA3": "\x1bP!|7E565445\x1b\\",
    "CPR": "\x1b[12;40R",
    "DECXCPR": "\x1b[?12;40;1R",
    "DSR": "\x1b[0n",
    "XTVERSION": "\x1bP>|tmux 3.4\x1b\\",
    "XTGETTCAP": "\x1bP1+r524742=38\x1b\\",
    "DECRQSS": "\x1bP1$r0m\x1b\\",
    "kitty keyboard": "\x1b[?1u",
    "kitty graphics": "\x1b_Gi=31;OK\x1b\\",
    "window size": "\x1b[8;24;80t",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_the_terminal_is_not_a_key_even_if_cut(answer: str) -> None:
    for cut in range(2, len(answer) + 1):
        parser = QuickEscapeParser()
        sent = f"a{answer[:cut]}", f"{answer[cut:]}b"
        found = [each.key for part in sent for each in parser.feed(part) if isinstance(each, events.Key)]
        assert found == ["a", "b"], cut


def test_the_beginning_of_an_answer_is_a_key_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("tui.terminal.escape.monotonic", lambda: now)
    for sent, pressed in (
        ("\x1b]", True),
        ("\x1bP", True),
        ("\x1b[", True),
        ("\x1b]11;rgb:1e", False),
        ("\x1b[?62;", False),
    ):
        parser = QuickEscapeParser()
        assert list(parser.feed(sent)) == []
        assert list(parser.tick()) == []
        now += constants.ESCAPE_DELAY + 1
        for _ in parser.tick():
            pass
        assert (parser._awaiting.timeout is not None) == pressed, sent
        assert [each.key for each in parser.feed("\x1b[A") if isinstance(each, events.Key)][-1] == "up"


def test_an_answer_that_textual_asked_for_reaches_it() -> None:
    (found,) = QuickEscapeParser().feed("\x1b[?2026;2$y")
    assert isinstance(found, messages.TerminalSupportsSynchronizedOutput)
    (resized,) = QuickEscapeParser().feed("\x1b[48;24;80;480;800t")
    assert isinstance(resized, events.Resize)
    pasted = [each for each in QuickEscapeParser().feed("\x1b[200~a]1;b\x1b[201~c") if isinstance(each, events.Paste)]
    assert [each.text for each in pasted] == ["a]1;b"]


def test_the_driver_makes_its_parser_by_the_replaced_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "XTermParser" in linux_driver.LinuxDriver.run_input_thread.__code__.co_names
    monkeypatch.setattr("textual.drivers.linux_driver.XTermParser", None)
    tell_escape_from_alt()
    assert vars(linux_driver)["XTermParser"] is QuickEscapeParser
