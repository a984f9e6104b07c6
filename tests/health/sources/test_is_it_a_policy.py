"""The door's first question, asked of every source of Graph's JSON (docs/import-folders.md, "The door").

Modules: health.sources.policy_items, health.sources.policy_sets.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Source
from health.sources.intunecd_git import find_runs
from health.sources.listed import source_named
from tests.health.sources.reading import asked_of, read_folder
from tests.health.sources.repositories import Repository
from tests.health.sources.tenuvault_runs import manifest, plant_run, runs_in
from tests.health.sources.trees import plant, policy

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
FOLDERS = ("intunebackup", "intunecd", "intunemanagement")
GRAPH = (*FOLDERS, "tenuvault")


def read(source: str, root: Path, files: dict[str, object]) -> CapturedSet:
    """The set that a source reads from these files: of a folder, or of TenuVault's only run."""
    declared: Source = source_named(source)
    if declared.runs is None:
        return read_folder(declared, plant(root, files), completed_at=AT)
    plant(root / "backup-2026-11-23-021000", {**files, "metadata.json": manifest(ItemCounts={})})
    (found,) = declared.runs(asked_of(root, options={"timezone": ZoneInfo("UTC")}))
    return found.read(with_payload=True)


def only(source: str, root: Path, content: object) -> CapturedItem:
    (item,) = read(source, root, {"Settings Catalog/a.json": content}).items
    return item


class Answer(NamedTuple):
    content: object
    why: str


ERROR = {"error": {"code": "Forbidden", "message": "Insufficient privileges"}}
PAGE = {"@odata.context": "https://graph.example/$metadata#policies", "value": [policy("one of them")]}
LINK = {"@odata.nextLink": "https://graph.example/policies?$skiptoken=1", "value": [policy("one of them")]}
ANSWERS = [
    Answer(ERROR, "the file holds an error (Forbidden) and no policy"),
    Answer(
        {"error": "invalid_client", "error_description": "x"}, "the file holds an error (invalid_client) and no policy"
    ),
    Answer(policy("A policy", **ERROR), "the file holds an error (Forbidden) and no policy"),
    Answer({"value": []}, "the file holds a page of a list and no policy"),
    Answer({"value": [policy()]}, "the file holds a page of a list and no policy"),
    Answer(PAGE, "the file holds a page of a list and no policy"),
    Answer(LINK, "the file holds a page of a list and no policy; it continues on another page"),
]


@pytest.mark.parametrize("source", GRAPH)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.why)
def test_an_answer_of_graph_is_an_item_that_says_which(tmp_path: Path, source: str, answer: Answer) -> None:
    item = only(source, tmp_path, answer.content)
    assert (item.capture_mode, item.integrity_warning) == (None, answer.why)


@pytest.mark.parametrize("source", GRAPH)
@pytest.mark.parametrize(
    "key", ["settings@odata.nextLink", "@odata.nextLink", "assignments@odata.nextlink", "nextLink"]
)
def test_a_policy_that_continues_on_another_page_says_so(tmp_path: Path, source: str, key: str) -> None:
    item = only(source, tmp_path, policy(settings=[{}], **{key: "https://graph.example/next"}))
    assert item.integrity_warning == "it continues on another page"


@pytest.mark.parametrize("source", GRAPH)
@pytest.mark.parametrize(
    "content",
    [
        policy("Link in it", settings=[{"x@odata.nextLink": "https://graph.example/next"}]),
        policy("Of one value", value=[]),
        policy("With its context", **{"@odata.context": "https://graph.example/$metadata#policies/$entity"}),
        {"@odata.type": "#microsoft.graph.iosCompliancePolicy"},
        {"id": "1"},
        {"displayName": "A"},
        {"name": "A"},
        {"settings": []},
    ],
    ids=str,
)
def test_a_policy_has_no_warning(tmp_path: Path, source: str, content: object) -> None:
    assert only(source, tmp_path, content).integrity_warning is None


