"""A machine with the programs of `docs/import-facts.md`, unchanged, and substitutes for other people's tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.docs.pages import blocks
from tests.oracle.rows import DEFAULT_POLICY
from tests.preloaded import put_program
from tests.subject import fleet_report

PAGE: Final = "import-facts.md"
NOW: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the examples are for jq, which is not installed here")


def script_with(name: str) -> str:
    """The page's shell script that runs a jq program."""
    (script,) = (text for text in blocks(PAGE, "sh") if f"-f {name}.jq" in text)
    return script


class Machine:
    """A working directory with the documented programs, a database, and other people's tools in front of the PATH."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        for program in blocks(PAGE, "jq"):
            (folder / program.splitlines()[0].removeprefix("# ")).write_text(program)
        (folder / "bin").mkdir()
        put_program(folder / "bin")

    def tool(self, name: str, text: str) -> None:
        """Install a substitute for another program."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script: str, **environment: str) -> str:
        """Run a documented shell script. Returns its output."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "TENANTPILOT_DATABASE__URL": self.url, **environment}
        ran = subprocess.run(
            ["sh", "-eu", "-c", f"set +e; {script}"],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert [line for line in ran.stderr.splitlines() if not line.startswith("tenantpilot: The database is ")] == []
        return ran.stdout

    def prints(self, tool: str, words: str, printed: object) -> None:
        """Install a tool that prints JSON if it is called with these arguments, and fails otherwise."""
        (self.folder / f"{tool}.json").write_text(json.dumps(printed))
        self.tool(tool, f'#!/bin/sh\n[ "$*" = "{words}" ] && cat {tool}.json\n')

    def report(self) -> dict[str, dict[str, Any]]:
        """The report's entries by tenant."""
        return {entry["tenant"]: entry for entry in fleet_report(self.url, NOW, DEFAULT_POLICY)["tenants"]}
