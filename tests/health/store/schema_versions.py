"""Databases with a given version of the schema: tests make them, and read the refusals of reading and writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from health.store.opening.errors import StoreError
from health.store.opening.reading import reading_once
from health.store.opening.revision import SchemaState
from health.store.opening.urls import DatabaseAddress, parse_database_url
from health.store.writing.administration import look
from health.store.writing.transactions import writing
from tests.health.store.bare import bare
from tests.oracle.loading import sqlite_path

OLDER, NEWER = "tp0000", "tp9999"


def drop_everything(url: str) -> None:
    """Drop all tables."""
    if url.startswith("sqlite"):
        Path(sqlite_path(url)).write_bytes(b"")
    else:
        execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


def execute(url: str, *statements: str) -> None:
    """Run statements by the bare driver, each committed by itself."""
    with bare(url) as store:
        for statement in statements:
            store.execute(statement)


def set_version(url: str, number: str) -> None:
    """Make a database with tables claim another version of them."""
    execute(url, f"UPDATE alembic_version SET version_num = '{number}'")


def tables(url: str) -> set[str]:
    """The names of all tables."""
    listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if not url.startswith("sqlite"):
        listed = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    with bare(url) as store:
        return {name for (name,) in store.execute(listed)}


def read(address: DatabaseAddress) -> None:
    """Begin to read facts. Raises what every reading command does."""
    with reading_once(address):
        pass


def write(address: DatabaseAddress) -> None:
    """Begin to write facts. Raises what every writing command does."""
    with writing(address):
        pass


def state_of(address: DatabaseAddress) -> SchemaState:
    """The schema's state, as `db status` finds it."""
    return look(address).state


def sentence_of(url: str) -> str:
    """The refusal of reading and writing: the same for both, one line, with the database's name but no password."""
    address = parse_database_url(url)
    said = []
    for attempt in (read, write):
        with pytest.raises(StoreError) as refused:
            attempt(address)
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert said[0].startswith(address.label)
    assert "\n" not in said[0]
    return said[0].removeprefix(address.label)
