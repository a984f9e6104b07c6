"""The status that a run of TenuVault gives itself, and what is made of it (docs/import-folders.md, "TenuVault")."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.tenuvault_runs import only_set, plant_run, said_by


def said(tmp_path: Path, log: object = None, **columns: Any) -> tuple[str, str | None]:
    plant_run(tmp_path, log=log, **columns)
    return said_by(only_set(tmp_path))


@pytest.mark.parametrize(
    ("word", "status"),
    [("Success", "completed"), ("CompletedWithWarnings", "partial"), ("Failed", "failed"), ("Cancelled", "cancelled")],
)
def test_the_four_statuses(tmp_path: Path, word: str, status: str) -> None:
    assert said(tmp_path, Status=word) == (status, None)


@pytest.mark.parametrize("word", ["Running", "success", "completed", "partial", "", None, 1, ["Success"], "\0"])
def test_another_status_is_kept_and_is_not_a_backup(tmp_path: Path, word: object) -> None:
    status, error = said(tmp_path, Status=word)
    assert status == "failed"
    assert "its status is" in str(error)
    assert "\0" not in str(error)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"FailedTypes": ["Roles", "Filters"]}, "failed: Roles, Filters"),
        ({"SkippedTypes": ["ConditionalAccessPolicies"]}, "skipped: ConditionalAccessPolicies"),
        ({"Failures": 3}, "failures: 3"),
        ({"Failures": [{"Type": "Roles"}]}, 'failures: {"Type": "Roles"}'),
        ({"Scope": {"Excluded": ["Roles"]}}, "excluded: Roles"),
        ({"FailedTypes": {"Roles": "Forbidden"}}, "failed: Roles"),
        ({"FailedTypes": "Roles"}, "failed: Roles"),
        ({"FailedTypes": [None, ""]}, 'failed: null, ""'),
        ({"log": "FAILED   Roles      Forbidden:  403\n"}, "FAILED Roles Forbidden: 403"),
        ({"log": "WARN     Roles      7 saved, 2 incomplete\r\n"}, "WARN Roles 7 saved, 2 incomplete"),
        ({"log": "WARN Roles 7 saved, 2 incomplete".encode("utf-16")}, "WARN Roles 7 saved, 2 incomplete"),
        ({"log": b"\xff"}, "backup.log: the file is not UTF-8 (byte 1)"),
        ({"StartTime": "yesterday"}, 'metadata.json: "StartTime" is not a local time such as "2026-11-23 02:10:00"'),
    ],
    ids=str,
)
def test_a_run_that_complains_is_partial_whatever_its_status_says(
    tmp_path: Path, columns: dict[str, object], complaint: str
) -> None:
    assert said(tmp_path, **columns) == ("partial", complaint)
    assert said(tmp_path, **columns, Status="CompletedWithWarnings") == ("partial", complaint)


@pytest.mark.parametrize("key", ["FailedTypes", "SkippedTypes"])
@pytest.mark.parametrize("word", ["Failed", "Cancelled", "Running"])
def test_a_run_that_names_types_is_partial_whatever_its_status(tmp_path: Path, word: str, key: str) -> None:
    status, error = said(tmp_path, Status=word, log="FAILED Roles Forbidden\n", **{key: ["Roles"]})
    assert status == "partial"
    assert str(error).startswith(f"its status is {word}")
    assert str(error).endswith(f"{key[:-5].lower()}: Roles; FAILED Roles Forbidden")


WITHOUT: dict[str, dict[str, Any]] = {
    "without an end": {"FailedTypes": ["Roles"], "EndTime": None},
    "with nothing kept": {"FailedTypes": ["Roles"], "policies": {}},
    "with a list that is empty": {"FailedTypes": [], "SkippedTypes": []},
    "with failures only": {"Failures": 3},
    "with types left out by choice": {"Scope": {"Excluded": ["Roles"]}},
    "with a log": {"log": "FAILED Roles Forbidden\n"},
}


@pytest.mark.parametrize("columns", WITHOUT.values(), ids=WITHOUT)
@pytest.mark.parametrize("word", ["Failed", "Cancelled", "Running"])
def test_a_failed_or_cancelled_run_gets_no_better_status(tmp_path: Path, word: str, columns: dict[str, Any]) -> None:
    """The desktop edition calls a run that kept nothing failed, and names the types: that is not a backup."""
    status, _ = said(tmp_path, Status=word, **columns)
    assert status == {"Failed": "failed", "Cancelled": "cancelled", "Running": "failed"}[word]


def test_a_link_does_not_count_as_kept(tmp_path: Path) -> None:
    run = plant_run(tmp_path, policies={}, Status="Failed", FailedTypes=["Roles"])
    (run / "Roles").symlink_to(tmp_path)
    assert said_by(only_set(tmp_path)) == ("failed", "failed: Roles")


def test_an_empty_list_of_skipped_types_is_not_a_complaint(tmp_path: Path) -> None:
    nothing: dict[str, object] = {"FailedTypes": None, "SkippedTypes": [], "Failures": [], "Scope": "all"}
    log = "TenuVault backup\nstatus: FAILED\nok Roles 1 saved\nFAILED\nWARNING Roles\n"
    assert said(tmp_path, log=log, **nothing) == ("completed", None)


def test_complaints_stand_together_and_have_an_end(tmp_path: Path) -> None:
    status, error = said(tmp_path, FailedTypes=["Roles"], log="FAILED Roles Forbidden\n")
    assert (status, error) == ("partial", "failed: Roles; FAILED Roles Forbidden")
    _, endless = said(tmp_path, log="FAILED Roles Forbidden\n" * 100_000)
    assert len(str(endless)) == 2000
    assert str(endless).endswith("…")


@pytest.mark.parametrize("word", ["Success", "CompletedWithWarnings"])
@pytest.mark.parametrize("end", [None, "soon", "2026-03-29 02:30:00"])
def test_without_a_time_of_completion_it_is_not_a_backup(tmp_path: Path, word: str, end: str | None) -> None:
    status, error = said(tmp_path, Status=word, EndTime=end)
    assert status == "failed"
    assert str(error).endswith("it does not say when it was complete")
