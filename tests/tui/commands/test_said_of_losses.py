"""`import`, `record` and `sync` say which set became partial by a loss, and how to accept the loss.

Modules: tui.commands.import_outcome, tui.commands.imports, tui.commands.record, tui.commands.sync.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.health.sources.trees import plant, policy
from tests.tui.commands.console import Console
from tests.tui.commands.recorder import ONE_FILE, TWO_FILES, Recorder

FIRST = "2026-11-22T02:10:00Z"
SECOND = "2026-11-23T02:10:00Z"
WHOLE = {f"{kind}/{number}.json": policy(str(number)) for kind in ("App Control", "Roles") for number in range(2)}


def imported(console: Console, root: Path, at: str, *more: str) -> list[str]:
    words = ("--tenant", "contoso", "--create-tenant", "C", "--completed-at", at)
    done = console.run("import", "intunecd", str(root), *words, *more)
    assert done.code == 0
    return done.err.splitlines()


def test_an_import_says_it_once_with_its_option(console: Console, tmp_path: Path) -> None:
    whole = plant(tmp_path / "whole", WHOLE)
    rest = plant(tmp_path / "rest", {"Roles/0.json": policy("0")})
    assert imported(console, whole, FIRST) == []
    said = (
        "tenantpilot: The set 'rest' of 'contoso', completed 2026-11-23 02:10:00 UTC, is partial: App Control: 2 of 2"
        " items gone; all types: 3 of 4 items gone; if that is meant, --accept-loss 'App Control' accepts it."
    )
    assert imported(console, rest, SECOND) == [said]
    # It was reported already, and nothing changed.
    assert imported(console, rest, SECOND) == []
    assert imported(console, rest, SECOND, "--accept-loss", "Roles") == [
        "tenantpilot: The set 'rest' of 'contoso', completed 2026-11-23 02:10:00 UTC, is partial: App Control: 2 of 2"
        " items gone; if that is meant, --accept-loss 'App Control' accepts it.",
        "tenantpilot: --accept-loss 'Roles' accepted nothing: no set that was read has a loss of a type of that name.",
    ]
    assert imported(console, rest, SECOND, "--accept-loss", "*") == []


def test_facts_say_it_of_each_set(console: Console, tmp_path: Path) -> None:
    lines = [{"kind": "tenant", "external_id": "contoso", "name": "C"}]
    for day, items in ((22, 2), (23, 0), (24, 0)):
        frame = {"tenant": "contoso", "source": "own", "source_ref": str(day)}
        at = f"2026-11-{day}T02:10:00Z"
        lines.append({"kind": "set", **frame, "name": f"night {day}", "status": "completed", "completed_at": at})
        for number in range(items):
            item = {"policy_type": "A", "policy_identifier": str(number), "display_name": "x", "capture_mode": "full"}
            lines.append({"kind": "item", **frame, **item})
    file = tmp_path / "facts.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    done = console.run("import", "facts", str(file))
    assert (done.code, done.err.count("A: 2 of 2 items gone; if that is meant, --accept-loss A accepts it.")) == (0, 2)
    assert console.run("import", "facts", str(file)).err == ""
    assert console.run("import", "facts", str(file), "--as-given").err == ""


def test_a_recorded_run_names_the_command(recorder: Recorder) -> None:
    recorder.shell(f"{TWO_FILES}; mkdir out/Roles; cp out/Filters/one.json out/Roles/")
    done = recorder.shell(f"{ONE_FILE}; rm -r out/Roles out/Filters/two.json")
    assert done.stderr.decode() == (
        "tenantpilot: This run is noted as partial: Roles: 1 of 1 items gone; if that is meant,"
        ' "tenantpilot accept-loss --tenant contoso Roles" accepts it.\n'
    )
    accepted = recorder.tenantpilot("accept-loss", "--tenant", "contoso", "Roles")
    assert (accepted.returncode, recorder.sets[-1]["status"]) == (0, "completed")


def test_sync_names_the_command_and_a_dry_run_says_nothing(recorder: Recorder) -> None:
    plant(recorder.folder / "backup", WHOLE)
    file = recorder.folder / "tenantpilot.toml"
    words = ("sync", "--config", str(file))

    def settings(at: str) -> None:
        described = f'kind = "intunecd"\npath = "backup"\ntenant = "contoso"\ncompleted_at = "{at}"\n'
        file.write_text(f"[sources.x]\n{described}")

    settings(FIRST)
    assert recorder.tenantpilot(*words).stderr == b""
    for number in range(2):
        (recorder.folder / "backup/App Control" / f"{number}.json").unlink()
    settings(SECOND)
    assert recorder.tenantpilot(*words, "--dry-run").stderr == b""
    assert recorder.tenantpilot(*words).stderr.decode() == (
        "tenantpilot: The set 'backup' of 'contoso', completed 2026-11-23 02:10:00 UTC, is partial: App Control: 2 of 2"
        " items gone; if that is meant, \"tenantpilot accept-loss --tenant contoso 'App Control'\" accepts it.\n"
    )
    assert recorder.tenantpilot(*words).stderr == b""


def test_a_sentence_of_forty_types_says_what_accepts_them(console: Console, tmp_path: Path) -> None:
    kinds = {
        f"-type {number} with a name that is long/{item}.json": policy() for number in range(40) for item in range(3)
    }
    whole = plant(tmp_path / "whole", {**kinds, "Roles/0.json": policy()})
    rest = plant(tmp_path / "rest", {"Roles/0.json": policy()})
    assert imported(console, whole, FIRST) == []
    (line,) = imported(console, rest, SECOND)
    assert line.endswith("if that is meant, --accept-loss '*' accepts it.")
    assert "all types: 120 of 121 items gone" in line
    assert len(line) < 700
