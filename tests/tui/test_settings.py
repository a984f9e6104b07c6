"""Settings: their order, their names, their limits, who may write the file, and no secret in any error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from health.policy import HealthPolicy
from tui.settings import (
    DatabaseSettings,
    LoadedSettings,
    Settings,
    SettingsError,
    default_database_path,
    effective_database_url,
    effective_write_url,
    load_settings,
    usable_databases,
)
from tui.settings.loading import is_secret, known_keys

SECRET = "pa55-w0rd"
SECRET_URL = f"postgresql://triage:{SECRET}@db1/fleet"
WINDOW = "backup_health.freshness_window"
WINDOW_VARIABLE = "TENANTPILOT_BACKUP_HEALTH__FRESHNESS_WINDOW"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything in it, so that no file of the machine's user is read."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    return home


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    cwd = tmp_path / "work"
    cwd.mkdir()
    return cwd


def load(
    cwd: Path,
    *,
    config: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoadedSettings:
    return load_settings(config=config, overrides=overrides or {}, environ=environ or {}, cwd=cwd)


def write(cwd: Path, text: str | bytes) -> None:
    (cwd / "tenantpilot.toml").write_bytes(text.encode() if isinstance(text, str) else text)


def load_file(cwd: Path, text: str) -> LoadedSettings:
    write(cwd, text)
    return load(cwd)


def refusal(cwd: Path, text: str | bytes = "", **given: Any) -> str:
    """The one sentence of the error, checked for what holds of all of them."""
    if text:
        write(cwd, text)
    with pytest.raises(SettingsError) as refused:
        load(cwd, **given)
    sentence = str(refused.value)
    assert sentence.isprintable()
    assert SECRET not in sentence
    # Nothing that a traceback, a log or a debugger would follow knows the secret either.
    seen: list[BaseException] = [refused.value]
    while (inner := seen[-1].__context__ or seen[-1].__cause__) is not None:
        assert SECRET not in repr(inner) + str(vars(inner))
        seen.append(inner)
    return sentence


# The order


def test_defaults_are_the_policy_of_the_design(cwd: Path) -> None:
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


def test_the_file_is_the_named_one_else_the_working_directorys_else_the_users(cwd: Path, home: Path) -> None:
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
        "ui": {"refresh": "30s", "theme": "tenantpilot-dark", "plain": False, "mouse": False},
        "databases": {},
        "keys": {},
    }


def test_an_empty_variable_counts_as_unset(cwd: Path) -> None:
    environ = {WINDOW_VARIABLE: "", "TENANTPILOT_CONFIG": "", "TENANTPILOT_NO_SUCH": ""}
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
def test_an_unknown_variable_names_the_nearest_one(cwd: Path, variable: str, nearest: str) -> None:
    sentence = refusal(cwd, environ={variable: SECRET_URL})
    assert sentence == f"unknown variable {variable} (environment); the nearest known one is {nearest}"


def test_an_unknown_override_names_the_nearest_one(cwd: Path) -> None:
    sentence = refusal(cwd, overrides={"database.ulr": SECRET_URL})
    assert sentence == "unknown setting database.ulr (command line); the nearest known one is database.url"


def test_a_section_that_is_none_is_refused(cwd: Path) -> None:
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
        ("[ui]\nrefresh = '25h'", "must be 0, which turns it off, or from 1s to 24h"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(cwd: Path, line: str, reason: str) -> None:
    sentence = refusal(cwd, line)
    assert sentence.endswith(f" (file {cwd / 'tenantpilot.toml'}): {reason}")


def test_values_of_the_right_kind_are_read_from_the_file(cwd: Path) -> None:
    ui = load_file(cwd, "[ui]\nmouse = true\nrefresh = 0").settings.ui
    assert (ui.mouse, ui.refresh) == (True, timedelta(0))


def test_durations_given_by_programs_are_whole_seconds() -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        Settings.model_validate({"ui": {"refresh": timedelta(seconds=1.5)}})


# Secrets


def test_no_secret_is_shown(cwd: Path) -> None:
    loaded = load(cwd, environ={"TENANTPILOT_DATABASE__URL": SECRET_URL})
    assert loaded.settings.database.url == SecretStr(SECRET_URL)
    assert effective_database_url(loaded.settings.database) == SECRET_URL
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
    assert effective_database_url(load(cwd, overrides={"database.url": url}).settings.database) == url


def test_what_is_kept_secret_are_the_urls_of_the_model() -> None:
    for key in known_keys(("eu",)):
        section, *_, name = key.split(".")
        model: Any = DatabaseSettings if section == "databases" else Settings.model_fields[section].annotation
        assert is_secret(key) == ("SecretStr" in repr(model.model_fields[name].annotation)), key


# The file


def test_a_named_file_must_exist(cwd: Path) -> None:
    missing = cwd / "no.toml"
    assert refusal(cwd, config=missing) == (
        f"configuration file {missing} does not exist; correct --config, or leave it out"
    )
    assert refusal(cwd, environ={"TENANTPILOT_CONFIG": "no.toml"}) == (
        f"configuration file {missing} does not exist; correct TENANTPILOT_CONFIG, or leave it out"
    )


def test_a_file_that_cannot_be_read_is_refused(cwd: Path) -> None:
    assert f"{cwd} cannot be read (Is a directory)" in refusal(cwd, config=cwd)
    (cwd / "tenantpilot.toml").symlink_to("tenantpilot.toml")
    assert "cannot be read (" in refusal(cwd)
    assert "cannot be read (" in refusal(cwd, config=Path("\0"))


@pytest.mark.parametrize(("mode", "trusted"), [(0o600, True), (0o664, True), (0o602, False), (0o666, False)])
def test_a_file_that_everybody_can_write_is_refused(cwd: Path, mode: int, trusted: bool) -> None:
    path = cwd / "tenantpilot.toml"
    path.touch()
    path.chmod(mode)
    if trusted:
        assert load(cwd).file == path
    else:
        assert (
            refusal(cwd)
            == f"configuration file {path} can be written by everybody; take that right away with chmod o-w"
        )


@pytest.mark.parametrize(("user", "owner", "trusted"), [(1000, 1000, True), (1000, 0, True), (1000, 1001, False)])
def test_a_file_of_somebody_else_is_refused(
    cwd: Path, monkeypatch: pytest.MonkeyPatch, user: int, owner: int, trusted: bool
) -> None:
    path = cwd / "tenantpilot.toml"
    path.touch()
    real = os.fstat

    def owned(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[4] = owner
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", owned)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if trusted:
        assert load(cwd).file == path
    else:
        assert f"{path} belongs to user 1001, neither you nor root" in refusal(cwd)


def test_no_file_at_all_is_written_dev_null(cwd: Path) -> None:
    (cwd / "tenantpilot.toml").write_text("[ui]\nmouse = true")
    assert load(cwd, config=Path(os.devnull)).settings == Settings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[ui]\nmouse true", "line 2: Expected '=' after a key in a key/value pair"),
        ("[ui]\nmouse = [\n\n", "line 4: "),
        ("[ui]\n\n[ui]", "line 3: "),
        (b"[ui]\n# \xff", "line 2: this is not UTF-8 text"),
        ("x = " + "[" * 5_000, "line 1: values are nested too deeply"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(cwd: Path, text: str | bytes, problem: str) -> None:
    path = cwd / "tenantpilot.toml"
    assert refusal(cwd, text).startswith(f"configuration file {path} is not valid TOML: {problem}")


def test_the_name_of_a_file_cannot_break_the_sentence(cwd: Path) -> None:
    assert "no␊pe␛.toml" in refusal(cwd, config=Path("no\npe\x1b.toml"))


# The database


def test_without_a_database_there_is_a_file_of_the_users_own(cwd: Path, home: Path) -> None:
    settings = load(cwd).settings.database
    assert default_database_path() == home / "data" / "tenantpilot" / "fleet.db"
    assert effective_database_url(settings) == effective_write_url(settings) == f"sqlite:///{default_database_path()}"


def test_writing_goes_where_reading_does_unless_said_otherwise(cwd: Path) -> None:
    environ = {"TENANTPILOT_DATABASE__URL": "postgresql://r@h/d"}
    assert effective_write_url(load(cwd, environ=environ).settings.database) == "postgresql://r@h/d"
    environ["TENANTPILOT_DATABASE__WRITE_URL"] = "postgresql://w@h/d"
    settings = load(cwd, environ=environ).settings.database
    assert (effective_database_url(settings), effective_write_url(settings)) == (
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


def test_several_databases_by_name(cwd: Path) -> None:
    write(cwd, TWO)
    loaded = load(cwd)
    databases = usable_databases(loaded.settings)
    assert list(databases) == ["eu", "us"]
    assert effective_database_url(databases["eu"]) == effective_write_url(databases["eu"])
    assert (databases["eu"].production, databases["us"].production) == (True, False)
    assert effective_database_url(databases["us"]) == SECRET_URL
    assert effective_write_url(databases["us"]) == "postgresql://writer@us/fleet"
    assert loaded.sources["databases.eu.url"] == f"file {cwd / 'tenantpilot.toml'}"
    assert loaded.sources["databases.eu.write_url"] == "default"
    assert SECRET not in repr(loaded)


def test_the_unnamed_database_comes_first_where_it_has_a_url(cwd: Path) -> None:
    write(cwd, f"[database]\nurl = 'sqlite:///x.db'\n{TWO}")
    assert list(usable_databases(load(cwd).settings)) == ["default", "eu", "us"]
    assert list(usable_databases(Settings())) == ["default"]


def test_the_environment_overrules_a_named_database_of_the_file(cwd: Path) -> None:
    write(cwd, "[databases.eu]\nproduction = true")
    variable = "TENANTPILOT_DATABASES__EU__URL"
    loaded = load(cwd, environ={variable: "postgresql://r@h/d"})
    assert effective_database_url(loaded.settings.databases["eu"]) == "postgresql://r@h/d"
    assert loaded.sources["databases.eu.url"] == f"environment {variable}"
    unknown = refusal(cwd, TWO, environ={"TENANTPILOT_DATABASES__EUR__URL": "postgresql://r@h/d"})
    assert "TENANTPILOT_DATABASES__EUR__URL" in unknown
    assert unknown.endswith(f"the nearest known one is {variable}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("databases = 1", "databases (file FILE): must be a section, written [databases]"),
        ("[databases]\neu = 1", "databases.eu (file FILE): must be a section, written [databases.eu]"),
        ("[databases.eu]", "databases.eu (file FILE): has no url; write the database's URL there"),
        ("[databases.eu]\nproduction = true", "databases.eu (file FILE): has no url"),
        ("[databases.eu]\nurl = 'nonsense'", "databases.eu.url (file FILE): must be a URL such as postgresql://"),
        ("[databases.eu]\nurl = 'sqlite:///x'\nproduction = 7", "databases.eu.production (file FILE): must be"),
        ("[databases.eu]\nulr = 'sqlite:///x'", "setting databases.eu.ulr (file FILE); the nearest known one is datab"),
        ("[databases.default]\nurl = 'sqlite:///x'", "databases.default (file FILE): its name must be small letters"),
        ("[databases.'E U']\nurl = 'sqlite:///x'", "databases.E U (file FILE): its name must be small letters"),
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
