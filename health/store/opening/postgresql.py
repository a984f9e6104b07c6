"""Read from PostgreSQL: one flight begins a read-only snapshot, sets what it needs, asks, and may end the snapshot.

No setting lasts longer than the transaction, no prepared statement has a name, and no startup option is sent: a pooler
may give the next transaction another session, and some poolers refuse startup options (docs/reading.md, "Poolers").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from psycopg import Error
from psycopg.abc import Buffer
from psycopg.adapt import Loader, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.sql import Literal
from psycopg.types.string import TextLoader

from health.store.opening import limits
from health.store.opening.deadline import ANSWER_SECONDS, DeadlineConnection
from health.store.opening.errors import is_not_supported
from health.store.opening.home import TABLES_OF_THE_SNAPSHOT, WRITTEN_ANEW
from health.store.opening.limits import NODES_SECONDS
from health.store.opening.statements import PARAMETER, ROWS_AT_ONCE, Asked, Parts, ReadingConnection, Rows, Statements
from health.store.opening.urls import DatabaseAddress, label_of

# Instants come as UTC text in one style, which `rows.py` parses.
ONE_FORM: Final = {"timezone": "UTC", "datestyle": "ISO"}
# A row-level policy that would hide rows is an error; it never makes a list shorter.
NOTHING_HIDDEN: Final = {"row_security": "off"}
# JIT costs more than it saves on statements of this size.
NO_JIT: Final = {"jit": "off"}
# Joins must be nested loops over indexes, whatever the statistics say: a hash join would scan every tenant's history.
# The latest set is the first row of its index; without statistics another index and a sort would look as cheap.
READING: Final = {
    "statement_timeout": f"{limits.STATEMENT_SECONDS}s",
    "lock_timeout": f"{limits.SILENT_SECONDS}s",
    "idle_in_transaction_session_timeout": "60s",
    **ONE_FORM,
    **NOTHING_HIDDEN,
    **NO_JIT,
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "max_parallel_workers_per_gather": "0",
}
# On Citus the transaction's settings also go to the nodes, and each node is asked on one connection, so that all rows
# of a tenant come from one snapshot of its node.
_NODES: Final = {"citus.propagate_set_commands": "local", "citus.max_adaptive_executor_pool_size": "1"}
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_KEEPALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}


class PostgresqlStatements(Statements):
    """Statements on an open connection, in a transaction that the caller may have begun."""

    dialect = "postgresql"

    def __init__(self, driver: DeadlineConnection) -> None:
        self._driver = driver

    @property
    def distributed(self) -> bool:
        return self._driver.distributed

    @distributed.setter
    def distributed(self, found: bool) -> None:
        self._driver.distributed = found

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        return self._flight([], asked, [])

    def _flight(self, before: Sequence[str], asked: Sequence[Asked], after: Sequence[str]) -> list[Parts]:
        """Several statements as one simple query: one round trip. `before` and `after` have no rows."""
        query = "; ".join([*before, *(self._bound(each) for each in asked), *after]).encode()
        if asked and asked[-1].large:
            return self._as_they_arrive(query, len(before), len(asked))
        cursor = self._driver.cursor()
        cursor.execute(query)
        for _ in before:
            cursor.nextset()
        found: list[Parts] = []
        for place, _ in enumerate(asked, 1):
            if place == len(asked):
                found.append(_parts(cursor))
            else:
                found.append(iter(list(_parts(cursor))))
                cursor.nextset()
        return found

    def _as_they_arrive(self, query: bytes, before: int, asked: int) -> list[Parts]:
        """The same, but the rows of the last statement asked come as the server sends them."""
        self._driver.send_flight(query, ROWS_AT_ONCE)
        transformer = Transformer(self._driver)

        def of_a_statement() -> Iterator[PGresult]:
            while (result := self._driver.next_result()) is not None:
                if result.ntuples:
                    yield result
                if result.status != ExecStatus.TUPLES_CHUNK:
                    return

        def rows(results: Iterable[PGresult]) -> Parts:
            for result in results:
                transformer.set_pgresult(result)
                yield transformer.load_rows(0, result.ntuples, tuple)

        def of_the_last() -> Parts:
            yield from rows(of_a_statement())
            while self._driver.next_result() is not None:
                pass

        # As libpq keeps them, answers take half the memory of their rows in Python.
        others = [list(of_a_statement()) for _ in range(before + asked - 1)]
        return [*map(rows, others[before:]), of_the_last()]

    def _bound(self, asked: Asked) -> str:
        """The statement with its values as literals, quoted by libpq, because a simple query has no parameters.

        A distributed PostgreSQL sends a statement to one node only if the tenant is a constant in it.
        """

        def literal(found: Any) -> str:
            value = asked.parameters[found[1]]
            if isinstance(value, list):
                return f"({', '.join(map(self._literal, value or [None]))})"
            return self._literal(value)

        return PARAMETER.sub(literal, asked.statement) if asked.parameters else asked.statement

    def _literal(self, value: Any) -> str:
        if type(value) is int and value >= 0:
            return str(value)  # ids come by the thousand
        return Literal(value).as_string(self._driver)


class PostgresqlReading(PostgresqlStatements, ReadingConnection):
    """A connection with deadlines. Each of its transactions is one read-only snapshot."""

    @classmethod
    def open(cls, address: DatabaseAddress) -> PostgresqlReading:
        """Connect. Raises what the driver raises."""
        return cls(connected(address, autocommit=True))

    def __init__(self, driver: DeadlineConnection) -> None:
        super().__init__(driver)
        info = driver.info
        self.label = label_of(info.dbname, info.host, str(info.port))
        self._begun = False
        self._ended = False
        self._on_nodes = False
        self._notices_tears = True

    def run(self, asked: Sequence[Asked], *, last: bool = False) -> list[Parts]:
        assert not self._ended, "the snapshot has ended with the last flight"
        before = [] if self._begun else [_BEGIN, *set_local(READING | as_stored(self._driver))]
        if self.distributed:
            # The rest of the deadline is for finding out which node is silent.
            self._driver.patience = ANSWER_SECONDS - NODES_SECONDS
            if not self._on_nodes:
                before.append(set_on_nodes(READING))
        self._begun, self._ended, self._on_nodes = True, last, self.distributed
        return self._flight(before, asked, self._end if last else [])

    @property
    def _end(self) -> list[str]:
        """The statements that end a snapshot. The tables of a Citus coordinator are on its nodes."""
        return [TABLES_OF_THE_SNAPSHOT, "COMMIT"] if self._notices_tears and not self.distributed else ["COMMIT"]

    def end(self) -> None:
        if self._begun and not self._ended:
            if self._driver.info.transaction_status == TransactionStatus.INERROR:
                self._driver.rollback()
            else:
                self._driver.cursor().execute("; ".join(self._end).encode())
        self._begun = self._ended = self._on_nodes = False

    def give_up(self) -> None:
        self._begun = self._ended = self._on_nodes = False
        if self.distributed:
            self._driver.patience = 1  # a silent node delays the end of a transaction too
        try:
            self._driver.rollback()
        except Error:
            self.close()

    def was_torn(self, error: BaseException | None) -> bool:
        if is_not_supported(error) and "pg_relation_filenode" in str(error):
            self._notices_tears = False  # some services that speak PostgreSQL's language lack it
            return True
        return WRITTEN_ANEW in str(error)

    @property
    def lost(self) -> bool:
        return self._driver.closed or self._driver.broken

    def break_off(self) -> None:
        self._driver.break_off()

    def close(self) -> None:
        with suppress(Error):
            self._driver.close()


def connected(address: DatabaseAddress, *, autocommit: bool) -> DeadlineConnection:
    """Connect with the options that all our connections have. Raises the driver's errors."""
    given = address.libpq_parameters()
    own: dict[str, Any] = {"application_name": "tenantpilot", "connect_timeout": limits.CONNECT_SECONDS, **_KEEPALIVE}
    own["client_encoding"] = "UTF8"  # of every statement, whatever the database's own encoding is
    driver = DeadlineConnection.connect(**given | own, autocommit=autocommit, prepare_threshold=None)
    # Instants as text: `infinity`, BC and the year 20000 would raise in the driver, and the whole read would fail.
    driver.adapters.register_loader("timestamptz", TextLoader)
    if as_stored(driver):
        for name in ("text", "varchar", "name", "timestamptz"):
            driver.adapters.register_loader(name, _TextOfAnyEncoding)
    return driver


class _TextOfAnyEncoding(Loader):
    """Bytes that are not UTF-8 become escapes, instead of an error of the whole read."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "backslashreplace")


def as_stored(driver: DeadlineConnection) -> dict[str, str]:
    """The setting for a database that does not know its encoding (`SQL_ASCII`): its text is sent as it is stored."""
    stored_in = driver.info.parameter_status("server_encoding")
    return {"client_encoding": "SQL_ASCII"} if stored_in == "SQL_ASCII" else {}


def set_local(settings: Mapping[str, str]) -> list[str]:
    """The statements that set these settings until the transaction ends."""
    return [f"SET LOCAL {name} = '{value}'" for name, value in settings.items()]


def set_on_nodes(settings: Mapping[str, str]) -> str:
    """The statement that sets the same on the nodes of a Citus cluster, until the transaction ends.

    It is a block: Citus sends its nodes the whole text of a simple query, but each statement of a block separately.
    """
    return f"DO $$ BEGIN {'; '.join(set_local(_NODES | dict(settings)))}; END $$"


def _parts(cursor: Any) -> Parts:
    if cursor.description is None:
        return
    while part := cursor.fetchmany(ROWS_AT_ONCE):
        rows: Rows = part
        yield rows
