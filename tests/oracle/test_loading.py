"""What the oracle's loader leaves behind: tables whose CHECKs a later test can rely on."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest

from tests.oracle.cases import NOW
from tests.oracle.loading import clear, load
from tests.oracle.rows import Rows, SetRow, TenantRow

TENANT = TenantRow(1, "one.example", "One", NOW)
WITHOUT_A_TIME = SetRow(1, 1, created_at=NOW)
"""Completed, but when is not said: a CHECK refuses that."""
ERRORS = (psycopg.Error, sqlite3.Error)


def test_checks_are_ignored_only_while_rows_are_loaded(database_url: str) -> None:
    for _ in range(2):
        load(database_url, Rows([TENANT], [WITHOUT_A_TIME], [], []), unchecked=True)
        with pytest.raises(ERRORS, match=r"(?i)check constraint"):
            load(database_url, Rows([], [WITHOUT_A_TIME._replace(id=2)], [], []))
        clear(database_url)


def test_they_hold_again_after_rows_that_cannot_be_loaded(database_url: str) -> None:
    with pytest.raises(ERRORS, match=r"(?i)foreign key constraint"):
        load(database_url, Rows([], [WITHOUT_A_TIME], [], []), unchecked=True)
    with pytest.raises(ERRORS, match=r"(?i)check constraint"):
        load(database_url, Rows([TENANT], [WITHOUT_A_TIME], [], []))
