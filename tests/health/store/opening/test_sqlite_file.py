"""A SQLite file that is overwritten in place, under an open reader and under a writer.

Modules: health.store.opening.sqlite_file, health.store.opening.sqlite, health.store.writing.transactions.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from health.store.opening.errors import StoreConflict, StoreError, StoreUnreachable
from health.store.opening.sqlite import SqliteReading
from health.store.opening.urls import DatabaseAddress, parse_database_url
from health.store.writing.transactions import transaction
from tests.health.making import HOUR, LONG_AGO, NOW
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.resolving import resolving
from tests.statements import before_each_statement, statements
from tui.commands import run

TENANTS = 4000


def a_fleet(word: str, tenants: int = 3) -> Rows:
    """Tenants with names of the same length, so that two fleets made by the same steps fill the same pages."""
    rows = Rows([], [], [], [])
    for number in range(1, tenants + 1):
        rows.tenants.append(TenantRow(number, f"{word}-{number}", f"{word} {number}", LONG_AGO))
        rows.sets.append(SetRow(number, number, name=word, completed_at=NOW - HOUR, created_at=NOW - HOUR))
        rows.items.append(ItemRow(number, number, number, display_name=word))
    return rows


@pytest.fixture(params=["delete", "wal", "wal with frames"])
def journal(request: pytest.FixtureRequest) -> str:
    """The journal of the database: a rollback journal; or a WAL, empty or with pages that are not written back yet."""
    mode: str = request.param
    return mode


@pytest.fixture
def live(tmp_path: Path, sqlite_template: Path, journal: str) -> str:
    """The URL of a fleet called `old`."""
    return _kept(tmp_path / "live.db", sqlite_template, a_fleet("old"), journal)


def _kept(file: Path, template: Path, rows: Rows, journal: str) -> str:
    shutil.copyfile(template, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal.split()[0]}")
    url = f"sqlite:///{file}"
    load(url, rows)
    return url


def _header(file: str | Path) -> bytes:
    return Path(file).read_bytes()[24:40]


def _copied(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _rewritten(source: Path, target: Path) -> None:
    """Overwrite like `rsync --inplace`: the file is never shorter, and its modification time is set back."""
    with target.open("r+b") as file:
        file.write(source.read_bytes())
        file.truncate()
    shutil.copystat(source, target)


@pytest.fixture(params=[_copied, _rewritten])
def overwrite(request: pytest.FixtureRequest) -> Callable[[Path, Path], None]:
    function: Callable[[Path, Path], None] = request.param
    return function


def test_a_file_overwritten_in_place_is_read_again(
    live: str, tmp_path: Path, sqlite_template: Path, journal: str, overwrite: Callable[[Path, Path], None]
) -> None:
    other = tmp_path / "other.db"
    _kept(other, sqlite_template, a_fleet("new"), journal)
    file = Path(sqlite_path(live))
    if journal == "wal with frames":
        # The writer's connection stays open, so nothing writes the WAL back.
        open_writer = sqlite3.connect(file)
        open_writer.execute("UPDATE tenants SET name = name")
        open_writer.commit()
    with resolving(live) as held:
        assert held.fleet(NOW)[0].tenant.external_id == "old-1"
        assert held.dashboard("old-2", NOW).attempts[0].name == "old"
        if journal == "delete":
            assert _header(file) == _header(other), "the case that SQLite itself cannot see"
        if journal == "wal with frames":
            open_writer.close()
        overwrite(other, file)
        for wal in (file.with_name("live.db-wal"),) if journal == "wal with frames" else ():
            wal.unlink(missing_ok=True)
        assert [health.tenant.external_id for health in held.fleet(NOW)] == ["new-1", "new-2", "new-3"]
        assert held.dashboard("new-2", NOW).attempts[0].name == "new"


def test_none_of_4000_tenants_gets_another_ones_name(tmp_path: Path, sqlite_template: Path) -> None:
    live = _kept(tmp_path / "live.db", sqlite_template, a_fleet("old", TENANTS), "delete")
    other = a_fleet("new", TENANTS)
    # The same rows in reverse: each page has other rows in the same places.
    turned = Rows(other.tenants[::-1], other.sets[::-1], other.items[::-1], [])
    _kept(tmp_path / "other.db", sqlite_template, turned, "delete")
    with resolving(live) as held:
        held.fleet(NOW)
        shutil.copyfile(tmp_path / "other.db", tmp_path / "live.db")
        for number in (1, 17, 2000, TENANTS):
            answer = held.backup_set(f"new-{number}", None, NOW)
            assert answer.health.tenant.name == f"new {number}"
            assert [item.display_name for item in answer.items] == ["new"]


def test_a_refresh_with_nothing_changed_opens_nothing(live: str) -> None:
    with resolving(live) as held, pytest.MonkeyPatch.context() as patched:
        first = held.refreshed_fleet(NOW)
        held.dashboard("old-1", NOW)
        opened: list[str] = []
        patched.setattr(sqlite3, "connect", lambda *_, **__: opened.append("again"))
        with statements() as seen:
            assert held.refreshed_fleet(NOW).verdicts is first.verdicts
            assert held.refreshed_fleet(NOW).verdicts is first.verdicts
        assert len(seen) <= 4
        assert opened == []


def test_an_open_reader_sees_the_commits_of_our_own_writer(live: str) -> None:
    address = parse_database_url(live)
    with resolving(live) as held:
        for name in ("first", "second", "third"):
            with transaction(address) as writer:
                writer.execute(text("UPDATE tenants SET name = :name WHERE id = 2"), {"name": name})
            assert name in {health.tenant.name for health in held.fleet(NOW)}


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_overwritten_while_it_is_read_is_read_again(
    tmp_path: Path, sqlite_template: Path, journal: str, overwrite: Callable[[Path, Path], None], replaced: bool
) -> None:
    live = _kept(tmp_path / "live.db", sqlite_template, a_fleet("old"), journal)
    _kept(tmp_path / "other.db", sqlite_template, a_fleet("new"), journal)
    overwritten: list[str] = []

    def overwrite_once(asked: object) -> None:
        if "backup_sets" in str(asked) and not overwritten:
            overwritten.append("now")
            overwrite(tmp_path / "other.db", tmp_path / ("copy.db" if replaced else "live.db"))
            if replaced:
                (tmp_path / "copy.db").replace(tmp_path / "live.db")

    (tmp_path / "copy.db").touch()
    with resolving(live) as held:
        with before_each_statement(overwrite_once):
            found = held.fleet(NOW)
        assert overwritten
        assert {health.tenant.external_id for health in found} == {"new-1", "new-2", "new-3"}
        assert {health.basis and health.basis.name for health in found} == {"new"}


def test_a_file_that_never_stands_still_is_an_error_and_no_mixture(tmp_path: Path, sqlite_template: Path) -> None:
    live = _kept(tmp_path / "live.db", sqlite_template, a_fleet("old"), "delete")
    _kept(tmp_path / "other.db", sqlite_template, a_fleet("new"), "delete")

    def overwrite(asked: object) -> None:
        if "backup_sets" in str(asked):
            shutil.copyfile(tmp_path / "other.db", tmp_path / "live.db")

    with (
        resolving(live) as held,
        before_each_statement(overwrite),
        pytest.raises(StoreError, match=r"^live\.db was overwritten while it was read: try again"),
    ):
        held.fleet(NOW)


@pytest.mark.parametrize("written_back", [False, True])
def test_an_ordinary_commit_in_the_middle_of_a_read_is_harmless(
    tmp_path: Path, sqlite_template: Path, written_back: bool
) -> None:
    """With a WAL a writer does not wait for a reader, and the reader keeps its snapshot.

    Also if the writer puts earlier pages back into the file meanwhile.
    """
    live = _kept(tmp_path / "live.db", sqlite_template, a_fleet("old"), "wal")
    file = Path(sqlite_path(live))
    committed: list[bool] = []

    def commit_once(asked: object) -> None:
        if "backup_sets" in str(asked) and not committed:
            before = file.stat().st_mtime_ns
            with closing(sqlite3.connect(file)) as writer:
                writer.execute("UPDATE tenants SET name = 'later'")
                writer.commit()
                if written_back:
                    writer.execute("PRAGMA wal_checkpoint")
            committed.append(file.stat().st_mtime_ns != before)

    with closing(sqlite3.connect(file)) as earlier:
        # A page that is not written back when the snapshot begins, and that the commit during it leaves alone.
        earlier.execute("UPDATE backup_items SET display_name = 'earlier'")
        earlier.commit()
        with resolving(live) as held:
            with before_each_statement(commit_once):
                assert held.fleet(NOW)[0].tenant.name == "old 1"
            assert committed == [written_back]
            assert held.fleet(NOW)[0].tenant.name == "later"


def test_a_connection_sees_each_overwriting(tmp_path: Path, sqlite_template: Path) -> None:
    address = _address(tmp_path, sqlite_template)
    _kept(tmp_path / "other.db", sqlite_template, a_fleet("new"), "delete")
    shutil.copyfile(tmp_path / "live.db", tmp_path / "kept.db")
    assert address.file is not None
    connection = SqliteReading.open(address.file)
    stamps = []
    for source, word in (("kept.db", "old"), ("other.db", "new"), ("kept.db", "old"), ("kept.db", "old")):
        shutil.copyfile(tmp_path / source, tmp_path / "live.db")
        assert connection.rows("SELECT name FROM tenants ORDER BY id LIMIT 1") == [(f"{word} 1",)]
        connection.end()
        stamps.append(connection.stamp)
    assert all(one != other for one, other in pairwise(stamps))
    connection.close()


def _address(tmp_path: Path, sqlite_template: Path) -> DatabaseAddress:
    return parse_database_url(_kept(tmp_path / "live.db", sqlite_template, a_fleet("old"), "delete"))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_writer_never_writes_over_another_file(tmp_path: Path, sqlite_template: Path, replaced: bool) -> None:
    address = _address(tmp_path, sqlite_template)
    other = tmp_path / "other.db"
    _kept(other, sqlite_template, a_fleet("new"), "delete")
    content = other.read_bytes()
    put = other.replace if replaced else partial(shutil.copyfile, other)
    said = r"^live\.db was replaced by another file while it was written: nothing"

    def write() -> None:
        with transaction(address) as writer:
            writer.execute(text("UPDATE tenants SET name = 'lost'"))
            put(tmp_path / "live.db")

    with pytest.raises(StoreConflict, match=said):
        write()
    assert (tmp_path / "live.db").read_bytes() == content
    assert not (tmp_path / "live.db-journal").exists()


# After a crash, or in a folder without write permission


def _crashed_in_a_write(file: Path) -> None:
    """A process that was killed while it wrote its pages into the file."""
    script = (
        "import os, sqlite3, sys\n"
        "writer = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "writer.execute('PRAGMA cache_size = 5')\n"
        "writer.execute('BEGIN IMMEDIATE')\n"
        "writer.execute(\"UPDATE tenants SET name = 'unfinished' || hex(zeroblob(400))\")\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert file.with_name(f"{file.name}-journal").stat().st_size


def test_the_named_command_mends_a_hot_journal(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = _kept(tmp_path / "live.db", sqlite_template, a_fleet("old", 500), "delete")
    _crashed_in_a_write(tmp_path / "live.db")
    said = (
        "live.db was left in the middle of a write by a program that crashed, with a hot journal beside it:"
        " run 'tenantpilot db upgrade' as a user who may write there; it takes the unfinished write back."
    )
    assert run(["check", "--database", live]) == 3
    assert capsys.readouterr().err == f"tenantpilot: {said}\n"
    assert run(["db", "upgrade", "--database", live]) == 0
    with resolving(live) as held:
        assert {health.tenant.name for health in held.fleet(NOW)} == {f"old {number}" for number in range(1, 501)}


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Run as a user with the rights of the files only, because root may do everything."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        # The last folder belongs to everybody, like `/tmp`, and stays as it is.
        folder.chmod(folder.stat().st_mode | 0o055)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("frames", [False, True])
def test_a_wal_in_a_folder_that_cannot_be_written_is_reported(
    tmp_path: Path, sqlite_template: Path, request: pytest.FixtureRequest, frames: bool
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    live = _kept(folder / "live.db", sqlite_template, a_fleet("old"), "wal")
    if frames:
        script = "import os, sqlite3, sys; w = sqlite3.connect(sys.argv[1]); w.execute('UPDATE tenants SET name = 1');"
        subprocess.run([sys.executable, "-c", f"{script} w.commit(); os._exit(0)", str(folder / "live.db")], check=True)
        (folder / "live.db-shm").unlink()
    folder.chmod(0o555)
    request.getfixturevalue("unprivileged")
    said = re.escape(
        "live.db is kept with a WAL, which only those can read who may write to its folder:"
        f" run sqlite3 {folder / 'live.db'} 'PRAGMA journal_mode = DELETE' as its owner, or open the folder."
    )
    with resolving(live) as held, pytest.raises(StoreUnreachable, match=f"^{said}$"):
        held.fleet(NOW)
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    with closing(sqlite3.connect(folder / "live.db")) as owner:
        owner.execute("PRAGMA journal_mode = DELETE")
    folder.chmod(0o555)
    with resolving(live) as held:
        assert len(held.fleet(NOW)) == 3


def test_a_file_without_rights_is_not_reported_as_a_wal(
    tmp_path: Path, sqlite_template: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    live = _kept(folder / "live.db", sqlite_template, a_fleet("old"), "delete")
    folder.chmod(0o555)
    (folder / "live.db").chmod(0o666)
    request.getfixturevalue("unprivileged")
    with (
        pytest.raises(StoreUnreachable, match=r"^live\.db cannot be written: check the permissions"),
        transaction(parse_database_url(live)) as writer,
    ):
        writer.execute(text("UPDATE tenants SET name = 'x'"))
    os.seteuid(os.getuid())
    (folder / "live.db").chmod(0)
    os.seteuid(65534 if os.getuid() == 0 else os.getuid())
    with resolving(live) as held, pytest.raises(StoreUnreachable, match=r"^live\.db cannot be read"):
        held.fleet(NOW)
