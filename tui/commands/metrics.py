"""`tenantpilot metrics`: the fleet's verdicts for Prometheus, once or over HTTP.

(docs/monitoring.md, "metrics: Prometheus")
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from health.posture import TenantBackupHealth
from health.store.opening.errors import StoreError
from tui.clock import utc_now
from tui.commands.metrics_server import MetricsServer
from tui.commands.narrowing import group_names, known_by_tenant
from tui.commands.options import Invocation, now_option, place_options
from tui.commands.session import Session, session_of
from tui.files import write_for_a_collector
from tui.words.database_time import DatabaseTime
from tui.words.failures import EXIT_REFUSED, EXIT_USAGE, CommandFailed, SettingsError, tell
from tui.words.openmetrics import Reading, metrics_text

LOOPBACK: Final = "127.0.0.1"
JOURNALS: Final = ("-wal", "-shm", "-journal")
"""How the files end that SQLite has beside a database."""
_LISTEN: Final = re.compile(r"(?:(?P<host>[^:\s\[\]]*|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})")


class Listen(NamedTuple):
    """Where to serve: a host (the loopback address by default) and a port (0: any free port)."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the host."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenType(click.ParamType[Any]):
    """HOST:PORT, :PORT or PORT."""

    name = "listen"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Listen:
        found = _LISTEN.fullmatch(str(value))
        if found is None or int(found["port"]) > 65_535:
            self.fail(f"{value!r} is not an address to serve at: write it as {LOOPBACK}:9718", param, ctx)
        return Listen((found["host"] or LOOPBACK).strip("[]"), int(found["port"]))


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE, complete or not at all."
)
@click.option(
    "--serve", "listen", type=ListenType(), metavar="HOST:PORT", help="Serve GET /metrics there until stopped."
)
@click.option("--totals-only", is_flag=True, help="Leave out the series of each tenant.")
@now_option
@place_options
@click.pass_context
def metrics(ctx: click.Context, /, output: Path | None, listen: Listen | None, totals_only: bool, **given: Any) -> None:
    """Print the fleet's verdicts as OpenMetrics text; with --serve, read the facts for each scrape.

    If the facts cannot be read, the text says so and has no state of any tenant; without --serve, the exit code is 3.
    Everybody can read FILE (0644), because the collector runs as another user. HOST is this machine's loopback address
    unless you name another one.
    """
    if output is not None and listen is not None:
        raise CommandFailed("Give either --output FILE or --serve HOST:PORT, not both.", EXIT_USAGE)
    invocation = Invocation.in_effect(ctx, given)
    session = session_of(invocation)
    if output is not None:
        _refuse_what_is_read(output, session)
    scraper = _Scraper(session, invocation.now, per_tenant=not totals_only, serving=listen is not None)
    try:
        if listen is not None:
            _serve(scraper, listen)
        else:
            _write_once(scraper, output)
    finally:
        scraper.close()


class _Scraper:
    """Reads the facts once for each scrape."""

    def __init__(self, session: Session, fixed: datetime | None, *, per_tenant: bool, serving: bool) -> None:
        self._session = session
        self._resolver = session.resolver()
        self._fixed = fixed
        self._per_tenant = per_tenant
        self._serving = serving
        self._told = ""
        self.problem: Exception | None = None
        """Why the last scrape could not read the facts; None if it could."""

    def text(self) -> str:
        """The text of one scrape. Without `--serve` it raises SettingsError for wrong groups or known entries."""
        read_at = utc_now()
        evaluated_at = self._fixed or read_at
        try:
            verdicts = self._resolver.refreshed_fleet(evaluated_at).verdicts
            beside = self._beside(self._session._replace(now=evaluated_at), verdicts)
        except StoreError as problem:
            self.problem = problem
            return metrics_text(None)
        self.problem = None
        time = DatabaseTime.of(self._resolver.own_time(), read_at, utc_now())
        reading = Reading(verdicts, evaluated_at, read_at, *beside, time, bool(self._session.doubts_of(time)))
        return metrics_text(reading, per_tenant=self._per_tenant)

    def _beside(
        self, session: Session, verdicts: Sequence[TenantBackupHealth]
    ) -> tuple[int | None, Mapping[str, str] | None]:
        """The number of tenants whose reasons are all known, and the groups' names; None if the settings have none.

        With `--serve` a problem in the settings is reported once. Then nothing is known and no tenant is in a group,
        but the states are still served.
        """
        settings = session.loaded.settings
        try:
            known = known_by_tenant(session, self._resolver, verdicts)
            groups = group_names(session, verdicts) if settings.groups else None
        except SettingsError as error:
            if not self._serving:
                raise
            if str(error) != self._told:
                tell(str(error))
                self._told = str(error)
            known, groups = {}, None
        return sum(each.all_known for each in known.values()) if settings.known.file else None, groups

    def close(self) -> None:
        """Give the connection back."""
        self._resolver.close()


def _refuse_what_is_read(output: Path, session: Session) -> None:
    """Raise CommandFailed if the file is the database or another file of this run: the text would take its place."""
    database = session.reading().file
    beside = () if database is None else (f"{os.path.realpath(database)}{end}" for end in ("", *JOURNALS))
    others = (session.loaded.file, session.loaded.known_path)
    if os.path.realpath(output) in {*beside, *(os.path.realpath(each) for each in others if each is not None)}:
        raise CommandFailed(
            f"{output} cannot be written: this command reads its facts or settings there.", EXIT_REFUSED
        )


def _write_once(scraper: _Scraper, output: Path | None) -> None:
    text = scraper.text()
    if output is None:
        # The format is UTF-8 in every locale.
        click.echo(text.encode(), nl=False)
    else:
        try:
            write_for_a_collector(output, text)
        except OSError as error:
            raise CommandFailed(f"{output} cannot be written: {error.strerror}.", EXIT_REFUSED) from None
    if scraper.problem is not None:
        raise scraper.problem


def _serve(scraper: _Scraper, listen: Listen) -> None:
    try:
        server = MetricsServer(listen, scraper.text)
    except OSError as error:
        raise CommandFailed(f"{listen}: cannot listen there: {error.strerror}.", EXIT_REFUSED) from None
    with server:
        whom = "" if listen.is_loopback else ", without a password, to everybody who can reach this address"
        tell(f"Serving http://{listen._replace(port=server.server_port)}/metrics{whom}.")
        server.serve_forever()
