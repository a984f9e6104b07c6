"""`tenantpilot config`: the settings in effect, as written but without passwords; and what the screens would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.commands.console import Console, Outcome
from tui.settings import default_database_path

SECRET = "pa55-w0rd"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path / "home"


def values(found: Outcome) -> dict[str, tuple[str, ...]]:
    """Each setting with its value and its origin."""
    assert (found.code, found.err) == (0, "")
    lines = (line.split() for line in found.out.splitlines() if "." in line)
    return {name: tuple(rest) for name, *rest in lines}


def test_passwords_are_masked_wherever_they_are(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", f"postgresql://triage:{SECRET}@db1/fleet?sslpassword={SECRET}")
    monkeypatch.setenv("TENANTPILOT_DATABASE__WRITE_URL", f"postgresql://writer@db1/fleet?PASSWORD={SECRET}")
    found = console.bare("config")
    shown = values(found)
    assert shown["database.url"][0] == "postgresql://triage:***@db1/fleet?sslpassword=***"
    assert shown["database.write_url"][0] == "postgresql://writer@db1/fleet?PASSWORD=***"
    assert SECRET not in found.out


@pytest.mark.parametrize("url", ["sqlite:///fleet.db", "postgres://triage@db1/fleet"])
def test_a_url_is_shown_as_it_was_written(console: Console, url: str) -> None:
    shown = values(console.bare("config", "--database", url))
    assert shown["database.url"] == shown["database.write_url"] == (url, "command", "line")


def test_a_url_that_cannot_be_used_says_why(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", f"mysql://triage:{SECRET}@db1/fleet")
    found = console.bare("config")
    assert "*** (The database URL names a kind of database that is not supported: write sqlite" in found.out
    assert SECRET not in found.out


def test_without_a_url_the_file_in_effect_is_said(console: Console) -> None:
    shown = values(console.bare("config"))
    assert shown["database.url"] == (f"sqlite:///{default_database_path()}", "default")
    assert shown["database.write_url"] == ("(as", "url)", "default")


def test_without_its_own_url_the_unnamed_database_is_none(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[databases.eu]\nurl = 'postgresql://triage@eu/fleet'")
    shown = values(console.bare("config", "--config", str(file)))
    assert shown["database.url"] == ("(none)", "default")
    assert shown["databases.eu.url"][0] == "postgresql://triage@eu/fleet"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[ui]\ntheme = 'tenantpilot-drak'", "ui.theme: there is no theme tenantpilot-drak; the nearest is "),
        ("[keys]\n'tenant.sort' = 'o'", "keys.tenant.sort: there is no such id; the nearest is tenants.sort"),
        ("[keys]\n'tenants.sort' = 'pagdown'", "keys.tenants.sort: there is no key 'pagdown'; the nearest is pagedown"),
    ],
)  # fmt: skip
def test_what_the_screens_would_refuse_is_refused(console: Console, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    found = console.bare("config", "--config", str(file))
    assert found.code == 2
    assert found.refusal().startswith(sentence)


def test_what_the_terminal_decides_says_why(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLORTERM", "PYTHONUTF8", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setenv("LC_ALL", "C")
    shown = values(console.bare("config"))
    assert " ".join(shown["ui.theme"]) == "tenantpilot-16 16 colours: TERM is linux, and COLORTERM says no more"
    assert " ".join(shown["ui.plain"]) == "true the output is ascii, which has no glyphs"
    monkeypatch.setenv("TENANTPILOT_UI__THEME", "tenantpilot-dark")
    assert values(console.bare("config"))["ui.theme"][0] == "tenantpilot-dark"
