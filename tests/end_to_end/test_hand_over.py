"""The clipboard, a file, a picture, and another database in between, in a real terminal.

Modules: tui.app, tui.files, tui.terminal.clipboard.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.end_to_end import stream
from tests.end_to_end.conftest import NOW, OpenScreens
from tests.end_to_end.terminal import TENANTPILOT
from tests.preloaded import run_preloaded
from tui.terminal.clipboard import clipboard_sequence

SIZE = (120, 30)
TWO_DATABASES = """
[databases.eu]
url = "sqlite:///{eu}"
production = true
[databases.us]
url = "sqlite:///{us}"
"""


@pytest.mark.parametrize("around", [{}, {"TMUX": "/run/tmux,1,0"}, {"TERM": "screen-256color"}], ids=str)
def test_the_clipboard_gets_the_name_and_the_command(
    demo_file: Path, open_screens: OpenScreens, env: dict[str, str], demo_report: dict[str, Any], around: dict[str, str]
) -> None:
    env.update(around)
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    first = demo_report["tenants"][0]["tenant"]
    terminal.sees(f"sent to the terminal's clipboard: {first}", after=["y"])
    assert clipboard_sequence(first, env) in terminal.text
    terminal.press("Y")
    command = f"tenantpilot --database sqlite:///{demo_file} --now 2026-11-23T09:00:00+00:00"
    terminal.until(lambda: clipboard_sequence(command, env) in terminal.text, "the command on the clipboard")
    terminal.press("q")
    assert terminal.ends() == 0


def test_a_terminal_without_a_clipboard_is_sent_none(
    demo_file: Path, open_screens: OpenScreens, env: dict[str, str]
) -> None:
    env["TERM"] = "linux"
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("this terminal has no clipboard for programs", after=["y"])
    assert "\x1b]52" not in terminal.text


def test_an_export_is_the_report_and_a_picture_is_written(
    demo_file: Path, open_screens: OpenScreens, demo_report: dict[str, Any], tmp_path: Path
) -> None:
    terminal = open_screens(demo_file)
    terminal.sees("40 tenants, sorted")
    terminal.sees("EXPORT AS", after=["e"])
    terminal.sees("saved", after=["down", "enter"])
    terminal.press("ctrl+s")
    terminal.until(lambda: list(tmp_path.glob("tenantpilot-screen-*.svg")), "a picture of the screen")
    terminal.press("q")
    assert terminal.ends() == 0
    (file,) = tmp_path.glob("tenantpilot-tenants-*.json")
    exported = json.loads(file.read_text())
    governing = {each["id"] for each in exported.pop("bases")}
    assert exported == demo_report
    assert governing == {each["basis"]["id"] for each in demo_report["tenants"] if each["basis"] is not None}
    for path in tmp_path.glob("tenantpilot-*.*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".tenantpilot-*")) == []
    assert stream.offences(terminal.raw) == []


def frames(text: str) -> Iterator[str]:
    """The words on the screen after each frame."""
    screen = pyte.Screen(*SIZE)
    drawing = pyte.Stream(screen)
    for frame in re.sub(r"\x1b\[[<>][0-9]*u", "", text).split("\x1b[?2026l"):
        drawing.feed(frame)
        yield " ".join(" ".join(screen.display).split())


def test_changing_the_database_never_shows_one_as_the_other(
    demo_file: Path, in_terminal: OpenScreens, env: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    demo = ["demo", "--tenants", "3", "--database", f"sqlite:///{other}", "--now", NOW]
    run_preloaded(demo, env=env, cwd=tmp_path).check_returncode()
    settings = tmp_path / "two.toml"
    settings.write_text(TWO_DATABASES.format(eu=demo_file, us=other))
    env["TENANTPILOT_CONFIG"] = str(settings)
    terminal = in_terminal([TENANTPILOT, "--use", "eu", "--now", NOW], size=SIZE)
    # The answer that this terminal has the mode that marks the beginning and end of a frame.
    terminal.until(lambda: "\x1b[?2026$p" in terminal.text, "the question for whole frames")
    terminal.write(b"\x1b[?2026;2$y")
    terminal.sees("PRODUCTION", "eu: fleet.db", "40 tenants, sorted")
    terminal.sees("Latest attempts", after=["enter"])
    terminal.sees("NAME", "us", "other.db", after=["d"])
    terminal.sees("us: other.db", "3 tenants, sorted", after=["down", "enter"])
    terminal.sees_no("PRODUCTION", "fleet.db")
    shown = list(frames(terminal.text))
    assert any("eu: fleet.db" in frame for frame in shown)
    assert any("us: other.db" in frame for frame in shown)
    for frame in shown:
        assert not ("us: other.db" in frame and ("40 tenants" in frame or "Latest attempts" in frame)), frame
        assert not ("eu: fleet.db" in frame and "3 tenants" in frame), frame
    terminal.press("q")
    assert terminal.ends() == 0


def test_an_unknown_theme_is_refused_before_the_screens(
    demo_file: Path, open_screens: OpenScreens, env: dict[str, str]
) -> None:
    env["TENANTPILOT_UI__THEME"] = "tenantpilot-drak"
    terminal = open_screens(demo_file)
    assert terminal.ends() == 2
    assert terminal.text.strip().endswith("there is no theme tenantpilot-drak; the nearest is tenantpilot-dark")
