"""Settings: their order, their names, their limits, and no secret in any error.

Modules: tui.settings.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from health.policy import HealthPolicy, LossRule
from tests.tui.settings.given import SECRET, SECRET_URL, WINDOW, WINDOW_VARIABLE, load, load_file, refusal
from tui.groups import Group
from tui.settings import (
    DatabaseSettings,
    Settings,
)
from tui.settings.names import is_secret, known_keys

# The order


def test_the_defaults_are_those_of_the_contract(cwd: Path) -> None:
    loaded = load(cwd)
    assert loaded.settings == Settings()
    assert loaded.settings.policy() == HealthPolicy()
    assert loaded.file is None
    assert set(loaded.sources.values()) == {"default"}
    assert set(loaded.sources) >= {"database.url", WINDOW, "ui.mouse"}


def test_each_source_overrules_the_next_and_is_named(cwd: Path) -> None:
    path = cwd / "tenantpilot.toml"
    path.write_text(
        '[backup_health]\nfreshness_window = "1h"\nlongest_run = "1h"\nclock_skew = "1h"\n[ui]\nmouse = true'
    )
    loaded = load(
        cwd,
        overrides={WINDOW: "3h"},
        environ={WINDOW_VARIABLE: "2h", "TENANTPILOT_BACKUP_HEALTH__LONGEST_RUN": "2h", "PATH": "/bin"},
    )
    assert loaded.settings.policy() == HealthPolicy(
        freshness_window=timedelta(hours=3), longest_run=timedelta(hours=2), clock_skew=timedelta(hours=1)
    )
    assert loaded.file == path
    assert loaded.sources[WINDOW] == "command line"
    assert loaded.sources["backup_health.longest_run"] == "environment TENANTPILOT_BACKUP_HEALTH__LONGEST_RUN"
    assert loaded.sources["backup_health.clock_skew"] == loaded.sources["ui.mouse"] == f"file {path}"
    assert loaded.sources["backup_health.schedule_grace"] == "default"


def test_the_file_is_the_named_one_else_the_folders_else_the_users(cwd: Path, home: Path) -> None:
    def themed(path: Path, theme: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[ui]\ntheme = "{theme}"')
        return path

    users = themed(home / "config" / "tenantpilot" / "tenantpilot.toml", "users")
    assert load(cwd).file == users
    working = themed(cwd / "tenantpilot.toml", "working")
    assert load(cwd).file == working
    from_environment = themed(cwd / "sub" / "e.toml", "environment")
    assert load(cwd, environ={"TENANTPILOT_CONFIG": "sub/e.toml"}).file == from_environment
    named = themed(home / "named.toml", "named")
    loaded = load(cwd, config=named, environ={"TENANTPILOT_CONFIG": str(from_environment)})
    assert (loaded.file, loaded.settings.ui.theme) == (named, "named")
    assert load(cwd, config=Path("sub/e.toml")).file == from_environment


def test_settings_alone_read_nothing(cwd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE", '{"url": "postgresql://elsewhere/db"}')
    monkeypatch.setenv(WINDOW_VARIABLE, "1h")
    monkeypatch.chdir(cwd)
    (cwd / ".env").write_text('UI={"mouse": true}')
    (cwd / "tenantpilot.toml").write_text("[ui]\nmouse = true")
    assert Settings().model_dump(mode="json") == {
        "database": {"url": None, "write_url": None, "production": False},
        "backup_health": {
            "freshness_window": "24h",
            "schedule_grace": "60m",
            "clock_skew": "5m",
            "longest_run": "6h",
        },
        "evidence": {"loss_share": "50%", "loss_items": 3},
        "known": {"file": None},
        "ui": {"refresh": "30s", "theme": "tenantpilot-dark", "plain": False, "mouse": False},
        "databases": {},
        "groups": {},
        "views": {},
        "commands": {},
        "sources": {},
        "keys": {},
    }


def test_a_known_variable_that_is_empty_counts_as_unset(cwd: Path) -> None:
    environ = {WINDOW_VARIABLE: "", "TENANTPILOT_CONFIG": ""}
    assert load(cwd, environ=environ).sources[WINDOW] == "default"


# Names


@pytest.mark.parametrize(
    ("text", "unknown", "nearest"),
    [
        ("[ui]\ntheem = 'x'", "ui.theem", "ui.theme"),
        ("[backup_health]\nfreshnes_window = '1h'", "backup_health.freshnes_window", WINDOW),
        ("[backuphealth]\nlongest_run = '1h'", "backuphealth.longest_run", "backup_health.longest_run"),
        ("freshness_window = '1h'", "freshness_window", WINDOW),
        ("[databse]", "databse", "database.url"),
        ("[UI]\nmouse = true", "UI.mouse", "ui.mouse"),
        ('[ui]\n"mou\\u007fse" = true', "ui.mou␡se", "ui.mouse"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(cwd: Path, text: str, unknown: str, nearest: str) -> None:
    where = f"(file {cwd / 'tenantpilot.toml'})"
    assert refusal(cwd, text) == f"unknown setting {unknown} {where}; the nearest known one is {nearest}"


@pytest.mark.parametrize("value", ["", SECRET_URL])
@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("TENANTPILOT_DATABSE__URL", "TENANTPILOT_DATABASE__URL"),
        ("TENANTPILOT_DATABASE_URL", "TENANTPILOT_DATABASE__URL"),
        ("TENANTPILOT_DATABASE__url", "TENANTPILOT_DATABASE__URL"),
        ("TENANTPILOT_UI", "TENANTPILOT_UI__THEME"),
        ("TENANTPILOT_CONFIG_FILE", "TENANTPILOT_CONFIG"),
    ],
)
def test_an_unknown_variable_names_the_nearest_one(cwd: Path, variable: str, nearest: str, value: str) -> None:
    sentence = refusal(cwd, environ={variable: value})
    assert sentence == f"unknown variable {variable} (environment); the nearest known one is {nearest}"


def test_however_long_an_unknown_name_is_the_nearest_one_is_said(cwd: Path) -> None:
    sentence = refusal(cwd, environ={f"TENANTPILOT_UI__{'THEME' * 1000}": "x"})
    assert len(sentence) < 200
    assert sentence.endswith("the nearest known one is TENANTPILOT_UI__THEME")


def test_an_unknown_override_names_the_nearest_one(cwd: Path) -> None:
    sentence = refusal(cwd, overrides={"database.ulr": SECRET_URL})
    assert sentence == "unknown setting database.ulr (command line); the nearest known one is database.url"


def test_a_section_that_is_not_a_table_is_refused(cwd: Path) -> None:
    assert "ui (file " in (sentence := refusal(cwd, "ui = 'dark'"))
    assert sentence.endswith("must be a section, written [ui]")


# Values


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("backup_health.freshness_window", ["1s", "24h", "365d"], ["0", "0s", "366d"]),
        ("backup_health.schedule_grace", ["0", "60m", "30d"], ["-1s", "30d1s"]),
        ("backup_health.clock_skew", ["0", "5m", "24h"], ["24h1s"]),
        ("backup_health.longest_run", ["1s", "6h", "30d"], ["0", "30d1s", "6 hours"]),
        ("evidence.loss_share", ["1%", "50%", "100%"], ["0%", "101%", "50", "0.5", "50 %", "-1%", "%"]),
        ("evidence.loss_items", ["1", "3", "1000000"], ["0", "1000001", "3.0", "-1", "three"]),
        ("ui.refresh", ["0", "0s", "1s", "24h"], ["24h1s", "0.5s", "30"]),
        ("ui.theme", ["nord", "a-b_1", "x" * 64], ["Nord", "x" * 65, "a\x1b", "[red]", " "]),
        ("ui.mouse", ["true", "false", "True", "1", "0"], ["maybe", "2"]),
        ("database.url", ["sqlite:///x.db", "postgresql+psycopg://u@h/d"], ["fleet.db", "/x.db", "://", " x://"]),
        ("database.write_url", ["postgres://h/d"], ["fleet.db"]),
    ],
)
def test_both_sides_of_every_limit(cwd: Path, key: str, good: list[str], bad: list[str]) -> None:
    variable = "TENANTPILOT_" + key.upper().replace(".", "__")
    for value in good:
        assert load(cwd, environ={variable: value}).sources[key] == f"environment {variable}"
    for value in bad:
        assert refusal(cwd, environ={variable: value}).startswith(f"{key} (environment {variable}): ")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[ui]\nmouse = 'maybe'", "must be true or false"),
        ("[ui]\nmouse = []", "must be true or false"),
        ("[ui]\ntheme = 5", "must be text in quotes"),
        ("[ui.theme]\nname = 'x'", "must be text in quotes"),
        ("[database]\nurl = 5", "must be text in quotes"),
        ("[backup_health]\nfreshness_window = 24", 'must be a duration in quotes, such as "24h" or "1h30m"'),
        ("[backup_health]\nfreshness_window = false", 'must be a duration in quotes, such as "24h" or "1h30m"'),
        ("[backup_health]\nfreshness_window = 0", "must be from 1s to 365d"),
        ("[evidence]\nloss_share = 0.5", 'must be a share in quotes, such as "50%"'),
        ("[evidence]\nloss_share = 50", 'must be a share in quotes, such as "50%"'),
        ("[evidence]\nloss_share = '0%'", 'must be from "1%" to "100%", a whole number'),
        ("[evidence]\nloss_items = true", "must be a whole number from 1 to 1000000"),
        ("[evidence]\nloss_items = 2.5", "must be a whole number from 1 to 1000000"),
        ("[evidence]\nloss_items = 0", "must be a whole number from 1 to 1000000"),
        ("[ui]\nrefresh = '25h'", "must be 0, which turns it off, or from 1s to 24h"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(cwd: Path, line: str, reason: str) -> None:
    sentence = refusal(cwd, line)
    assert sentence.endswith(f" (file {cwd / 'tenantpilot.toml'}): {reason}")


def test_values_of_the_right_kind_are_read_from_the_file(cwd: Path) -> None:
    ui = load_file(cwd, "[ui]\nmouse = true\nrefresh = 0").settings.ui
    assert (ui.mouse, ui.refresh) == (True, timedelta(0))


def test_the_loss_rule_can_be_set(cwd: Path) -> None:
    assert load(cwd).settings.loss_rule() == LossRule() == LossRule(share_percent=50, items=3)
    settings = load_file(cwd, '[evidence]\nloss_share = "100%"\nloss_items = 1').settings
    assert settings.loss_rule() == LossRule(share_percent=100, items=1)


def test_durations_given_by_programs_are_whole_seconds() -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        Settings.model_validate({"ui": {"refresh": timedelta(seconds=1.5)}})


# Secrets


def test_no_secret_is_shown(cwd: Path) -> None:
    loaded = load(cwd, environ={"TENANTPILOT_DATABASE__URL": SECRET_URL})
    assert loaded.settings.database.url == SecretStr(SECRET_URL)
    assert loaded.settings.database.read_from() == SECRET_URL
    assert SECRET not in repr(loaded) + str(loaded.settings.model_dump()) + loaded.settings.model_dump_json()


@pytest.mark.parametrize(
    "text",
    [
        f"[database]\nurl = ['{SECRET_URL}']",
        f"[database]\nurl = '{SECRET}'",
        f"[ui]\ntheme = '{SECRET_URL}'",
        f"[ui]\nmouse = '{SECRET_URL}'",
        f"[backup_health]\nclock_skew = '{SECRET_URL}'",
        f"database = '{SECRET_URL}'",
        f"[database]\nurl = {SECRET_URL}",
        f"[database]\nurl = '{SECRET_URL}",
        f"[database]\nurl '{SECRET_URL}'",
        f"[database]\nurl = '{SECRET_URL}'\nurl = '{SECRET_URL}'",
        f"[database]\nurl = '{SECRET_URL}\xff'".encode("latin-1"),
    ],
)
def test_no_error_holds_a_secret_from_the_file(cwd: Path, text: str | bytes) -> None:
    assert str(cwd / "tenantpilot.toml") in refusal(cwd, text)


@pytest.mark.parametrize("key", ["database.url", "database.write_url"])
@pytest.mark.parametrize(
    "url",
    [
        SECRET_URL,
        f"postgresql://:{SECRET}@db1",
        f"postgresql://u:{SECRET}/?#x@db1/fleet",
        f"postgresql://db1/fleet?sslmode=require&password={SECRET}",
        f"postgresql://db1/fleet?sslpassword={SECRET}",
        f"postgresql://db1/fleet?PASSWORD={SECRET}",
        f"postgresql://db1/fleet?p%61ssword={SECRET}",
        f"postgresql://u:x@{SECRET}@db1/fleet",
    ],
)
def test_a_password_on_the_command_line_is_refused(cwd: Path, key: str, url: str) -> None:
    assert "~/.pgpass" in refusal(cwd, overrides={key: url})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://triage@db1:5432/fleet",
        "postgresql://triage:@db1/fleet",
        "postgresql://[::1]:5432/fleet",
        "postgresql:///fleet?host=/run/postgresql&passfile=/x",
        "sqlite:////srv/a:b@c/fleet.db",
    ],
)
def test_a_url_without_a_password_is_accepted_on_the_command_line(cwd: Path, url: str) -> None:
    assert load(cwd, overrides={"database.url": url}).settings.database.read_from() == url


def test_the_secrets_are_the_urls_of_the_model() -> None:
    for key in known_keys({"databases": {"eu": {}}}):
        section, *_, name = key.split(".")
        model: Any = DatabaseSettings if section == "databases" else Settings.model_fields[section].annotation
        assert is_secret(key) == ("SecretStr" in repr(model.model_fields[name].annotation)), key


# Groups


def test_groups_have_tenants_and_perhaps_an_owner(cwd: Path) -> None:
    groups = load_file(
        cwd, '[groups.gold]\ntenants = ["*.bank.example"]\nowner = "ana"\n[groups.b]\ntenants = ["x"]'
    ).settings
    assert groups.tenant_groups().groups == (Group("gold", ("*.bank.example",), "ana"), Group("b", ("x",)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[groups.gold]", "groups.gold ({}): has no tenants; write it there"),
        ("[groups.gold]\ntenants = []", "groups.gold.tenants ({}): must be external ids in quotes and brackets"),
        ('[groups.gold]\ntenants = [""]', "groups.gold.tenants ({}): must be external ids"),
        ('[groups.gold]\ntenants = "x"', "groups.gold.tenants ({}): must be a list in brackets"),
        ("[groups.gold]\ntenants = [7]", "groups.gold.tenants.0 ({}): must be text in quotes"),
        ('[groups.Gold]\ntenants = ["x"]', "groups.Gold ({}): its name must be at most 32 small letters and digits"),
        ('[groups.gold]\ntenants = ["x"]\nowner = " "', "groups.gold.owner ({}): must be text that is not empty"),
        ('[groups.gold]\ntenants = ["x"]\nowners = "a"', "nearest known one is groups.gold.owner"),
        ("groups = 7", "groups ({}): must be a section, written [groups]"),
    ],
)
def test_a_group_that_is_refused(cwd: Path, text: str, said: str) -> None:
    assert said.format(f"file {cwd / 'tenantpilot.toml'}") in refusal(cwd, text)
