"""Bad input to commands that write: one clear sentence, an exit code other than 0, and no row changed.

Modules: tui.commands, health.store.writing.
"""

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


@pytest.fixture
def everything(console: Console) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """All rows of a fleet that has something to lose."""
    console.load(a_fleet("confirmed", "follow_up"))

    def read() -> dict[str, list[tuple[Any, ...]]]:
        with bare(console.url) as store:
            return store.everything()

    return read


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
        ("x" * 201, "it has 201 characters: use at most 200"),
    ],
)
def test_a_name_with_invisible_characters_is_refused_on_the_way_in(
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
def test_a_missing_tenant_or_a_name_that_is_taken_is_1(
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
        (["backup", "--tenant", "confirmed-1"], 2, "A folder does not say when"),
        (["backup", *INTUNECD, "--git"], 2, "Give either --completed-at or --git"),
        (["backup", "--tenant", "confirmed-1", "--completed-at", "9000-01-01T00:00:00Z"], 2, "is in the future"),
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
