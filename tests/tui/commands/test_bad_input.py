"""Bad input: one clear sentence on standard error, an exit code that is not 0, and nothing half-written.

Modules: tui.commands, tui.settings, tui.words.failures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.commands.console import AT, Console

SECRET = "pa55-w0rd"


# The command line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["reprot"], "There is no command 'reprot'. Did you mean 'report'?"),
        (["xyzzy"], "There is no command 'xyzzy'. See 'tenantpilot --help'."),
        (["report", "--format", "xml"], "'xml' is not one of"),
        (["report", "--bogus"], "No such option '--bogus'"),
        (["report", "surplus"], "unexpected extra argument"),
        (["tenant", "remove", "contoso"], "No such command 'remove'"),
        (["import"], ""),
        (["import", "intunecd", "."], "Missing option '--tenant'"),
        (["schedule", "add", "nightly"], "Missing option '--tenant'"),
        (["tenant", "add"], "Missing argument 'EXTERNAL_ID'"),
        (["--screen", "nowhere"], "there is no 'nowhere'; the nearest is"),
    ],
    ids=str,
)
def test_a_wrong_command_line_is_2_and_a_sentence(console: Console, words: list[str], sentence: str) -> None:
    found = console.bare(*words)
    assert found.code == 2
    if sentence:
        assert sentence in found.refusal()


@pytest.mark.parametrize("command", [["report"], ["check"], ["demo"]], ids=str)
@pytest.mark.parametrize(
    ("instant", "why"),
    [
        (
            "2026-11-23T09:00:00",
            "has no time zone: end it with the offset of the clock that showed it",
        ),
        ("2026-11-23", "has no time zone"),
        ("yesterday", "is not an instant: write it as 2026-11-23T09:00:00Z"),
        ("", "is not an instant"),
        ("2026-02-31T09:00:00Z", "is not an instant"),
        ("2026-11-23T25:00:00Z", "is not an instant"),
        ("0001-01-01T00:00:00+01:00", "is outside the years 1 to 9999"),
        ("9999-12-31T23:59:59-01:00", "is outside the years 1 to 9999"),
        ("infinity", "is not an instant"),
    ],
)
def test_an_instant_without_a_time_zone_or_not_an_instant(
    console: Console, command: list[str], instant: str, why: str
) -> None:
    found = console.run(*command, "--now", instant)
    assert found.code == (3 if command == ["check"] else 2)
    assert why in found.refusal()


@pytest.mark.parametrize("command", ["tenant", "schedule", "db", "config", "import", "record"])
def test_an_instant_to_judge_at_is_for_commands_that_judge(console: Console, command: str) -> None:
    """Without the refusal, `tenantpilot --now ... tenant add` would add a tenant with a wrong creation instant."""
    found = console.bare(*AT, command)
    assert found.code == 2
    assert found.refusal() == f"--now is for commands that judge, and '{command}' does not."


@pytest.mark.parametrize("option", [["--tenant", "contoso"], ["--screen", "dashboard"]], ids=str)
def test_an_option_that_the_command_would_ignore_is_refused(console: Console, option: list[str]) -> None:
    found = console.bare(*option, "report", "--database", console.url)
    assert found.code == 2
    assert f"{option[0]} here opens a screen" in found.refusal()


@pytest.mark.parametrize(
    ("group", "commands"),
    [
        ("import", "'tenantpilot import facts', 'tenantpilot import intunebackup'"),
        ("tenant", "'tenantpilot tenant add', 'tenantpilot tenant archive'"),
        ("schedule", "'tenantpilot schedule add'"),
        ("db", "'tenantpilot db analyze', 'tenantpilot db init', 'tenantpilot db status', 'tenantpilot db upgrade'."),
    ],
)
def test_a_group_without_a_command_says_which_there_are(console: Console, group: str, commands: str) -> None:
    found = console.bare(group)
    assert found.code == 2
    assert found.refusal().startswith(f"Say what to do: {commands}")
    assert "␊" not in found.err


@pytest.mark.parametrize(
    "words", [["report"], ["check"], ["prune", "--keep-days", "1"], ["--screen", "dashboard"]], ids=" ".join
)
def test_a_tenant_id_in_bytes_that_are_not_text_is_refused(any_console: Console, words: list[str]) -> None:
    """Python passes such a byte on as half a character (a surrogate), which no driver can send."""
    found = any_console.bare(*words, "--tenant", "a\udcff", "--database", any_console.url)
    assert found.code == (3 if words == ["check"] else 2)
    assert found.refusal() == (
        "Invalid value for '--tenant': character 2 is not UTF-8: see 'tenantpilot tenant list' for the ids"
    )


@pytest.mark.parametrize("external_id", ["a\u202e", "é", "\x1b"])
def test_a_tenants_id_that_could_be_in_a_database_is_looked_for(any_console: Console, external_id: str) -> None:
    found = any_console.run("report", "--tenant", external_id)
    assert found.code == 3
    assert "in the fleet" in found.refusal()


# Databases


@pytest.mark.parametrize(
    "words", [["report"], ["check"], ["tenant", "list"], ["schedule", "list"], ["db", "status"]], ids=" ".join
)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no database at"),
        (b"", "has no tables yet: run 'tenantpilot db init'"),
        (b"this is no database, but long enough to have a header" * 99, "is damaged or not a SQLite database"),
    ],
)
def test_a_file_that_is_not_a_database(
    console: Console, tmp_path: Path, words: list[str], content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    found = console.bare(*words, "--database", f"sqlite:///{path}")
    assert found.code == 3
    if words == ["db", "status"] and content == b"":
        assert found.out == "other.db: there are no tables yet: run 'tenantpilot db init'.\n"
    else:
        assert sentence in found.refusal()
    assert (path.read_bytes() if path.exists() else None) == content


WRITING = [
    ["tenant", "add", "contoso"],
    ["tenant", "rename", "contoso", "Contoso"],
    ["tenant", "archive", "contoso"],
    ["schedule", "add", "nightly", "--tenant", "contoso"],
    ["schedule", "enable", "nightly", "--tenant", "contoso"],
    ["schedule", "disable", "nightly", "--tenant", "contoso"],
    ["db", "upgrade"],
]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_writing_to_a_missing_database_creates_none(console: Console, tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "other.db"
    missing = console.bare(*words, "--database", f"sqlite:///{path}")
    assert missing.code == 3
    assert f"There is no database at {path}: restore it if there was one. For a new one," in missing.refusal()
    assert "'tenantpilot db init'" in missing.refusal()
    assert not path.exists()
    path.touch()
    empty = console.bare(*words, "--database", f"sqlite:///{path}")
    assert empty.code == 3
    assert "has no tables yet: run 'tenantpilot db init'" in empty.refusal()
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "mysql://db1/fleet",
        f"mysql://triage:{SECRET}@db1/fleet",
        f"postgresql://triage:{SECRET}@db1/fleet",
        f"postgresql://triage@db1/fleet?password={SECRET}",
        f"postgresql://triage@db1/fleet?p%61ssword={SECRET}",
        f"postgresql://triage@db1/fleet?sslpassword={SECRET}",
        f"postgresql://triage:{SECRET}@db1:port/fleet",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
@pytest.mark.parametrize("words", [["report"], ["tenant", "list"], ["config"], ["db", "init"]], ids=" ".join)
def test_a_url_that_cannot_be_used_on_a_command_line(console: Console, words: list[str], url: str) -> None:
    found = console.bare(*words, "--database", url)
    if words == ["config"] and found.code == 0:
        # `config` opens nothing. It checks only the form of the URL, and whether it has a password.
        assert SECRET not in url
        return
    assert found.code == 2
    assert SECRET not in found.refusal()


def test_a_url_with_a_password_taken_for_a_command_is_not_repeated(console: Console) -> None:
    found = console.bare(f"postgresql://triage:{SECRET}@db1/fleet")
    assert found.code == 2
    assert found.refusal() == "Write a database's URL after --database."


@pytest.mark.parametrize(
    "words", [["report"], ["check"], ["tenant", "list"], ["db", "status"], ["db", "init"]], ids=str
)
def test_a_password_in_the_environment_is_used_and_never_shown(
    console: Console, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", f"postgresql://triage:{SECRET}@127.0.0.1:1/fleet?connect_timeout=1")
    found = console.bare(*words)
    assert found.code == 3
    assert "fleet@127.0.0.1" in found.refusal()
    assert SECRET not in found.err


@pytest.mark.parametrize(
    "url",
    [f"postgresql://triage:x@{SECRET}@db1/fleet", f"postgresql://triage:x@y/{SECRET}@db1/fleet"],
)
@pytest.mark.parametrize("words", [["report"], ["check"], ["config"], ["db", "status"]], ids=" ".join)
def test_the_end_of_a_password_with_an_at_sign_is_never_shown(
    console: Console, monkeypatch: pytest.MonkeyPatch, words: list[str], url: str
) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", url)
    found = console.bare(*words)
    assert found.code == {"report": 2, "check": 3, "config": 0, "db": 2}[words[0]]
    assert "write @ in a password, and behind it, as %40" in found.out + found.err
    assert SECRET not in found.out + found.err


# Settings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[backup_health]\nfreshness_window = "-24h"', "backup_health.freshness_window"),
        ('[backup_health]\nfreshness_window = "0"', "must be from 1s to 365d"),
        ('[backup_health]\nclock_skew = "25h"', "must be from 0s to 24h"),
        ("[backup_health]\nlongest_run = 6", "backup_health.longest_run"),
        ('[backup_health]\nfreshnes_window = "24h"', "the nearest known one is backup_health.freshness_window"),
        ("[backup_health", "is not valid TOML"),
        ("\xff", "is not valid TOML"),
    ],
)
def test_a_setting_that_is_out_of_range_or_unknown(console: Console, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="latin-1")
    for words, code in ((["report"], 2), (["check"], 3), (["tenant", "add", "x"], 2), (["config"], 2)):
        found = console.run(*words, "--config", str(file))
        assert found.code == code
        assert sentence in found.refusal()


def test_a_name_that_no_terminal_can_show_is_escaped_once(console: Console, tmp_path: Path) -> None:
    """If it were made safe twice, the brackets of the first time would be escaped too."""
    missing = console.run("report", "--config", str(tmp_path / "a\udcffb.toml"))
    assert "a⟨U+DCFF⟩b.toml does not exist" in missing.refusal()
    file = tmp_path / "settings.toml"
    file.write_text('[ui]\n"mou\\u202ese" = true')
    assert "unknown setting ui.mou⟨U+202E⟩se (file " in console.run("report", "--config", str(file)).refusal()


def test_an_unknown_variable_names_the_nearest_one(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE_URL", "sqlite:///x.db")
    found = console.bare("report")
    assert found.code == 2
    assert "the nearest known one is TENANTPILOT_DATABASE__URL" in found.refusal()
