"""Instants in SQLite: one canonical text, so that text order is time order, and every other form refused by a CHECK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health.store.opening.statements import sqlite_text
from tests.health.store.bare import Bare, bare
from tests.health.store.writing.test_tables import COLUMNS, GOOD, THEN

CANONICAL = [
    "2026-11-23 09:00:00.000000",
    "2026-11-23 23:59:59.999999",
    "0001-01-01 00:00:00.000000",
    "0999-12-31 23:59:59.999999",
    "9999-12-31 23:59:59.999999",
    # 29 February in a leap year: every fourth year, but of the centuries only every fourth.
    "2024-02-29 00:00:00.000000",
    "2000-02-29 12:00:00.000001",
    "0004-02-29 00:00:00.000000",
]
NO_INSTANTS: list[Any] = [
    "",
    "garbage",
    "infinity",
    "now",
    "2026",
    "2026-11-23",
    "2026-11-23 09:00",
    "2026-11-23 09:00:00",
    "2026-11-23 09:00:00.0",
    "2026-11-23 09:00:00.00000",
    "2026-11-23 09:00:00.0000000",
    "2026-11-23T09:00:00.000000",
    "2026-11-23 09:00:00,000000",
    "2026-11-23 09:00:00.000000Z",
    "2026-11-23 09:00:00.000000+00:00",
    " 2026-11-23 09:00:00.000000",
    "2026-11-23 09:00:00.000000 ",
    "2026-11-23 09:00:00.000000\n",
    "2026-11-23 09:00:00.00000x",
    "2026-11-23 09:00:00.-00001",
    "2026-11-23 09:00:00.000000\x00",
    "2026-11-23 09:00:00.000000\x00 and more",
    "2026-11-23\x0009:00:00.000000",
    # No such day.
    "2026-02-29 00:00:00.000000",
    "2026-02-31 00:00:00.000000",
    "1900-02-29 00:00:00.000000",
    "2026-04-31 00:00:00.000000",
    "2026-00-01 00:00:00.000000",
    "2026-13-01 00:00:00.000000",
    "2026-11-00 00:00:00.000000",
    "2026-11-32 00:00:00.000000",
    # No such time of day.
    "2026-11-23 24:00:00.000000",
    "2026-11-23 25:00:00.000000",
    "2026-11-23 23:60:00.000000",
    "2026-11-23 23:59:60.000000",
    "2026-11-23 23:59:61.000000",
    # No such year.
    "0000-01-01 00:00:00.000000",
    "-001-01-01 00:00:00.000000",
    "10000-01-01 00:00:00.000000",
    "+999-01-01 00:00:00.000000",
    # Digits of other scripts, signs and blanks in the place of digits.
    "２０２６-11-23 09:00:00.000000",
    "2026-11-23 09:00:00.٠٠٠٠٠٠",
    "2026-1 -23 09:00:00.000000",
    "2026- 1-23 09:00:00.000000",
    "2026-+1-23 09:00:00.000000",
    "2026-11-23 -9:00:00.000000",
    "2026/11/23 09:00:00.000000",
    "20261123 090000.000000    ",
    # Other types. A text column would turn the numbers into text.
    1795424400,
    1795424400.5,
    2461367.875,
    b"2026-11-23 09:00:00.000000",
    b"\xff",
]
INSTANT_COLUMNS = [(table, column) for table in COLUMNS for column in COLUMNS[table] if column.endswith("_at")]


@pytest.fixture(scope="module")
def store(shared_sqlite_url: str) -> Iterator[Bare]:
    """A tenant with a set, for items to belong to."""
    with bare(shared_sqlite_url) as connection:
        connection.insert("tenants", external_id="contoso", name="Contoso", created_at=THEN)
        connection.insert("backup_sets", **GOOD["backup_sets"] | {"source_ref": "a"})
        yield connection


def refusal(store: Bare, table: str, column: str, value: Any) -> str | None:
    return store.refusal(table, **GOOD[table] | {column: value})


@pytest.mark.parametrize("text", CANONICAL)
def test_the_canonical_form_is_accepted(store: Bare, text: str) -> None:
    assert refusal(store, "backup_sets", "completed_at", text) is None


@pytest.mark.parametrize("value", NO_INSTANTS, ids=repr)
def test_every_other_form_is_refused(store: Bare, value: Any) -> None:
    assert refusal(store, "backup_sets", "completed_at", value) == "check"


@pytest.mark.parametrize(("table", "column"), INSTANT_COLUMNS)
def test_every_column_of_instants_is_checked(store: Bare, table: str, column: str) -> None:
    assert refusal(store, table, column, CANONICAL[0]) is None
    for value in ("garbage", "2026-02-31 00:00:00.000000", "2026-11-23 24:00:00.000000", 0):
        assert refusal(store, table, column, value) == "check"


def test_these_are_all_the_columns_of_instants() -> None:
    assert len(INSTANT_COLUMNS) == 2 + 5 + 4 + 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_written_instants_are_canonical_and_sort_by_time(store: Bare, one: datetime, other: datetime) -> None:
    assert refusal(store, "backup_sets", "completed_at", sqlite_text(one)) is None
    assert (sqlite_text(one) < sqlite_text(other)) == (one < other)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.from_regex(r"[0-9]{3}[0-9 ]-[0-9 +][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{6}", fullmatch=True)
)
def test_the_check_accepts_exactly_the_calendars_days(store: Bare, text: str) -> None:
    try:
        # Later versions of Python read 24:00 as the next day's midnight.
        exists = datetime.fromisoformat(text) is not None and text[11:13] != "24"
    except ValueError:
        exists = False
    assert refusal(store, "backup_sets", "completed_at", text) == (None if exists else "check")
