"""The screens' start: a second process helps where there is a second core to run it on."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tui.commands import screens
from tui.commands.options import Invocation
from tui.context import AppContext
from tui.place import FLEET
from tui.terminal.second_process import SecondProcess


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """The collector that a start switches off, switched on again."""
    yield
    gc.enable()


@pytest.mark.parametrize(("cores", "begun"), [(0.5, False), (1, False), (1.5, True), (2, True)])
def test_with_one_core_there_is_one_process(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, cores: float, begun: bool
) -> None:
    asked, shown = [], []

    def begin(work: object) -> SecondProcess | None:
        asked.append(work)
        return None

    def show(context: AppContext) -> int:
        shown.append(context)
        return 0

    monkeypatch.setattr(SecondProcess, "begin", begin)
    monkeypatch.setattr(screens, "usable_cores", lambda: cores)
    monkeypatch.setattr(screens, "why_no_terminal", lambda: None)
    monkeypatch.setattr(screens, "show", show)
    assert screens.open_screens(Invocation(database=sqlite_url), FLEET) == 0
    assert bool(asked) == begun
    assert [context.ahead_since for context in shown] == [None]
