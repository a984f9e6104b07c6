"""`docs/sync.md`: its commands are run in an empty home, and its settings, crontab and example are correct."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.docs.pages import DOCS, blocks
from tests.end_to_end.conftest import environment
from tests.preloaded import put_program
from tui.commands.sync_entries import wrong_sources
from tui.settings import load_settings

PAGE = "sync.md"
HOME = "/home/ana"
"""The home in the page's examples."""


def run(script: str, home: Path) -> str:
    """The output of a block of the page, in one shell and in an empty home."""
    programs = home.with_name(f"{home.name}-bin")
    programs.mkdir(exist_ok=True)
    put_program(programs)
    env = environment(home) | {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home)}
    del env["TENANTPILOT_CONFIG"]
    ran = subprocess.run(["sh", "-c", script], cwd=home, env=env, capture_output=True, text=True, timeout=120)
    assert [line for line in ran.stderr.splitlines() if not line.startswith("tenantpilot: The database is ")] == []
    return ran.stdout.replace(str(home), HOME)


def test_a_fleet_by_tonight(tmp_path: Path) -> None:
    first, report = blocks(PAGE, "sh")
    (said,) = blocks(PAGE, "text")
    assert run(first, tmp_path) == said
    printed = run(f"cd ~/fleet\n{report}", tmp_path).splitlines()
    assert printed[1].startswith("northwind,northwind,absent")
    assert len(printed) == 4
    (crontab,) = blocks(PAGE, "crontab")
    assert "%" not in crontab
    assert "1 refused" in run(f"cd ~/fleet\n{crontab.split(None, 5)[5]}", tmp_path)
    (step,) = blocks(PAGE, "yaml")
    run(f"cd ~/fleet\n{step.partition('run: ')[2]}", tmp_path)
    assert (tmp_path / "fleet" / "sync.json").read_text().startswith("{")


def test_the_settings_are_right(tmp_path: Path) -> None:
    (toml,) = blocks(PAGE, "toml")
    file = tmp_path / "tenantpilot.toml"
    file.write_text(toml)
    loaded = load_settings(config=file, overrides={}, environ={}, cwd=tmp_path)
    assert set(loaded.settings.sources) == {"nightly", "contoso", "git"}
    assert list(wrong_sources(loaded)) == []


def test_the_line_of_the_service_is_a_valid_command() -> None:
    (unit,) = blocks(PAGE, "ini")
    assert unit.endswith("/tenantpilot --config /etc/tenantpilot.toml sync\n")
    assert "OnCalendar" in (DOCS / PAGE).read_text(encoding="utf-8")
