"""The budgets of a database far away: round trips and bytes, counted by a proxy. Time is not measured."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from math import nan
from pathlib import Path
from time import sleep
from typing import Final
from urllib.parse import urlsplit

import psycopg

from bench.budgets import Result
from bench.fleet import NOW
from bench.keeping import Kept
from bench.proxy import Counted, CountingProxy, proxy_to
from bench.start_up import NOW_OPTION, PRODUCT
from bench.terminal import environment
from bench.tls import certificate, tls_before
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.store.opening.reading import open_reading
from health.store.opening.urls import parse_database_url

_TENANT: Final = "tenant-000002.example"
_SETTLED_SECONDS: Final = 0.1
_SET_UP: Final = "a connection set up with TLS and a password"
_ROLE: Final = "with_password"
_PASSWORD: Final = "not a secret"
_OF_A_SCREEN: Final[dict[str, Callable[[TenantBackupHealthResolver], object]]] = {
    "dashboard": lambda resolver: resolver.dashboard(_TENANT, NOW),
    "backup sets": lambda resolver: resolver.backup_sets(_TENANT, NOW),
    "a backup set": lambda resolver: resolver.backup_set(_TENANT, None, NOW),
    "schedules": lambda resolver: resolver.schedules(_TENANT, NOW),
    "changes": lambda resolver: resolver.changes(_TENANT, NOW),
    "runs": lambda resolver: resolver.runs(_TENANT, 2, NOW),
    "last good copies": lambda resolver: resolver.last_good(_TENANT, NOW),
}


def measure(fleet: Kept) -> Iterator[Result]:
    """Every budget of a long link, on a fleet in PostgreSQL. Renames one tenant, and gives it its old name back."""
    url, where = fleet.url, fleet.where
    yield from _set_up(url, where)
    with proxy_to(url) as proxy:
        resolver = TenantBackupHealthResolver(parse_database_url(proxy.url), HealthPolicy())
        opened = _counted(proxy, lambda: resolver.missing_tenants(["nobody.example"]))
        # TCP and the start packet; then the first question, which also asks for the schema's revision.
        yield _trips("a connection without TLS and password, and its first question", where, opened, 2 + 2)
        first = _counted(proxy, lambda: resolver.refreshed_fleet(NOW))
        yield _trips("check, on an open connection", where, first, 2)
        for name, ask in _OF_A_SCREEN.items():
            yield _trips(f"a screen's question: {name}", where, _counted(proxy, lambda ask=ask: ask(resolver)), 1)  # type: ignore[misc]
        minutes = count(1)

        def refresh() -> object:
            return resolver.refreshed_fleet(NOW + timedelta(seconds=30 * next(minutes)))

        yield _trips("a refresh with nothing changed", where, _counted(proxy, refresh), 1)
        with psycopg.connect(url, autocommit=True) as writer:
            writer.execute("UPDATE tenants SET name = name || ' renamed' WHERE id = 777")
            # The first refresh after a change has no digests to compare with, so it reads everything and the digests.
            refresh()
            writer.execute("UPDATE tenants SET name = replace(name, ' renamed', '') WHERE id = 777")
            changed = _counted(proxy, refresh)
        yield _trips("a refresh with one tenant changed", where, changed, 3)
        percent = 100 * (changed.sent + changed.received) / (first.sent + first.received)
        yield Result(
            "a refresh with one tenant changed, of the first read's bytes",
            where,
            f"{changed.received / 1000:,.0f} kB",
            f"{first.received / 1000:,.0f} kB",
            percent,
            "%",
            # The digests of the blocks are a larger share of a smaller fleet's bytes.
            2 if fleet.shape.tenants >= 10_000 else None,
        )
        resolver.close()


def _set_up(url: str, where: str) -> Iterator[Result]:
    """TCP, TLS, the start packet and SCRAM, until the server is ready for a question: with SSLRequest, and direct."""
    with tempfile.TemporaryDirectory(prefix="tp-") as name:
        folder = Path(name)
        files = certificate(folder)
        if files is None:
            yield Result(f"round trips: {_SET_UP}", where, "no openssl here", "", nan, "", None)
            return
        passwords = folder / "pgpass"
        passwords.write_text(f"*:*:*:*:{_PASSWORD}\n")
        passwords.chmod(0o600)
        _ask_for_a_password(url)
        options = f"sslmode=require&sslrootcert={files[0]}&passfile={passwords}"
        with tls_before(url, folder, *files) as secret, proxy_to(secret) as proxy:
            asked = _of_the_role(proxy.url, options)
            yield _trips(_SET_UP, where, _counted(proxy, _opening(asked)), 6)
            directly = _counted(proxy, _opening(f"{asked}&sslnegotiation=direct"))
            yield _trips(f"{_SET_UP}, sslnegotiation=direct", where, directly, 5)
            check = (PRODUCT, "check", "--database", asked, *NOW_OPTION)
            # No check=True: the exit code of `check` is its verdict.
            counted = _counted(proxy, lambda: subprocess.run(check, stdout=subprocess.DEVNULL, env=environment()))
            yield _trips("check as a command, with TLS and a password", where, counted, 6 + 2)
        # Without a limit: PostgreSQL before 18 takes only a key of its `ssl_ecdh_curve`; OpenSSL begins with others.
        # The server asks for another key: one more trip, which only a setting of OpenSSL avoids (docs/operations.md).
        with tls_before(url, folder, *files, curve="prime256v1") as secret, proxy_to(secret) as proxy:
            opened = _counted(proxy, _opening(_of_the_role(proxy.url, options)))
            yield _trips(f"{_SET_UP}, as of PostgreSQL before 18", where, opened, None)


def _of_the_role(url: str, options: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{_ROLE}@{parts.hostname}:{parts.port}", query=options).geturl()


def _opening(url: str) -> Callable[[], object]:
    return lambda: open_reading(parse_database_url(url)).close()


def _ask_for_a_password(url: str) -> None:
    """Let the server ask one role for a password (SCRAM), and only this role; waits until it does."""
    rule = f"local all {_ROLE} scram-sha-256\n"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP ROLE IF EXISTS {_ROLE}")
        server.execute(f"CREATE ROLE {_ROLE} LOGIN PASSWORD '{_PASSWORD}' IN ROLE pg_read_all_data")
        row = server.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        if rule not in (told := rules.read_text()):
            rules.write_text(rule + told)
        server.execute("SELECT pg_reload_conf()")
    while True:
        with psycopg.connect(url, user=_ROLE, password=_PASSWORD) as asked:
            if asked.pgconn.used_password:
                return


def _counted(proxy: CountingProxy, ask: Callable[[], object]) -> Counted:
    before = proxy.counted
    ask()
    sleep(_SETTLED_SECONDS)  # the proxy counts in another thread
    return proxy.counted.since(before)


def _trips(what: str, where: str, counted: Counted, limit: int | None) -> Result:
    return Result(f"round trips: {what}", where, "", "", counted.round_trips, "", limit)
