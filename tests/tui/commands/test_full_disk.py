"""A disk fills up while we write: one sentence, exit code 3, nothing half-written, and later it works.

Modules: tui.commands, health.store.writing.
"""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event

from tests.end_to_end.terminal import TENANTPILOT
from tests.health.store.bare import bare
from tests.oracle.loading import sqlite_path
from tests.tui.commands.console import Console, a_fleet

ITEMS: Final = 400
INTEGRITY: Final = "PRAGMA integrity_check"


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A set that needs far more space than there is."""
    reference = {"external_id": "web-1", "source": "own", "source_ref": "1"}
    item = {"kind": "item", "policy_type": "path", "capture_mode": "full", **reference}
    lines: list[dict[str, Any]] = [
        {"kind": "tenant", "external_id": "web-1", "name": "web-1"},
        {"kind": "set", "name": "n", "status": "completed", "completed_at": "2026-11-23T02:14:30Z", **reference},
        *({**item, "policy_identifier": f"p{number}", "display_name": "x" * 500} for number in range(ITEMS)),
    ]
    file = tmp_path / "facts.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@contextmanager
def pages(most: int) -> Iterator[None]:
    """Databases that are opened in this block have room for this many pages."""

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


@pytest.mark.parametrize("more", [0, 1, 3, 10, 30])
def test_an_import(more: int, console: Console, facts: Path) -> None:
    console.load(a_fleet("confirmed", "stale"))
    with bare(console.url) as other:
        before = other.everything()
        ((used,),) = other.execute("PRAGMA page_count")
        with pages(used + more):
            done = console.run("import", "facts", str(facts))
        assert done.code == 3
        assert done.refusal().endswith("is on a disk that is full (database or disk is full): make room and try again.")
        assert other.everything() == before
        assert other.execute(INTEGRITY) == [("ok",)]
        assert console.run("import", "facts", str(facts)).code == 0
        assert len(other.rows("backup_items")) == len(before["backup_items"]) + ITEMS


def test_new_tables(console: Console, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with pages(3):
        done = console.bare("db", "init", "--database", url)
    assert done.code == 3
    assert "is on a disk that is full" in done.refusal()
    assert console.bare("db", "init", "--database", url).code == 0


def test_an_import_that_the_system_stops(console: Console, facts: Path) -> None:
    """A limit on the size of files stops it, so the failure comes from the file system and not from SQLite."""
    console.load(a_fleet("confirmed", "stale"))
    file = Path(sqlite_path(console.url))
    room = file.stat().st_size + 20_000
    command = [TENANTPILOT, "import", "facts", str(facts), "--database", console.url]
    with bare(console.url) as other:
        before = other.everything()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        )
        assert (done.returncode, done.stdout) == (3, ""), done.stderr
        assert done.stderr.startswith(f"tenantpilot: {file.name} ")
        assert done.stderr.count("\n") == 1
        assert other.everything() == before
        assert other.execute(INTEGRITY) == [("ok",)]
