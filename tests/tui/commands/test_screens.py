"""The start of the screens: a second process only if there is a second core for it."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.commands import screens
from tui.commands.options import Invocation
from tui.commands.session import session_of
from tui.context import AppContext
from tui.place import FLEET
from tui.terminal.second_process import SecondProcess


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Switch the garbage collector on again after a start has switched it off."""
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


_EVERY_KIND = """
[groups.gold]
tenants = ["*.example"]
[known]
file = "known.toml"
[views.morning]
posture = "stale"
group = "gold"
[commands.graph]
key = "f6"
on = "tenant"
argv = ["open-graph", "{tenant}"]
[keys]
"tenants.sort" = "o,f7"
"tenants.causes" = "O"
"""


@pytest.mark.parametrize("settings", ["", _EVERY_KIND], ids=["no settings", "every kind"])
def test_the_second_process_can_send_what_it_starts_with(settings: str, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(settings)
    (tmp_path / "known.toml").write_text("")
    invocation = Invocation(config=file, database=sqlite_url)
    context = session_of(invocation).context(invocation, FLEET, "morning" if settings else None)
    sent = pickle.loads(pickle.dumps(context))
    assert (sent.place, sent.keymap, sent.commands, sent.known) == (
        context.place,
        context.keymap,
        context.commands,
        context.known,
    )
    assert bool(context.groups) == bool(context.commands) == bool(settings)
