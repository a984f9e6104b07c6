"""`tenantpilot completion`: a script that the shell accepts and then completes with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.commands.console import Console

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_accepts_its_script(console: Console, shell: str) -> None:
    printed = console.bare("completion", shell)
    assert (printed.code, printed.err) == (0, "")
    assert "_TENANTPILOT_COMPLETE" in printed.out
    if shutil.which(shell) is not None:
        check = subprocess.run([shell, "-n", "/dev/stdin"], input=printed.out, text=True, capture_output=True)
        assert (check.returncode, check.stderr) == (0, "")


def test_bash_completes_by_it() -> None:
    words = {"COMP_WORDS": "tenantpilot rep", "COMP_CWORD": "1", "_TENANTPILOT_COMPLETE": "bash_complete", "PATH": PATH}
    done = subprocess.run(["tenantpilot"], env=words, capture_output=True, text=True)
    assert done.stdout.split() == ["plain,report"]
    words["COMP_WORDS"] = "tenantpilot report --form"
    words["COMP_CWORD"] = "2"
    done = subprocess.run(["tenantpilot"], env=words, capture_output=True, text=True)
    assert done.stdout.split() == ["plain,--format"]


def test_another_shell_is_a_wrong_command_line(console: Console) -> None:
    assert console.bare("completion", "tcsh").code == 2
