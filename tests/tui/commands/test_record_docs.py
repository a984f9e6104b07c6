"""The worked examples of docs/record.md, run as cron and systemd would run them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.tui.commands.recorder import TENANTPILOT, Recorder

PAGE: Final = (Path(__file__).parents[3] / "docs/record.md").read_text(encoding="utf-8")
INSTALLED: Final = "/opt/tenantpilot/bin"

# A substitute for the tool: it accepts the same options and writes the same kind of backup.
TOOL: Final = """#!/bin/sh
[ "$1 $2 $3 $4 $5" = "-m 1 -o json -p" ] && [ -n "$CLIENT_SECRET" ] || exit 64
mkdir -p "$6/Filters" && echo '{"displayName":"one"}' >"$6/Filters/one.json" && echo "backed up to $6"
"""


def examples(language: str) -> list[str]:
    """The code blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def machine(recorder: Recorder) -> Recorder:
    """A machine on which the tool and `tenantpilot` are installed."""
    tools = recorder.folder / "bin"
    tools.mkdir()
    tool = tools / "IntuneCD-startbackup"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    recorder.env["PATH"] = os.pathsep.join((str(tools), str(Path(TENANTPILOT).parent), "/usr/bin", "/bin"))
    return recorder


def tenants_are_confirmed(machine: Recorder) -> bool:
    """Whether the only tenant is confirmed, by a run of the schedule that the examples name."""
    assert (machine.schedule["name"], machine.schedule["timezone"]) == ("nightly", "Europe/Berlin")
    assert machine.schedule["next_run_at"] is not None
    confirmed: bool = machine.verdict()["confirmed"]
    return confirmed


def test_the_crontab(machine: Recorder) -> None:
    (crontab,) = examples("crontab")
    (line,) = [line for line in crontab.splitlines() if re.match(r"[0-9*]", line)]
    *slots, command = line.split(None, 5)
    assert f"--cron '{' '.join(slots)}'" in command
    assert "%" not in command
    (machine.folder / "contoso.env").write_text("export TENANT_NAME=contoso CLIENT_ID=1 CLIENT_SECRET=x\n")
    done = subprocess.run(["sh", "-c", command], env=machine.env, cwd=machine.folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"backed up to backups/contoso\n", b"")
    assert tenants_are_confirmed(machine)


def test_the_systemd_service(machine: Recorder) -> None:
    service, _ = examples("systemd")
    directives = dict(re.findall(r"^(\w+)=(.*)$", service.replace("\\\n", ""), re.MULTILINE))
    program, *words = shlex.split(directives["ExecStart"])
    assert program == f"{INSTALLED}/tenantpilot"
    assert "%" not in directives["ExecStart"]
    env = machine.env | {"CLIENT_SECRET": "x"}
    done = subprocess.run([TENANTPILOT, *words], env=env, cwd=machine.folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"backed up to contoso\n", b"")
    assert tenants_are_confirmed(machine)


def test_systemd_takes_the_units(machine: Recorder) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed here")
    units = [machine.folder / f"backup-contoso.{kind}" for kind in ("service", "timer")]
    for unit, text in zip(units, examples("systemd"), strict=True):
        unit.write_text(text.replace(INSTALLED, str(Path(TENANTPILOT).parent)))
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "backup-contoso" in line]) == (0, [])


def test_the_pipeline_step(machine: Recorder) -> None:
    """The script as Azure Pipelines passes it to the shell, with its own variables replaced."""
    (text,) = examples("yaml")
    (step,) = yaml.safe_load(text)
    script = step["script"].replace("$(Build.SourcesDirectory)", str(machine.folder))
    env: dict[str, Any] = machine.env | dict.fromkeys(step["env"], "x")
    del env["TENANTPILOT_DATABASE__WRITE_URL"]
    machine.tenantpilot("tenant", "add", "contoso.example")
    done = subprocess.run(["sh", "-c", script], env=env, cwd=machine.folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert machine.schedule["timezone"] == "UTC"
    assert machine.verdict()["confirmed"]


def test_every_exit_code_of_our_own_is_explained() -> None:
    from tui.words import failures

    rows = re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
    explained = {int(code) for row in rows for code in row.split(",")}
    own = {failures.EXIT_NOT_RECORDED, failures.EXIT_UNDER_WAY, failures.EXIT_CANNOT_RUN, failures.EXIT_NO_SUCH_COMMAND}
    assert explained == own | {failures.EXIT_REFUSED, failures.EXIT_USAGE}
