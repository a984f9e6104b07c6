"""Own commands: the arguments that a program gets from a screen, and which settings may name one.

Modules: tui.own_commands, tui.terminal.program, tui.keymap, tui.settings.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tui.screens.driving import open_app, row_list
from tests.tui.screens.fleets import HOUR, NOW, Facts
from tests.tui.screens.walks import walk, walked_fleet
from tui.keymap import checked_commands
from tui.own_commands import NotRun, OwnCommand
from tui.screens.help import HelpScreen
from tui.settings import load_settings
from tui.terminal.program import run_in_terminal
from tui.words.failures import SettingsError

WRITTEN = '[commands.graph]\nkey = "f6"\non = "tenant"\nargv = ["open-graph", "{tenant}"]\n'
VALUES = {"tenant": "contoso.example", "name": "Contoso", "set": "3", "type": "app", "item": "a/b"}
NASTY = "-rf $(x)\n;`y`' \""


def command(*argv: str, on: str = "item", key: str = "f6") -> OwnCommand:
    return OwnCommand("graph", key, argv, on)


@pytest.mark.parametrize(
    ("argv", "values", "made"),
    [
        (("open", "{tenant}", "{set}", "{type}/{item}"), {}, ["open", "contoso.example", "3", "app/a/b"]),
        (("open", "--", "{name}"), {"name": NASTY}, ["open", "--", NASTY]),
        (("open", "--name={name}"), {"name": NASTY}, ["open", f"--name={NASTY}"]),
        (("open", "{tenant}"), {"tenant": "a b\n{name}"}, ["open", "a b\n{name}"]),
        (("open", "-v", "x"), {}, ["open", "-v", "x"]),
    ],
)
def test_every_argument_stays_one_argument(argv: tuple[str, ...], values: dict[str, str], made: list[str]) -> None:
    assert command(*argv).arguments(VALUES | values) == made


@pytest.mark.parametrize(
    ("values", "said"),
    [({"name": NASTY}, "could be an option"), ({"name": "a\0b"}, "a NUL in a name cannot be an argument")],
)
def test_a_name_never_becomes_an_option(values: dict[str, str], said: str) -> None:
    with pytest.raises(NotRun, match=said):
        command("open", "{name}").arguments(VALUES | values)


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("tenant", "graph: Contoso (contoso.example)"),
        ("set", "graph: Contoso (contoso.example), set 3"),
        ("item", "graph: Contoso (contoso.example), app / a/b"),
    ],
)
def test_it_says_whose_its_output_is(on: str, said: str) -> None:
    assert command("open", on=on).about(VALUES) == said
    hostile = command("open", on=on).about(VALUES | {"name": "\x1b[2J\n"})
    assert "\x1b" not in hostile
    assert "\n" not in hostile


def test_without_its_subject_it_is_not_run() -> None:
    with pytest.raises(NotRun, match="graph is for a set, but no set is under the cursor"):
        command("x", "{set}", on="set").arguments({"tenant": "a", "name": "A"})


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("s", "the key 's' would mean commands.graph and "),
        ("question_mark", "would mean commands.graph and app.help"),
        ("f99", "commands.graph.key: there is no key 'f99'"),
    ],
)
def test_a_key_that_is_taken_names_both(key: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        checked_commands([command("x", key=key)], {})
    assert said in str(refused.value)


def test_a_key_of_another_command_or_of_the_users_own_keys() -> None:
    with pytest.raises(SettingsError, match=r"would mean commands\.other and commands\.graph"):
        checked_commands([command("x"), command("x")._replace(name="other")], {})
    with pytest.raises(SettingsError, match=r"would mean commands\.graph and tenants\.sort"):
        checked_commands([command("x")], {"tenants.sort": "f6"})
    assert checked_commands([command("x", key="s")], {"tenants.sort": "x", "dashboard.schedules": "x"})[0].key == "s"


def test_only_the_users_own_or_a_named_file_may_have_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, cwd = tmp_path / "config" / "tenantpilot", tmp_path / "work"
    own.mkdir(parents=True, mode=0o700)
    cwd.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (own / "tenantpilot.toml").write_text(WRITTEN)

    def load(config: Path | None = None, **environ: str) -> Any:
        return load_settings(config=config, overrides={}, environ=environ, cwd=cwd).settings.own_commands()

    assert load() == (OwnCommand("graph", "f6", ("open-graph", "{tenant}"), "tenant"),)
    here = cwd / "tenantpilot.toml"
    here.write_text(WRITTEN)
    with pytest.raises(SettingsError, match="own commands are taken only from"):
        load()
    with pytest.raises(SettingsError, match="own commands are taken only from"):
        load(TENANTPILOT_CONFIG=str(here))
    assert len(load(here)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WRITTEN.replace("{tenant}", "{set}"), "argv has {set}; on tenant there are {tenant}, {name}"),
        (WRITTEN.replace('"tenant"', '"tennant"'), "there is no subject 'tennant'; the nearest is 'tenant'"),
        (WRITTEN.replace('["open-graph", "{tenant}"]', "[]"), "a program and its arguments in brackets"),
    ],
)
def test_a_command_that_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings(config=path, overrides={}, environ={}, cwd=tmp_path)
    assert said in str(refused.value)


ECHO = (sys.executable, "-c", "import json,sys; json.dump(sys.argv[2:], open('given.json', 'w'))", "--")


@pytest.mark.parametrize(
    ("keys", "on", "placeholders", "given"),
    [
        ("", "tenant", ("{tenant}", "{name}"), ["contoso.example", "Contoso"]),
        ("enter b j", "set", ("{tenant}", "{set}"), ["contoso.example", "3"]),
        ("enter b j enter", "item", ("{set}", "{item}"), ["3", "policy-0"]),
        ("enter", "set", ("{set}",), None),
    ],
)
async def test_a_key_runs_it_for_the_row_under_the_cursor(
    keys: str, on: str, placeholders: tuple[str, ...], given: list[str] | None,
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    @contextmanager
    def suspended() -> Iterator[None]:
        yield

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    own = OwnCommand("graph", "f6", (*ECHO, *placeholders), on)
    async with open_app(walked_fleet().load(sqlite_url), commands=(own,), toasts=True) as driver:
        monkeypatch.setattr(driver.app, "suspend", suspended)
        await walk(driver, keys)
        await driver.press("f6")
        if given is None:
            assert "graph is for a set, but no set is under the cursor" in driver.words()
            assert not (tmp_path / "given.json").exists()
        else:
            assert json.loads((tmp_path / "given.json").read_text()) == given
        await driver.press("question_mark")
        await driver.arrived(HelpScreen)
        listed = [getattr(use, "binding", None) for use in row_list(driver.app.screen).rows]
        assert "commands.graph" in [binding.id for binding in listed if binding is not None]


async def test_a_hostile_name_is_one_argument(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts()
    facts.backup_set(facts.tenant(NASTY, "contoso"), NOW - HOUR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    own = OwnCommand("graph", "f6", (*ECHO, "{name}"), "tenant")
    async with open_app(facts.load(sqlite_url), commands=(own,)) as driver:
        await walk(driver, "")
        values = driver.facts.under_cursor()
        run_in_terminal(own.arguments(values), own.about(values))
        assert json.loads((tmp_path / "given.json").read_text()) == [NASTY]


def test_a_missing_program_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    run_in_terminal(["no-such-program-here"], "graph: Contoso (contoso.example)")
    assert "no-such-program-here: No such file or directory" in capsys.readouterr().err
