"""Runs of commands that print facts, and of commands whose outcome alone is noted."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.loading import sqlite_path
from tests.tui.commands.recorder import TENANTPILOT, Recorder
from tui.clock import utc_now


def words(source: str, *command: str, options: tuple[str, ...] = ()) -> list[str]:
    whose = ("--tenant", "contoso", "--create-tenant", "Contoso", "--schedule", "nightly")
    return ["record", *whose, "--source", source, *options, "--", *command]


def fact(kind: str, tenant: str = "contoso", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "external_id": tenant, "source": "restic", "source_ref": "1", **more}


def a_set(**more: Any) -> dict[str, Any]:
    now = utc_now().isoformat()
    return fact("set", **{"name": "nightly", "status": "completed", "completed_at": now} | more)


def an_item(path: str = "/srv", **more: Any) -> dict[str, Any]:
    return fact("item", policy_type="path", policy_identifier=path, display_name=path, capture_mode="full", **more)


def printing(*facts: dict[str, Any], then: str = "exit 0") -> tuple[str, ...]:
    lines = "\n".join(json.dumps(each) for each in facts)
    return ("sh", "-c", f"printf '%s\\n' {shlex.quote(lines)}; echo warned >&2; {then}")


def test_what_a_command_prints_are_the_facts_of_its_run(any_recorder: Recorder) -> None:
    done = any_recorder.tenantpilot(*words("facts", *printing(a_set(), an_item()), options=("--cron", "30 2 * * *")))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"warned\n")
    (only,) = any_recorder.sets
    assert (only["source"], only["source_ref"], only["status"]) == ("restic", "1", "completed")
    assert only["schedule_id"] == any_recorder.schedule["id"]
    assert any_recorder.schedule["last_run_status"] == "completed"
    assert any_recorder.schedule["next_run_at"] is not None
    verdict = any_recorder.verdict()
    assert verdict["confirmed"]
    assert verdict["basis"]["items"] == 1


@pytest.mark.parametrize(
    ("printed", "then", "why"),
    [
        ((a_set(), an_item()), "exit 3", "ended with exit code 3"),
        ((), "exit 0", "there are no facts in it"),
        (({"kind": "tenant", "external_id": "contoso", "name": "Contoso"}, a_set()), "exit 0", "only sets and items"),
        ((fact("schedule"),), "exit 0", 'a schedule has no "source"'),
        ((a_set(external_id="fabrikam"),), "exit 0", "'fabrikam', but this run is only of 'contoso'"),
        ((a_set(completed_at="2026-11-23T02:10:00"),), "exit 0", "--timezone"),
        ((a_set(), {"kind": "nonsense"}), "exit 0", "which is not one of"),
    ],
)
def test_a_run_without_facts_of_its_tenant_failed(
    recorder: Recorder, printed: tuple[dict[str, Any], ...], then: str, why: str
) -> None:
    done = recorder.tenantpilot(*words("facts", *printing(*printed, then=then)))
    assert done.returncode == int(then[-1])
    (only,) = recorder.sets
    assert (only["source"], only["status"], why in only["error"]) == ("facts", "failed", True)
    assert why in done.stderr.decode()
    assert recorder.rows("backup_items") == []
    assert recorder.schedule["last_run_status"] == "failed"
    assert recorder.verdict()["reasons"] == ["no_backup_basis", "schedule_follow_up"]


def test_a_list_of_older_sets_alone_is_not_a_run(any_recorder: Recorder) -> None:
    """The sets are true and are kept, but nothing was backed up tonight."""
    old = (utc_now() - timedelta(hours=20)).isoformat()
    done = any_recorder.tenantpilot(*words("facts", *printing(a_set(completed_at=old), an_item())))
    assert b"is of this run" in done.stderr
    assert [(row["source"], row["status"]) for row in any_recorder.sets] == [
        ("restic", "completed"),
        ("facts", "failed"),
    ]
    assert any_recorder.schedule["last_run_status"] == "failed"


def test_the_run_is_worth_what_its_newest_set_is(any_recorder: Recorder) -> None:
    old = (utc_now() - timedelta(hours=20)).isoformat()
    older = a_set(source_ref="0", completed_at=old)
    printed = (a_set(status="partial", error="2 files not read"), an_item(), older, an_item(source_ref="0"))
    done = any_recorder.tenantpilot(*words("facts", *printing(*printed)))
    assert (done.returncode, b"noted as partial" in done.stderr) == (0, True)
    assert any_recorder.schedule["last_run_status"] == "partial"


def test_a_loss_makes_the_run_partial_until_it_is_accepted(any_recorder: Recorder) -> None:
    def recorded(reference: str, count: int, *options: str) -> str:
        items = [an_item(f"/srv/{number}", source_ref=reference) for number in range(count)]
        done = any_recorder.tenantpilot(
            *words("facts", *printing(a_set(source_ref=reference), *items), options=options)
        )
        assert done.returncode == 0
        return done.stderr.decode()

    assert recorded("1", 8) == "warned\n"
    assert "noted as partial" in recorded("2", 2)
    assert any_recorder.schedule["last_run_status"] == "partial"
    assert recorded("3", 2, "--accept-loss", "*") == "warned\n"
    assert any_recorder.schedule["last_run_status"] == "completed"


def test_local_times_are_of_the_zone_of_the_cron(recorder: Recorder) -> None:
    local = utc_now().replace(tzinfo=None).isoformat()
    printed = printing(a_set(completed_at=local), an_item())
    assert recorder.tenantpilot(*words("facts", *printed, options=("--timezone", "UTC"))).returncode == 0
    assert recorder.verdict()["confirmed"]


def test_of_source_none_only_the_outcome_is_noted(any_recorder: Recorder) -> None:
    done = any_recorder.tenantpilot(*words("none", "echo", "said"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"said\n", b"")
    assert any_recorder.sets == []
    assert any_recorder.schedule["last_run_status"] == "completed"


def test_a_failed_run_of_source_none_is_a_failed_set(any_recorder: Recorder) -> None:
    done = any_recorder.tenantpilot(*words("none", "sh", "-c", "exit 4"))
    assert (done.returncode, b"ended with exit code 4" in done.stderr) == (4, True)
    (only,) = any_recorder.sets
    assert (only["source"], only["status"], only["completed_at"]) == ("none", "failed", None)
    assert any_recorder.schedule["last_run_status"] == "failed"


@pytest.mark.parametrize("source", ["facts", "none"])
def test_two_at_once_are_refused_here_too(recorder: Recorder, source: str) -> None:
    inner = shlex.join(["tenantpilot", *words(source, "touch", "ran")])
    recorder.env["PATH"] = f"{Path(TENANTPILOT).parent}:{recorder.env['PATH']}"
    recorder.tenantpilot(*words(source, "sh", "-c", f"{inner}; echo $? >code"))
    assert (recorder.folder / "code").read_text() == "75\n"
    assert not (recorder.folder / "ran").exists()


@pytest.mark.parametrize("source", ["facts", "none"])
def test_a_path_is_refused(recorder: Recorder, source: str) -> None:
    done = recorder.tenantpilot(*words(source, "touch", "ran", options=("--path", "out")))
    assert (done.returncode, b"leave it out" in done.stderr) == (2, True)
    assert not (recorder.folder / "ran").exists()


def test_a_source_of_folders_has_to_have_one(recorder: Recorder) -> None:
    done = recorder.tenantpilot(*words("intunecd", "touch", "ran"))
    assert (done.returncode, b"--path DIR" in done.stderr) == (2, True)


def test_facts_that_were_not_noted_come_in_as_the_sentence_says(recorder: Recorder) -> None:
    (recorder.folder / "facts.jsonl").touch()
    Path(sqlite_path(recorder.url)).rename(recorder.folder / "away.db")
    done = recorder.tenantpilot(
        *words("facts", "sh", "-c", "cat facts.jsonl", options=("--database", "sqlite:///x.db"))
    )
    assert done.returncode == 74
    assert b"with 'sh -c 'cat facts.jsonl' | tenantpilot import facts - --database sqlite:///x.db'" in done.stderr
