"""Bad input: one clear sentence on standard error, an exit code that is not 0, and nothing half-written."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.trees import plant, policy
from tests.health.store.bare import bare
from tests.tui.commands.console import AT, Console, a_fleet

SECRET = "pa55-w0rd"


@pytest.fixture
def everything(console: Console) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """All rows, of a fleet in which there is something to lose."""
    console.load(a_fleet("confirmed", "follow_up"))

    def read() -> dict[str, list[tuple[Any, ...]]]:
        with bare(console.url) as store:
            return store.everything()

    return read


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
        (["--screen", "nowhere"], "'nowhere' is not one of"),
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
        ("2026-11-23T09:00:00", "has no time zone: write it as 2026-11-23T09:00:00Z"),
        ("2026-11-23", "has no time zone"),
        ("yesterday", "is no instant: write it as 2026-11-23T09:00:00Z"),
        ("", "is no instant"),
        ("2026-02-31T09:00:00Z", "is no instant"),
        ("2026-11-23T25:00:00Z", "is no instant"),
        ("0001-01-01T00:00:00+01:00", "lies outside the years 1 to 9999"),
        ("9999-12-31T23:59:59-01:00", "lies outside the years 1 to 9999"),
        ("infinity", "is no instant"),
    ],
)
def test_an_instant_without_a_time_zone_or_that_is_none(
    console: Console, command: list[str], instant: str, why: str
) -> None:
    found = console.run(*command, "--now", instant)
    assert found.code == (3 if command == ["check"] else 2)
    assert why in found.refusal()


@pytest.mark.parametrize("command", ["tenant", "schedule", "db", "config", "import", "record"])
def test_an_instant_to_judge_at_is_no_business_of_a_command_that_does_not_judge(console: Console, command: str) -> None:
    """Before it was refused, `tenantpilot --now ... tenant add` would have made a tenant of another time."""
    found = console.bare(*AT, command)
    assert found.code == 2
    assert found.refusal() == f"--now is for commands that judge, and '{command}' does not."


@pytest.mark.parametrize("option", [["--tenant", "contoso"], ["--screen", "dashboard"]], ids=str)
def test_what_a_command_would_not_hear_in_front_of_it_is_refused(console: Console, option: list[str]) -> None:
    found = console.bare(*option, "report", "--database", console.url)
    assert found.code == 2
    assert f"{option[0]} here opens a screen" in found.refusal()


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
def test_a_database_that_is_none(
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
def test_writing_to_what_is_none_makes_none(console: Console, tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "other.db"
    missing = console.bare(*words, "--database", f"sqlite:///{path}")
    assert missing.code == 3
    assert "run 'tenantpilot db init'" in missing.refusal()
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
        # It opens nothing: only the form of the URL and a password in it are its business.
        assert "password" not in url
        assert SECRET not in url
        return
    assert found.code == 2
    assert SECRET not in found.refusal()


def test_a_url_with_a_password_that_is_taken_for_a_command_is_not_repeated(console: Console) -> None:
    found = console.bare(f"postgresql://triage:{SECRET}@db1/fleet")
    assert found.code == 2
    assert found.refusal() == "A database's URL stands behind --database."


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


def test_config_masks_passwords_wherever_they_are(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE__URL", f"postgresql://triage:{SECRET}@db1/fleet?sslpassword={SECRET}")
    monkeypatch.setenv("TENANTPILOT_DATABASE__WRITE_URL", f"postgresql://writer@db1/fleet?password={SECRET}")
    found = console.bare("config")
    assert found.code == 0
    assert "postgresql+psycopg://triage:***@db1/fleet" in found.out
    assert SECRET not in found.out


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


def test_an_unknown_variable_names_the_nearest_one(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTPILOT_DATABASE_URL", "sqlite:///x.db")
    found = console.bare("report")
    assert found.code == 2
    assert "the nearest known one is TENANTPILOT_DATABASE__URL" in found.refusal()


# Names


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("a\x1b[2J", "character 2 (U+001B) is not visible"),
        ("line\nbreak", "character 5 (U+000A) is not visible"),
        ("tab\there", "(U+0009) is not visible"),
        ("\u202eevil", "character 1 (U+202E) is not visible"),
        ("zero\u200bwidth", "(U+200B) is not visible"),
        ("\ud800", "(U+D800) is not visible"),
        ("\ue000", "(U+E000) is not visible"),
        ("del\x7f", "(U+007F) is not visible"),
        ("c1\x9b", "(U+009B) is not visible"),
        ("x" * 201, "it has 201 characters: give it at most 200"),
    ],
)
def test_a_name_with_characters_that_nobody_sees_is_refused_when_it_comes_in(
    console: Console, everything: Callable[[], object], name: str, why: str
) -> None:
    before = everything()
    for words in (
        ["tenant", "add", name],
        ["tenant", "add", "new", "--name", name],
        ["tenant", "rename", "confirmed-1", name],
        ["schedule", "add", name, "--tenant", "confirmed-1"],
        ["import", "intunecd", ".", "--tenant", "x", "--create-tenant", name, "--completed-at", AT[1]],
    ):
        found = console.run(*words)
        assert found.code == 2, words
        assert why in found.refusal()
    assert everything() == before


def test_a_name_of_200_characters_in_any_script_is_taken(console: Console) -> None:
    assert console.run("tenant", "add", "Ω" * 200).code == 0


# Tenants and schedules that are not there


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tenant", "rename", "nobody", "x"], "There is no tenant 'nobody'"),
        (["tenant", "archive", "nobody"], "There is no tenant 'nobody'"),
        (["tenant", "add", "confirmed-1"], "There is a tenant 'confirmed-1' already"),
        (["schedule", "add", "x", "--tenant", "nobody"], "There is no tenant 'nobody'"),
        (["schedule", "add", "nightly", "--tenant", "follow_up-2"], "has a schedule 'nightly' already"),
        (["schedule", "enable", "x", "--tenant", "confirmed-1"], "has no schedule 'x'"),
        (["schedule", "disable", "nightly", "--tenant", "confirmed-1"], "has no schedule 'nightly'"),
        (["schedule", "list", "--tenant", "nobody"], "There is no tenant 'nobody'"),
    ],
    ids=str,
)
def test_what_is_missing_or_taken_is_1(
    console: Console, everything: Callable[[], object], words: list[str], sentence: str
) -> None:
    before = everything()
    found = console.run(*words)
    assert found.code == 1
    assert sentence in found.refusal()
    assert everything() == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--cron", "nonsense"], "its cron expression does not have five fields"),
        (["--cron", "61 2 * * *"], "its cron expression is not valid"),
        (["--cron", "0 2 30 2 *"], "its cron expression is not valid"),
        (["--cron", ""], "its cron expression does not have five fields"),
        (["--timezone", "Mars/Olympus"], "its time zone is not an IANA name"),
        (["--cron", "0 2 * * *", "--timezone", ""], "its time zone is not an IANA name"),
    ],
    ids=str,
)
def test_a_bad_cron_or_zone_is_refused_when_it_comes_in(
    console: Console, everything: Callable[[], object], options: list[str], why: str
) -> None:
    before = everything()
    found = console.run("schedule", "add", "weekly", "--tenant", "confirmed-1", *options)
    assert found.code == 2
    assert found.refusal() == f"The schedule cannot be planned: {why}."
    assert everything() == before


# Imports


INTUNECD = ("--tenant", "confirmed-1", "--completed-at", "2026-11-23T08:30:00Z")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["missing", *INTUNECD], 1, "this folder cannot be read"),
        (["file", *INTUNECD], 1, "this folder cannot be read"),
        (["empty", *INTUNECD], 1, "no item in it"),
        (["backup", "--tenant", "nobody", "--completed-at", AT[1]], 1, "There is no tenant 'nobody'"),
        (["backup", "--tenant", "confirmed-1"], 2, "A folder has no clock"),
        (["backup", *INTUNECD, "--git"], 2, "A folder has no clock"),
        (["backup", "--tenant", "confirmed-1", "--completed-at", "2026-11-23"], 2, "has no time zone"),
        (["backup", "--tenant", "confirmed-1", "--git"], 1, ""),
        (["missing", "--tenant", "brand-new", "--create-tenant", "New", "--completed-at", AT[1]], 1, "cannot be read"),
    ],
    ids=str,
)
def test_a_backup_that_cannot_be_imported_changes_nothing(
    console: Console,
    everything: Callable[[], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    sentence: str,
) -> None:
    plant(tmp_path / "backup", {"Roles/a.json": policy()})
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.chdir(tmp_path)
    before = everything()
    found = console.run("import", "intunecd", *words)
    assert found.code == code
    assert sentence in found.refusal()
    assert everything() == before


SET = '{"kind": "set", "external_id": "nobody", "name": "n", "source": "s", "source_ref": "r", "status": "failed"}'
LINE = '{"kind": "tenant", "external_id": "new", "name": "New"}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{LINE}\nnot json\n", ":2:1: this is not valid JSON"),
        (f'{LINE}\n{{"kind": "tenant", "external_id": "x"}}\n', ':2:1: a tenant has to name its "name"'),
        (f'{LINE}\n{{"kind": "tenant", "external_id": "x", "name": 5}}\n', '"name" must be a string'),
        (
            f'{LINE}\n{{"kind": "tenant", "external_id": "x\\u001b", "name": "y"}}\n',
            "must not hold the control character",
        ),
        (f"{LINE}\n{SET}\n", "There is no tenant 'nobody'"),
        ("", "there are no facts in it"),
    ],
)
def test_facts_that_cannot_be_imported_change_nothing(
    console: Console, everything: Callable[[], object], tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text(text)
    before = everything()
    found = console.run("import", "facts", str(file))
    assert found.code == 1
    assert sentence in found.refusal()
    assert everything() == before


def test_a_file_of_facts_that_cannot_be_read(console: Console, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.jsonl", tmp_path):
        found = console.run("import", "facts", str(path))
        assert found.code == 1
        assert f"{path} cannot be read" in found.refusal()


def test_bad_facts_from_standard_input(
    console: Console, everything: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE.encode() + b"\n\xff\n")))
    found = console.run("import", "facts", "-")
    assert found.code == 1
    assert "standard input:2:1: this byte is not UTF-8" in found.refusal()
    assert everything() == before
