"""`tenantpilot config --check`, `--schema` and `--example` (docs/sync.md, "A settings file in git").

Modules: tui.commands.config, tui.commands.examples, tui.settings.checking, tui.settings.schema.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from tests.tui.commands.console import Console
from tests.tui.settings.given import SECRET, SECRET_URL
from tui.settings import Settings


def check(console: Console, folder: Path, text: str) -> tuple[int, list[str]]:
    """The exit code and the problems, without the file's name."""
    file = folder / "tenantpilot.toml"
    file.write_text(text)
    done = console.bare("config", "--check", "--config", str(file))
    assert done.err == ""
    return done.code, [line.removeprefix(f"{file}: ") for line in done.out.splitlines()]


def test_every_error_has_its_line(console: Console, tmp_path: Path) -> None:
    text = f"""\
[database]
url = "{SECRET_URL}"
[ui]
theme = 1
mose = true
[sources.one]
kind = "intune"
path = "x"
"""
    code, problems = check(console, tmp_path, text)
    assert code == 2
    assert [problem.partition(":")[0] for problem in problems] == ["line 5", "line 4", "line 7", "line 6"]
    assert "the nearest known one is ui.mouse" in problems[0]
    assert "there is no source 'intune'" in problems[2]
    assert "has no tenant" in problems[3]
    assert SECRET not in str(problems)


def test_a_file_in_git_may_not_have_a_password(console: Console, tmp_path: Path) -> None:
    code, problems = check(console, tmp_path, f'[database]\nurl = "{SECRET_URL}"\n')
    why = "holds a password: move it into ~/.pgpass or TENANTPILOT_DATABASE__URL"
    assert (code, problems) == (2, [f"line 2: database.url: {why}"])
    assert check(console, tmp_path, '[database]\nurl = "postgresql://ana@db1/fleet"\n')[0] == 0


def test_sources_and_known_entries_are_looked_at(console: Console, tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text('[[known]]\ntenant = "a"\n')
    text = """\
[known]
file = "known.toml"
[sources.one]
kind = "intunecd"
path = "nowhere/*"
tenant = "{folder}"
git = true
[sources.two]
kind = "intunecd"
path = "x"
tenant = "t"
"""
    code, problems = check(console, tmp_path, text)
    assert code == 2
    assert "known.toml, line 1: reason is missing" in problems[0]
    assert problems[1].startswith("line 8: sources.two: has no completed_at")
    code, problems = check(console, tmp_path, text + "git = true\n")
    assert problems[1].startswith("line 5: sources.one.path: ")
    assert "this folder cannot be read" in problems[1]


def test_nothing_wrong(console: Console, tmp_path: Path) -> None:
    assert check(console, tmp_path, "[ui]\nmouse = true\n") == (0, ["nothing is wrong (0 sources, 0 known)."])


def test_the_schema_has_every_setting_and_takes_the_shipped_file(console: Console) -> None:
    schema = json.loads(console.bare("config", "--schema").out)
    assert set(schema["properties"]) == set(Settings.model_fields)
    source = schema["$defs"]["SourceSettings"]
    assert {"kind", "path", "tenant", "author", "run_gap", "timezone"} <= set(source["properties"])
    assert "accept_loss" not in source["properties"]
    window = schema["$defs"]["BackupHealthSettings"]["properties"]["freshness_window"]
    assert (window["type"], window["default"]) == ("string", "24h")
    assert "format" not in window


def test_the_example_is_right_but_for_its_folders(console: Console, tmp_path: Path) -> None:
    text = console.bare("config", "--example", "sync").out
    assert set(tomllib.loads(text)) == {"backup_health", "sources"}
    code, problems = check(console, tmp_path, text.replace("/srv", str(tmp_path)))
    assert code == 2
    assert all("this folder cannot be read" in problem for problem in problems)
    assert len(problems) == 2


def test_one_of_them_at_a_time(console: Console) -> None:
    assert (
        console.bare("config", "--check", "--schema").refusal() == "Give only one of --check, --schema and --example."
    )
