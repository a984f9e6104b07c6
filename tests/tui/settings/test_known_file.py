"""The file of known reasons: an entry has all five fields. An error has a line number, and then nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.known import KnownEntry
from health.posture import Reason
from tests.tui.settings.given import load, write
from tui.settings.known_file import KnownFile, read_known_file
from tui.words.failures import SettingsError

FRIDAY = datetime(2026, 11, 27, 18, tzinfo=UTC)
ENTRY = """[[known]]
tenant = "contoso.example"
reason = "latest_backup_stale"
until = 2026-11-27T18:00:00Z
who = "ana"
why = "ticket 4711"
"""
KNOWN = KnownEntry("contoso.example", Reason.LATEST_BACKUP_STALE, FRIDAY, "ana", "ticket 4711")


def read(cwd: Path, text: str | bytes) -> KnownFile:
    path = cwd / "known.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_known_file(path)


def refusal(cwd: Path, text: str | bytes) -> str:
    with pytest.raises(SettingsError) as refused:
        read(cwd, text)
    return str(refused.value).removeprefix(f"file of what is known {cwd / 'known.toml'}")


def test_entries_and_their_lines(cwd: Path) -> None:
    found = read(cwd, f"# a note\n{ENTRY}\n{ENTRY.replace('ana', 'bob')}")
    assert found.entries == (KNOWN, KNOWN._replace(who="bob"))
    assert [line.number for line in found.lines] == [2, 9]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "known = []"])
def test_no_entries(cwd: Path, text: str) -> None:
    assert read(cwd, text).entries == ()


@pytest.mark.parametrize(
    "until", ["2026-11-27T18:00:00Z", "2026-11-27T19:00:00+01:00", "2026-11-27 18:00:00Z", '"2026-11-27T18:00:00Z"']
)
def test_an_instant_in_any_form_that_has_an_offset(cwd: Path, until: str) -> None:
    assert read(cwd, ENTRY.replace("2026-11-27T18:00:00Z", until)).entries == (KNOWN,)


def test_a_text_with_entry_lines_in_it_does_not_confuse_the_lines(cwd: Path) -> None:
    tricky = ENTRY.replace('"ticket 4711"', '"""\n[[known]]\ntenant = 1\n"""')
    assert [line.number for line in read(cwd, tricky + ENTRY).lines] == [1, 10]


def test_entries_in_one_list(cwd: Path) -> None:
    values = ", ".join(ENTRY.splitlines()[1:])
    found = read(cwd, f"\nknown = [{{{values}}}]")
    assert [(line.number, line.entry) for line in found.lines] == [(2, KNOWN)]


@pytest.mark.parametrize("name", KnownEntry._fields)
def test_all_five_are_needed(cwd: Path, name: str) -> None:
    text = ENTRY + "\n" + "\n".join(line for line in ENTRY.splitlines() if not line.startswith(name))
    assert refusal(cwd, text) == (f", line 8: {name} is missing; an entry has tenant, reason, until, who, why")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY.replace("2026-11-27T18:00:00Z", "2026-11-27T18:00:00"), ", line 1: until must be an instant with its"),
        (ENTRY.replace("2026-11-27T18:00:00Z", "2026-11-27"), ", line 1: until must be an instant"),
        (ENTRY.replace("2026-11-27T18:00:00Z", '"Friday"'), ", line 1: until must be an instant"),
        (ENTRY.replace("2026-11-27T18:00:00Z", "0001-01-01T00:00:00+02:00"), ", line 1: until must be an instant"),
        (ENTRY.replace('"ana"', '" "'), ", line 1: who must be text in quotes that is not empty"),
        (ENTRY.replace('"ana"', "7"), ", line 1: who must be text"),
        (
            ENTRY.replace("backup_stale", "backup_stail"),
            "there is no reason 'latest_backup_stail'; the nearest is latest",
        ),
        (ENTRY + "whom = 'bob'\n", ", line 1: unknown name 'whom'; the nearest known one is who"),
        ("\nknow = 7\n", ", line 2: unknown name 'know'; entries are written [[known]]"),
        ("\n" + ENTRY.replace("[[known]]", "[known]"), ", line 2: entries are written [[known]]"),
        ("known = 7", ", line 1: entries are written [[known]]"),
        ("known = [7]", ", line 1: entries are written [[known]]"),
        (ENTRY + "who = 'again'\n", " is not valid TOML: line 7: "),
        ("\n[[known]", " is not valid TOML: line 2: "),
        (b"# \xff", " is not valid TOML: line 1: this is not UTF-8 text"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(cwd: Path, text: str | bytes, said: str) -> None:
    assert said in refusal(cwd, text)


def test_a_file_that_others_could_have_written_is_refused(cwd: Path) -> None:
    path = cwd / "known.toml"
    path.write_text(ENTRY)
    path.chmod(0o666)
    with pytest.raises(SettingsError, match=r"file of what is known .* can be written by every user"):
        read_known_file(path)


def test_a_file_that_is_not_there_is_an_error(cwd: Path) -> None:
    with pytest.raises(SettingsError, match=r"does not exist; correct known\.file in the settings"):
        read_known_file(cwd / "known.toml")


def test_the_tenants_must_exist(cwd: Path) -> None:
    found = read(cwd, ENTRY + ENTRY.replace("contoso", "fabrikam"))
    asked: list[str] = []

    def unknown(external_ids: tuple[str, ...]) -> set[str]:
        asked.extend(external_ids)
        return {"fabrikam.example"}

    with pytest.raises(SettingsError, match=r"line 7: there is no tenant 'fabrikam\.example'"):
        found.refuse_unknown_tenants(unknown)
    assert sorted(asked) == ["contoso.example", "fabrikam.example"]
    found.refuse_unknown_tenants(lambda _: set())


# Where the settings say it is


def test_nothing_is_known_unless_a_file_is_named(cwd: Path) -> None:
    (cwd / "known.toml").write_text(ENTRY)
    assert load(cwd).known_file() is None


def test_a_relative_path_begins_at_the_settings_file(cwd: Path, tmp_path: Path) -> None:
    folder = tmp_path / "settings"
    folder.mkdir()
    write(folder, "[known]\nfile = 'known.toml'")
    (folder / "known.toml").write_text(ENTRY)
    found = load(cwd, config=folder / "tenantpilot.toml").known_file()
    assert found is not None
    assert (found.path, found.entries) == (folder / "known.toml", (KNOWN,))


def test_a_path_from_the_environment_begins_where_we_are(cwd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cwd)
    (cwd / "known.toml").write_text(ENTRY)
    found = load(cwd, environ={"TENANTPILOT_KNOWN__FILE": "known.toml"}).known_file()
    assert found is not None
    assert found.entries == (KNOWN,)
