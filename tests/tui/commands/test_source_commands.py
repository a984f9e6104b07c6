"""A source's declaration becomes its command, with all of the source's options.

Modules: tui.commands.imports, health.sources.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from health.sources.captured import CapturedItem, CapturedSet
from health.sources.declaration import Asked, Option, Source
from health.sources.listed import SOURCES, source_named
from health.sources.policy_sets import PolicyFolders
from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console
from tests.tui.commands.recorder import Recorder

OPTIONS = (
    Option("edition", "text", "Which edition."),
    Option("run_zone", "timezone", "Where it ran.", metavar="ZONE"),
    Option("strict", "flag", "Refuse more."),
)
WORDS = ("import", "scratch", "out", "--tenant", "contoso", "--create-tenant", "Contoso")
AT = ("--completed-at", "2026-11-23T02:10:00Z")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """A source `scratch`, listed for the test, and the requests that it gets."""
    seen: list[Asked] = []

    def read(asked: Asked) -> CapturedSet:
        seen.append(asked)
        item = CapturedItem("Roles", "a", "A", capture_mode="full")
        return CapturedSet("contoso", "n", "scratch", "1", "completed", (item,), completed_at=asked.completed_at)

    declared = Source(
        "scratch", "Import.", "PATH", "The folder.", "When.", options=OPTIONS, layout=PolicyFolders(), folder=read
    )
    monkeypatch.setitem(SOURCES, "scratch", "nowhere")
    monkeypatch.setattr("tui.commands.imports.source_named", lambda name: declared)
    return seen


def options_of(asked: list[Asked]) -> Any:
    (only,) = asked
    return dict(only.options)


def test_a_source_is_asked_for_what_the_command_line_says(console: Console, asked: list[Asked]) -> None:
    given = ("--edition", "gold", "--run-zone", "Europe/Berlin", "--strict")
    found = console.run(*WORDS, *AT, *given, "--accept-missing", "Roles", "--without-payload")
    assert found.code == 0, found.err
    assert options_of(asked) == {"edition": "gold", "run_zone": ZoneInfo("Europe/Berlin"), "strict": True}
    (only,) = asked
    assert (only.path, only.external_id, only.with_payload) == (Path("out"), "contoso", False)
    assert only.accepted == {"Roles"}


def test_an_option_that_is_left_out_is_none_or_off(console: Console, asked: list[Asked]) -> None:
    assert console.run(*WORDS, *AT).code == 0
    assert options_of(asked) == {"edition": None, "run_zone": None, "strict": False}


def test_an_unknown_zone_is_refused(console: Console, asked: list[Asked]) -> None:
    found = console.run(*WORDS, *AT, "--run-zone", "Mars/Olympus")
    assert (found.code, asked) == (2, [])
    assert "'Mars/Olympus' is not an IANA time zone" in found.err


CONFIGURATION = (
    "Configuration M365TenantConfig\r\n{\r\nNode localhost\r\n{\r\nAADGroup 'a'\r\n{\r\nId = 1\r\n}\r\n}\r\n}\r\n"
)
RECORDED: dict[str, tuple[dict[str, object], str | None]] = {
    "intunebackup": ({"Settings Catalog/a.json": policy("A"), "Settings Catalog/Assignments/a.json": []}, "1"),
    "intunecd": ({"Settings Catalog/a.json": policy("A")}, "1"),
    "intunemanagement": ({"SettingsCatalog/a.json": policy("A")}, "1"),
    # The file does not say how many blocks there should be.
    "m365dsc": ({"M365TenantConfig.ps1": CONFIGURATION}, None),
}


@pytest.mark.parametrize("source", RECORDED)
def test_every_source_that_reads_a_folder_is_recorded(recorder: Recorder, source: str) -> None:
    files, counted = RECORDED[source]
    made = plant(recorder.folder / "made", files)
    words = ("record", "--tenant", "contoso", "--create-tenant", "Contoso", "--schedule", "nightly")
    where = ("--source", source, "--path", "out")
    done = recorder.tenantpilot(*words, *where, "--", "sh", "-c", f"cp -r {made} out")
    assert (done.returncode, done.stderr) == (0, b"")
    (only,) = recorder.sets
    assert (only["source"], only["status"]) == (source, "completed")
    assert (only["item_count"] and str(only["item_count"])) == counted
    assert len(recorder.rows("backup_items")) == 1
    again = recorder.tenantpilot(*words, *where, "--", "true")
    assert b"by this run" in again.stderr or b"of this run" in again.stderr
    assert [each["status"] for each in recorder.sets] == ["completed", "failed"]


def test_every_source_is_recorded() -> None:
    assert (
        {*RECORDED, "facts", "tenuvault"} == {name for name in SOURCES if source_named(name).is_recorded} == {*SOURCES}
    )