@pytest.mark.parametrize("source", GRAPH)
@pytest.mark.parametrize("settings", [ERROR, [{"id": "0"}, ERROR]], ids=["alone", "in a list"])
def test_an_error_in_place_of_the_settings_is_a_warning(tmp_path: Path, source: str, settings: object) -> None:
    item = only(source, tmp_path, policy(settings=settings))
    assert item.integrity_warning == "its settings hold an error (Forbidden)"


PACKAGE = {"name": "a-package", "version": "1.0.0", "dependencies": {"left-pad": "^1.3.0"}}
NONE = [
    {"Apps/settings.json": {"version": 1}},
    {"Apps/a.json": {"version": 1}, "Roles/b.json": {"a": {"id": "1", "displayName": "further down"}}},
    {"web/package.json": PACKAGE},
    {"web/package.json": {"private": True}},
]


@pytest.mark.parametrize("source", FOLDERS)
@pytest.mark.parametrize("files", NONE, ids=lambda files: json.dumps(files)[:40])
def test_a_folder_in_which_no_object_is_a_policy_is_refused(
    tmp_path: Path, source: str, files: dict[str, object]
) -> None:
    with pytest.raises(RefusedInput, match=r"no object in it has an '@odata.type'.*no backup"):
        read(source, tmp_path, files)
    with_one = read(source, tmp_path, {"Settings Catalog/a.json": policy()})
    assert [item.integrity_warning for item in with_one.items] == [None] * (len(files) + 1)


@pytest.mark.parametrize("files", NONE, ids=lambda files: json.dumps(files)[:40])
def test_a_run_without_a_policy_is_refused_if_newest_else_failed(tmp_path: Path, files: dict[str, object]) -> None:
    with pytest.raises(RefusedInput, match=r"no object in it has an '@odata.type'.*not a backup"):
        read("tenuvault", tmp_path, files)
    plant_run(tmp_path, "backup-2026-11-24-021000", StartTime="2026-11-24 02:10:00", EndTime="2026-11-24 02:14:00")
    older, newer = (found.read() for found in runs_in(tmp_path))
    assert (older.status, "so it is not a backup" in str(older.error)) == ("failed", True)
    assert newer.status == "completed"
    with_one = files | {"Settings Catalog/a.json": policy()}
    assert read("tenuvault", tmp_path / "another", with_one).status == "completed"


def test_a_run_that_calls_itself_failed_is_stored_as_that(tmp_path: Path) -> None:
    plant_run(tmp_path, policies={"web/package.json": PACKAGE}, Status="Failed", ItemCounts={})
    (run,) = runs_in(tmp_path)
    assert run.read().status == "failed"


def test_a_commit_without_a_policy_is_refused_at_the_head(
    repository: Repository,
) -> None:
    repository.commit({"web/package.json": PACKAGE})
    with pytest.raises(RefusedInput, match=r"no object in it has an '@odata.type'.*no backup"):
        [found.read(with_payload=True) for found in find_runs(asked_of(repository.path)).sets]
    repository.commit({"web/package.json": PACKAGE, "Settings Catalog/a.json": policy()})
    statuses = [found.read(with_payload=True).status for found in find_runs(asked_of(repository.path)).sets]
    assert statuses == ["failed", "completed"]


@pytest.mark.parametrize("source", FOLDERS)
def test_without_payload_the_answer_is_the_same(tmp_path: Path, source: str) -> None:
    declared = source_named(source)
    with pytest.raises(RefusedInput, match="no object in it"):
        read_folder(declared, plant(tmp_path, {"web/package.json": PACKAGE}), completed_at=AT, with_payload=False)
    plant(tmp_path, {"Settings Catalog/a.json": policy()})
    assert len(read_folder(declared, tmp_path, completed_at=AT, with_payload=False).items) == 2


def test_assignments_that_are_an_answer_of_graph_failed(tmp_path: Path) -> None:
    files = {"Settings Catalog/a.json": policy(), "Settings Catalog/Assignments/a.json": ERROR}
    (item,) = read("intunebackup", tmp_path, files).items
    assert (item.assignments_state, item.integrity_warning) == (
        "failed",
        "the file of its assignments holds an error (Forbidden)",
    )
