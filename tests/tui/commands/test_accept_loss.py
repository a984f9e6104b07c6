"""The command `accept-loss`, and what `import` and `record` say about losses, on both engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console
from tests.tui.commands.recorder import Recorder

NOW = ("--now", "2026-11-25T09:00:00Z")


def lines_of(reference: str, *items: tuple[str, int], **columns: Any) -> str:
    """A set of the tenant `contoso` as lines of facts, completed on this day of November 2026."""
    key = {"tenant": "contoso", "source": "own", "source_ref": reference}
    frame = {"kind": "set", **key, "name": reference, "status": "completed"}
    frame["completed_at"] = f"2026-11-{reference}T08:00:00Z"
    rows: list[dict[str, Any]] = [{"kind": "tenant", "tenant": "contoso", "name": "Contoso"}, frame | columns]
    for kind, number in items:
        for place in range(number):
            item = {"policy_type": kind, "policy_identifier": str(place), "display_name": "A", "capture_mode": "full"}
            rows.append({"kind": "item", **key, **item})
    return "\n".join(map(json.dumps, rows))


def facts(console: Console, folder: Path, *words: str, sets: str) -> None:
    file = folder / "facts.jsonl"
    file.write_text(sets)
    assert console.run("import", "facts", str(file), *words).code == 0


def basis(console: Console) -> dict[str, Any]:
    (entry,) = console.run("report", "--format", "json", *NOW).document["tenants"]
    found: dict[str, Any] = entry["basis"]
    return found


def accepted(console: Console, *types: str) -> Any:
    return console.run("accept-loss", "--tenant", "contoso", *types)


def test_type_by_type_a_stored_set_becomes_the_next_reference(any_console: Console, tmp_path: Path) -> None:
    facts(any_console, tmp_path, sets=lines_of("23", ("Apps", 9), ("Roles", 5), ("Filters", 9)))
    facts(any_console, tmp_path, sets=lines_of("24", ("Filters", 9)))
    assert basis(any_console)["status"] == "partial"
    first = accepted(any_console, "Apps", "Bogus")
    assert (first.code, first.err) == (
        0,
        "tenantpilot: 'Bogus' accepted nothing: the set has no loss of a type of that name.\n",
    )
    assert first.out == "contoso: set 2 (24) is still partial: Roles: 5 of 5 items gone.\n"
    second = accepted(any_console, "Roles")
    assert (second.code, second.out) == (0, "contoso: set 2 (24) is completed now.\n")
    facts(any_console, tmp_path, sets=lines_of("25", ("Filters", 9)))
    assert basis(any_console)["status"] == "completed"


def test_all_types_together_are_accepted_by_a_star_alone(any_console: Console, tmp_path: Path) -> None:
    facts(any_console, tmp_path, sets=lines_of("23", ("Apps", 4), ("Roles", 4)))
    facts(any_console, tmp_path, sets=lines_of("24", ("Apps", 2), ("Roles", 1)))
    assert accepted(any_console, "all types").code == 1
    assert accepted(any_console, "*").out == "contoso: set 2 (24) is completed now.\n"


def test_what_stayed_as_gone_goes_when_it_is_accepted(any_console: Console, tmp_path: Path) -> None:
    facts(any_console, tmp_path, sets=lines_of("24", ("Apps", 9), ("Roles", 2)))
    facts(any_console, tmp_path, sets=lines_of("24", ("Apps", 1), ("Roles", 2)))
    assert (basis(any_console)["items"], basis(any_console)["families"]["integrity_warning"]) == (11, 8)
    assert accepted(any_console, "Apps").code == 0
    assert (basis(any_console)["items"], basis(any_console)["families"]) == (3, {})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "is completed: it has no loss to accept"),
        ({"status": "partial", "error": "skipped: Roles"}, "was called partial by its own tool"),
        ({"status": "partial", "error": "Apps: 3 of 5 items gone"}, "no earlier set that is stored had more"),
        ({"status": "partial", "error": "all types: 3 of 5 items gone"}, "no earlier set that is stored had more"),
        ({"status": "failed"}, "has no completed or partial set"),
    ],
)
def test_without_a_loss_it_is_refused(console: Console, tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    facts(console, tmp_path, sets=lines_of("24", ("Apps", 1), **given))
    refused = accepted(console, "Apps")
    assert refused.code == 1
    assert sentence in refused.err


def test_a_writers_word_is_left_alone_as_given(any_console: Console, tmp_path: Path) -> None:
    facts(any_console, tmp_path, sets=lines_of("23", ("Apps", 9)))
    facts(any_console, tmp_path, "--as-given", sets=lines_of("24", ("Apps", 1)))
    assert basis(any_console)["status"] == "completed"
    # The same facts again change nothing, even with a loss.
    facts(any_console, tmp_path, sets=lines_of("24", ("Apps", 1)))
    assert basis(any_console)["status"] == "completed"
    file = str(tmp_path / "facts.jsonl")
    assert any_console.run("import", "facts", file, "--as-given", "--accept-loss", "Apps").code == 2


def test_the_share_and_number_of_the_settings_decide(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path / "backup", {f"Apps/{number}.json": policy() for number in range(4)})
    words = ("import", "intunecd", str(root), "--tenant", "contoso", "--create-tenant", "C", "--completed-at")
    assert console.run(*words, "2026-11-23T08:00:00Z").code == 0
    for number in range(2):
        (root / f"Apps/{number}.json").unlink()
    monkeypatch.setenv("TENANTPILOT_EVIDENCE__LOSS_SHARE", "49%")
    monkeypatch.setenv("TENANTPILOT_EVIDENCE__LOSS_ITEMS", "2")
    assert console.run(*words, "2026-11-24T08:00:00Z").code == 0
    assert basis(console)["status"] == "partial"


FILES = {f"Scripts/{number}.json": policy(str(number)) for number in range(60)} | {
    f"Roles/{number}.json": policy(str(number)) for number in range(2)
}


@pytest.mark.parametrize("source", ["intunecd", "intunemanagement", "record"])
def test_62_items_and_then_3_by_every_folder(any_recorder: Recorder, source: str) -> None:
    root = any_recorder.folder / "tenant"
    words = ["--tenant", "contoso", "--create-tenant", "Contoso"]
    if source == "record":
        copy = ("sh", "-c", f"rm -rf {root}/* && cp -r {any_recorder.folder}/new/. {root}")
        nightly = ("record", *words, "--schedule", "n", "--source", "intunecd", "--path", str(root), "--", *copy)
        nights = [nightly] * 2
    else:
        whole = ("import", source, str(any_recorder.folder / "new"), *words, "--completed-at")
        nights = [(*whole, f"2026-11-2{day}T08:00:00Z") for day in (2, 3)]
    root.mkdir(exist_ok=True)
    plant(any_recorder.folder / "new", FILES)
    assert any_recorder.tenantpilot(*nights[0]).returncode == 0
    for number in range(1, 60):
        (any_recorder.folder / f"new/Scripts/{number}.json").unlink()
    assert any_recorder.tenantpilot(*nights[1]).returncode == 0
    first, second = any_recorder.sets
    assert (first["status"], first["error"]) == ("completed", None)
    assert (second["status"], second["error"]) == (
        "partial",
        "Scripts: 59 of 60 items gone; all types: 59 of 62 items gone",
    )
    assert any_recorder.tenantpilot("accept-loss", "--tenant", "contoso", "Scripts").returncode == 0
    assert any_recorder.sets[1]["status"] == "completed"
    if source == "record":
        # The schedule had the set's status, and has it again.
        assert any_recorder.schedule["last_run_status"] == "completed"
