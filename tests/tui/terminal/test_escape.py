"""Esc and what is pressed right behind it, as a terminal without the keyboard protocol sends them."""

from __future__ import annotations

import pytest
from textual import events
from textual.drivers import linux_driver

from tui.terminal.escape import QuickEscapeParser, tell_escape_from_alt


def keys(sent: str) -> list[str]:
    """The keys that come of it at once, without waiting for what could follow."""
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
        # What terminals send for one key stays one.
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


def test_the_driver_makes_its_parser_by_the_name_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "XTermParser" in linux_driver.LinuxDriver.run_input_thread.__code__.co_names
    monkeypatch.setattr("textual.drivers.linux_driver.XTermParser", None)
    tell_escape_from_alt()
    assert vars(linux_driver)["XTermParser"] is QuickEscapeParser
