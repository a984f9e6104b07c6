"""Commands that write name the database that they wrote to, and warn of a new tenant that looks like another.

Modules: tui.commands, health.store.writing.committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.health.sources.trees import plant, policy
from tests.oracle.loading import sqlite_path
from tests.tui.commands.console import Console
from tests.tui.commands.recorder import ONE_FILE, TWO_FILES, Recorder

AT = "2026-11-23T02:10:00Z"


def place_of(url: str) -> str:
    """The name of a database in the sentence, from its URL. The server of the tests uses the usual port on a socket."""
    if url.startswith("sqlite"):
        return sqlite_path(url)
    parts = urlsplit(url)
    where = f"{parts.path[1:]}@{parts.hostname}:{parts.port}" if parts.hostname else f"{parts.path[1:]}@localhost"
    return where + (f", schema {parts.query.rpartition('%3D')[2]}" if "search_path" in parts.query else "")


def facts(folder: Path, *tenants: str) -> str:
    lines = [f'{{"kind": "tenant", "external_id": "{tenant}", "name": "T"}}\n' for tenant in tenants]
    (folder / "facts.jsonl").write_text("".join(lines))
    return str(folder / "facts.jsonl")


def test_each_command_that_writes_names_where(any_console: Console, tmp_path: Path) -> None:
    root = str(plant(tmp_path / "backup", {"Filters/1.json": policy()}))
    whose = ("--tenant", "contoso")
    commands: Sequence[Sequence[str]] = (
        ("db", "init"),
        ("db", "upgrade"),
        ("tenant", "add", "contoso"),
        ("tenant", "rename", "contoso", "C"),
        ("tenant", "archive", "contoso"),
        ("tenant", "archive", "contoso", "--undo"),
        ("schedule", "add", "nightly", *whose),
        ("schedule", "disable", "nightly", *whose),
        ("schedule", "enable", "nightly", *whose),
        ("import", "facts", facts(tmp_path, "fabrikam")),
        ("import", "intunecd", root, *whose, "--completed-at", AT),
        ("import", "intunecd", root, *whose, "--completed-at", AT),
        ("prune", "--keep-last", "1", "--yes"),
    )
    for words in commands:
        done = any_console.run(*words)
        assert (done.code, done.err, done.written_to) == (0, "", place_of(any_console.url)), words


def test_a_command_that_writes_nothing_names_none(any_console: Console, tmp_path: Path) -> None:
    assert any_console.run("tenant", "add", "contoso").code == 0
    for words in (
        ("tenant", "add", "contoso"),
        ("tenant", "list"),
        ("prune", "--keep-last", "1"),
        ("import", "intunecd", str(tmp_path), "--tenant", "contoso", "--completed-at", AT),
        ("report",),
        ("db", "status"),
    ):
        assert any_console.run(*words).written_to == "", words


def test_it_is_the_server_that_answered_and_its_schema(console: Console, postgres_url: str, closed_port: int) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA tp")
        admin.execute("ALTER ROLE current_user SET search_path = tp")
    try:
        url = postgres_url.replace("host=", "host=127.0.0.1,") + f"&port={closed_port},5432"
        for words in (("db", "init"), ("tenant", "add", "contoso")):
            done = console.bare(*words, "--database", url)
            assert (done.code, done.written_to) == (0, f"{place_of(postgres_url)}, schema tp"), done
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("ALTER ROLE current_user RESET search_path")


def test_sync_names_it_once_and_a_dry_run_not_at_all(recorder: Recorder) -> None:
    plant(recorder.folder / "backups", {f"{name}/Filters/1.json": policy(name) for name in ("a", "b")})
    settings = recorder.folder / "tenantpilot.toml"
    settings.write_text(
        '[sources.all]\nkind = "intunecd"\npath = "backups/*"\ntenant = "{folder}"\ncompleted_at = "newest-file"\n'
    )
    for words, place in ((("--dry-run",), ""), ((), sqlite_path(recorder.url))):
        done = recorder.tenantpilot("sync", "--config", str(settings), *words)
        assert (done.returncode, done.stderr, recorder.written_to) == (0, b"", place)


def test_a_recorded_run_that_went_well_leaves_cron_nothing_to_mail(any_recorder: Recorder) -> None:
    """docs/record.md"""
    assert (any_recorder.shell(TWO_FILES).stderr, any_recorder.written_to) == (b"", "")
    assert b"noted as failed" in any_recorder.shell("false").stderr
    assert any_recorder.written_to == place_of(any_recorder.url)


def alike(added: str, other: str) -> str:
    return (
        f"tenantpilot: The tenants {added!r} and {other!r} look alike, but are two tenants: check that you want both.\n"
    )


def test_a_new_tenant_like_another_is_named_however_it_comes(any_recorder: Recorder) -> None:
    folder = any_recorder.folder
    plant(folder / "backup", {"Filters/1.json": policy()})
    settings = folder / "tenantpilot.toml"
    settings.write_text(
        '[sources.x]\nkind = "intunecd"\npath = "backup"\ntenant = "CONTOSO "\ncompleted_at = "newest-file"\n'
    )
    assert any_recorder.tenantpilot("tenant", "add", "contoso").stderr == b""
    new = ("--create-tenant", "C", "--completed-at", AT)
    by_import = any_recorder.tenantpilot("import", "intunecd", "backup", "--tenant", "Contoso", *new)
    assert by_import.stderr.decode() == alike("Contoso", "contoso")
    again = any_recorder.tenantpilot("import", "intunecd", "backup", "--tenant", "Contoso", *new)
    assert again.stderr == b""
    by_facts = any_recorder.tenantpilot("import", "facts", facts(folder, "ｃontoso", "new", "NEW", "northwind"))
    assert by_facts.stderr.decode() == (
        alike("NEW", "new") + alike("ｃontoso", "Contoso") + alike("ｃontoso", "contoso")
    )
    by_sync = any_recorder.tenantpilot("sync", "--config", str(settings))
    assert by_sync.stderr.decode() == "".join(alike("CONTOSO ", each) for each in ("Contoso", "contoso", "ｃontoso"))
    assert any_recorder.tenantpilot("sync", "--config", str(settings)).stderr == b""
    words = any_recorder.words("sh", "-c", ONE_FILE)
    words[words.index("contoso")] = " contoso"
    by_record = any_recorder.tenantpilot(*words)
    assert by_record.returncode == 0
    assert by_record.stderr.decode().count("look alike, but are two tenants") == 4


@pytest.fixture
def closed_port() -> int:
    """A port of this machine without a listener."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
