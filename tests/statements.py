"""The product's reading statements, on their way to a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from health.store.opening.postgresql import PostgresqlStatements
from health.store.opening.sqlite import SqliteStatements
from health.store.opening.statements import Asked, Parts


@contextmanager
def before_each_statement(note: Callable[[Asked], object]) -> Iterator[None]:
    """In this block `note` is called before each statement is sent. A server gets each in a separate flight.

    So a test can act between any two of them.
    """
    flight, parts = PostgresqlStatements._flight, SqliteStatements._parts

    def one_by_one(
        own: PostgresqlStatements, before: Sequence[str], asked: Sequence[Asked], after: Sequence[str]
    ) -> list[Parts]:
        found: list[Parts] = []
        for place, each in enumerate(asked, 1):
            note(each)
            found += flight(own, [] if place > 1 else before, [each], [] if place < len(asked) else after)
        return found if asked else flight(own, before, asked, after)

    def noted(own: SqliteStatements, statement: str, parameters: Any) -> Parts:
        note(Asked(statement, parameters))
        yield from parts(own, statement, parameters)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresqlStatements, "_flight", one_by_one)
        patched.setattr(SqliteStatements, "_parts", noted)
        yield


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is sent in this block."""
    seen: list[str] = []
    with before_each_statement(lambda asked: seen.append(asked.statement)):
        yield seen


@contextmanager
def flights() -> Iterator[list[str]]:
    """The messages to a PostgreSQL server in this block, one for each round trip."""
    seen: list[str] = []
    flight = PostgresqlStatements._flight

    def noted(own: PostgresqlStatements, *said: Any) -> list[Parts]:
        seen.append("; ".join(each.statement for each in said[1]))
        return flight(own, *said)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresqlStatements, "_flight", noted)
        yield seen
