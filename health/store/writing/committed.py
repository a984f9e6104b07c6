"""What this process has committed: to which databases, and which new tenants look like another.

Only commits count, with the connections that were really made (docs/operations.md, "Which database a command writes
to").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from sqlalchemy import Connection, select

from health.store.opening.urls import label_of
from health.store.writing.tables import tenants

_CREATED: Final = "tenants created"
_USUAL_SCHEMA: Final = "public"


class Committed(NamedTuple):
    """The databases by their labels, and pairs of external ids: a created tenant, and one like it."""

    places: tuple[str, ...] = ()
    alike: tuple[tuple[str, str], ...] = ()


_lock: Final = Lock()
_places: Final[dict[str, None]] = {}
_alike: Final[dict[tuple[str, str], None]] = {}


def take_committed() -> Committed:
    """Return what was committed since the last call."""
    with _lock:
        taken = Committed(tuple(_places), tuple(_alike))
        _places.clear()
        _alike.clear()
    return taken


def note_created(connection: Connection, external_id: str) -> None:
    """Note that the transaction creates a tenant."""
    connection.info.setdefault(_CREATED, []).append(external_id)


def forget_places() -> None:
    """Forget the databases that were written to until now."""
    with _lock:
        _places.clear()


class Uncommitted(NamedTuple):
    """The changes of a transaction that is about to be committed."""

    place: str
    alike: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, connection: Connection, file: Path | None) -> Uncommitted:
        """Collect the changes of a transaction; `file` is its SQLite database."""
        return cls(
            str(file.absolute()) if file is not None else _server_of(connection),
            tuple(_alike_among(connection, connection.info.pop(_CREATED, ()))),
        )

    def keep(self) -> None:
        """Note that it is committed."""
        with _lock:
            _places[self.place] = None
            _alike.update(dict.fromkeys(self.alike))


def _server_of(connection: Connection) -> str:
    driver: Any = connection.connection.driver_connection
    info = driver.info
    label = label_of(info.dbname, info.host, str(info.port))
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one_or_none()
    return label if schema in (None, _USUAL_SCHEMA) else f"{label}, schema {schema}"


def _alike_among(connection: Connection, created: Iterable[str]) -> list[tuple[str, str]]:
    """Each new tenant with every other one that equals it after NFKC, case folding and trimming."""
    new = sorted(set(created))
    if not new:
        return []
    by_form: dict[str, list[str]] = defaultdict(list)
    for external_id in connection.execute(select(tenants.c.external_id)).scalars():
        by_form[_folded(str(external_id))].append(str(external_id))
    found: list[tuple[str, str]] = []
    for each in new:
        others = sorted(other for other in by_form[_folded(each)] if other != each)
        found += [(each, other) for other in others if (other, each) not in found]
    return found


def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold().strip()
