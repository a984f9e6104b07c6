"""The database that is used: none, one, or several by name; and keys by their ids.

Modules: tui.settings, tui.commands.session, tui.keymap.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.settings.given import SECRET, SECRET_URL, load, refusal, write
from tui.commands.options import Invocation
from tui.commands.session import session_of
from tui.context import AppContext
from tui.settings import (
    Settings,
    default_database_path,
)

# The database


def test_without_a_database_there_is_a_file_of_the_user(cwd: Path, home: Path) -> None:
    settings = load(cwd).settings.database
    assert default_database_path() == home / "data" / "tenantpilot" / "fleet.db"
    assert settings.read_from() == settings.write_to() == f"sqlite:///{default_database_path()}"


def test_writing_uses_the_reading_database_unless_another_is_named(cwd: Path) -> None:
    environ = {"TENANTPILOT_DATABASE__URL": "postgresql://r@h/d"}
    assert load(cwd, environ=environ).settings.database.write_to() == "postgresql://r@h/d"
    environ["TENANTPILOT_DATABASE__WRITE_URL"] = "postgresql://w@h/d"
    settings = load(cwd, environ=environ).settings.database
    assert (settings.read_from(), settings.write_to()) == (
        "postgresql://r@h/d",
        "postgresql://w@h/d",
    )


# Several databases

TWO = f"""
[databases.eu]
url = "postgresql://triage@eu/fleet"
production = true
[databases.us]
url = "{SECRET_URL}"
write_url = "postgresql://writer@us/fleet"
"""


def opened(monkeypatch: pytest.MonkeyPatch, cwd: Path, **given: Any) -> AppContext:
    """The context of the screens for a command line in a folder."""
    monkeypatch.delenv("TENANTPILOT_CONFIG", raising=False)
    monkeypatch.chdir(cwd)
    invocation = Invocation(**given)
    return session_of(invocation).context(invocation)


def test_the_command_that_opens_it_again_names_the_settings(monkeypatch: pytest.MonkeyPatch, cwd: Path) -> None:
    """Without them it would open another database, or judge by another window."""
    assert opened(monkeypatch, cwd).invocation == ("tenantpilot",)
    file = cwd / "other.toml"
    file.write_text(TWO)
    context = opened(monkeypatch, cwd, config=Path("other.toml"))
    assert context.invocation == ("tenantpilot", "--config", str(file), "--use", "eu")


def test_the_command_that_opens_it_again_names_the_database_once(monkeypatch: pytest.MonkeyPatch, cwd: Path) -> None:
    """A URL on the command line beside named databases: both together are refused."""
    write(cwd, TWO)
    context = opened(monkeypatch, cwd, database="sqlite:////srv/fleet.db")
    commands = {each.name: context._replace(database=each).invocation for each in context.databases}
    assert commands == {
        "default": ("tenantpilot", "--database", "sqlite:////srv/fleet.db"),
        "eu": ("tenantpilot", "--use", "eu"),
        "us": ("tenantpilot", "--use", "us"),
    }


def test_two_databases_that_look_alike_have_separate_visits(monkeypatch: pytest.MonkeyPatch, cwd: Path) -> None:
    write(cwd, '[databases.eu]\nurl = "postgresql://localhost:5433/fleet"\n'
               '[databases.us]\nurl = "postgresql://localhost:5434/fleet"\n')  # fmt: skip
    eu, us = opened(monkeypatch, cwd).databases
    assert (eu.label, us.label) == ("fleet@localhost:5433", "fleet@localhost:5434")
    assert eu.visit_file != us.visit_file


def test_several_databases_by_name(cwd: Path) -> None:
    write(cwd, TWO)
    loaded = load(cwd)
    databases = loaded.settings.usable_databases()
    assert list(databases) == ["eu", "us"]
    assert databases["eu"].read_from() == databases["eu"].write_to()
    assert (databases["eu"].production, databases["us"].production) == (True, False)
    assert databases["us"].read_from() == SECRET_URL
    assert databases["us"].write_to() == "postgresql://writer@us/fleet"
    assert loaded.sources["databases.eu.url"] == f"file {cwd / 'tenantpilot.toml'}"
    assert loaded.sources["databases.eu.write_url"] == "default"
    assert SECRET not in repr(loaded)


def test_the_unnamed_database_comes_first_where_it_has_a_url(cwd: Path) -> None:
    write(cwd, f"[database]\nurl = 'sqlite:///x.db'\n{TWO}")
    assert list(load(cwd).settings.usable_databases()) == ["default", "eu", "us"]
    assert list(Settings().usable_databases()) == ["default"]


def test_the_environment_overrules_a_named_database_of_the_file(cwd: Path) -> None:
    write(cwd, "[databases.eu]\nproduction = true")
    variable = "TENANTPILOT_DATABASES__EU__URL"
    loaded = load(cwd, environ={variable: "postgresql://r@h/d"})
    assert loaded.settings.databases["eu"].read_from() == "postgresql://r@h/d"
    assert loaded.sources["databases.eu.url"] == f"environment {variable}"
    unknown = refusal(cwd, TWO, environ={"TENANTPILOT_DATABASES__EUR__URL": "postgresql://r@h/d"})
    assert "TENANTPILOT_DATABASES__EUR__URL" in unknown
    assert unknown.endswith(f"the nearest known one is {variable}")


@pytest.mark.parametrize("name", ["e", "eu_west_1", "e" * 32])
def test_the_environment_reaches_a_database_of_any_name(cwd: Path, name: str) -> None:
    write(cwd, f"[databases.{name}]\nurl = 'sqlite:///x.db'")
    variable = f"TENANTPILOT_DATABASES__{name.upper()}__URL"
    settings = load(cwd, environ={variable: "postgresql://r@h/d"}).settings
    assert settings.databases[name].read_from() == "postgresql://r@h/d"


def test_a_value_in_place_of_a_section_is_always_refused(cwd: Path) -> None:
    given = {"environ": {"TENANTPILOT_UI__THEME": "nord"}}
    assert "ui (file " in refusal(cwd, "ui = 'dark'", **given)


def test_a_list_in_the_environment_is_json(cwd: Path) -> None:
    write(cwd, "[groups.gold]\ntenants = ['a']")
    variable = "TENANTPILOT_GROUPS__GOLD__TENANTS"
    assert load(cwd, environ={variable: '["b", "c"]'}).settings.groups["gold"].tenants == ("b", "c")
    for wrong in (SECRET_URL, '["b"', '"b"', "1"):
        assert refusal(cwd, environ={variable: wrong}) == (
            f"groups.gold.tenants (environment {variable}): must be a list in brackets"
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("databases = 1", "databases (file FILE): must be a section, written [databases]"),
        ("[databases]\neu = 1", "databases.eu (file FILE): must be a section, written [databases.eu]"),
        ("[databases.eu]", "databases.eu (file FILE): has no url; write it there"),
        ("[databases.eu]\nproduction = true", "databases.eu (file FILE): has no url"),
        ("[databases.eu]\nurl = 'nonsense'", "databases.eu.url (file FILE): must be a URL such as postgresql://"),
        ("[databases.eu]\nurl = 'sqlite:///x'\nproduction = 7", "databases.eu.production (file FILE): must be"),
        ("[databases.eu]\nulr = 'sqlite:///x'", "setting databases.eu.ulr (file FILE); the nearest known one is datab"),
        (
            "[databases.default]\nurl = 'sqlite:///x'",
            "databases.default (file FILE): its name must be at most 32 small letters",
        ),
        (
            "[databases.'E U']\nurl = 'sqlite:///x'",
            "databases.E U (file FILE): its name must be at most 32 small letters",
        ),
        (
            "[databases.e__u]\nurl = 'sqlite:///x'",
            "databases.e__u (file FILE): its name must be at most 32 small letters",
        ),
        (
            "[databases.eu_]\nurl = 'sqlite:///x'",
            "databases.eu_ (file FILE): its name must be at most 32 small letters",
        ),
        (f"[databases.{'e' * 33}]\nurl = 'sqlite:///x'", "e (file FILE): its name must be at most 32 small letters"),
        ("[keys]\n'tenants.sort' = 1", "keys.tenants.sort (file FILE): must be text in quotes"),
        ("[keys]\n'tenants.sort' = ''", "keys.tenants.sort (file FILE): must be keys in quotes"),
        ("keys = 'o'", "keys (file FILE): must be a section, written [keys]"),
    ],
)
def test_what_is_wrong_with_databases_and_keys(cwd: Path, text: str, words: str) -> None:
    assert words.replace("FILE", str(cwd / "tenantpilot.toml")) in refusal(cwd, text)


def test_keys_by_their_ids_in_quotes_or_not(cwd: Path) -> None:
    write(cwd, "[keys]\n'tenants.sort' = 'o'\ntenants.posture = 'x,f5'")
    assert load(cwd).settings.keys == {"tenants.sort": "o", "tenants.posture": "x,f5"}


READS, WRITES = "postgresql://triage@db1/fleet", "postgresql://writer@db1/fleet"
MINE = "sqlite:////tmp/mine.db"


@pytest.mark.parametrize(
    ("environ", "overrides", "written"),
    [
        ({}, {}, WRITES),
        ({"TENANTPILOT_DATABASE__URL": MINE}, {}, MINE),
        ({"TENANTPILOT_DATABASE__URL": MINE, "TENANTPILOT_DATABASE__WRITE_URL": WRITES}, {}, WRITES),
        ({"TENANTPILOT_DATABASE__WRITE_URL": MINE}, {}, MINE),
        ({"TENANTPILOT_DATABASE__WRITE_URL": WRITES}, {"database.url": MINE}, MINE),
        ({}, {"database.url": MINE}, MINE),
    ],
)
def test_a_nearer_url_stands_for_the_writing_one_too(
    cwd: Path, environ: dict[str, str], overrides: dict[str, str], written: str
) -> None:
    write(cwd, f'[database]\nurl = "{READS}"\nwrite_url = "{WRITES}"\n')
    loaded = load(cwd, environ=environ, overrides=overrides)
    assert loaded.settings.database.write_to() == written
    if loaded.settings.database.write_url is None:
        assert loaded.sources["database.write_url"] == loaded.sources["database.url"]
