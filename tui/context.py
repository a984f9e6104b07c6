"""The app's start arguments: the databases that it may show, the policy, the appearance, and the first place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from platformdirs import user_state_path

from health.policy import HealthPolicy
from tui.clock import utc_now
from tui.groups import Groups
from tui.known_notes import KnownNotes
from tui.own_commands import OwnCommand
from tui.place import Place
from tui.terminal import DEFAULT_THEME

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver
    from health.store.opening.urls import DatabaseAddress
    from health.store.reading.ahead import FleetAhead

_LEAST_CONFIRMATION: Final = timedelta(seconds=90)


def confirmation_limit(refresh: timedelta) -> timedelta:
    """The maximum age of facts that confirm a verdict: three refresh intervals, at least 90 seconds.

    (docs/concepts.md, "Evidence that cannot be read")
    """
    return max(3 * refresh, _LEAST_CONFIRMATION)


def boot_seconds() -> float:
    """Seconds of a clock that also runs while the machine is suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def open_past(address: DatabaseAddress, policy: HealthPolicy, instant: datetime) -> TenantBackupHealthResolver:
    """A resolver that answers as of an instant of the past. Opens nothing yet."""
    from health.past import PastResolver  # as the one of now

    return PastResolver(address, policy, instant)


def open_resolver(
    address: DatabaseAddress, policy: HealthPolicy, ahead: FleetAhead | None = None
) -> TenantBackupHealthResolver:
    """A resolver over the facts at an address; the fleet may have been read `ahead`. Opens nothing yet."""
    from health.resolver import (
        TenantBackupHealthResolver,  # the first frame does not wait for this import
    )

    return TenantBackupHealthResolver(address, policy, ahead)


def visit_file(place: str) -> Path:
    """The file of the last visit to a database. `place` identifies the database; the file's name is a hash of it."""
    name = sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return user_state_path("tenantpilot", appauthor=False) / "visits" / f"{name}.json"


class Database(NamedTuple):
    """One database that the screens can show. `label` has no secret in it; `name` is empty for an unnamed database."""

    label: str
    open_resolver: Callable[[], TenantBackupHealthResolver]
    name: str = ""
    production: bool = False
    visit_file: Path | None = None
    """The file with what this user saw last; None keeps no record."""
    url: str | None = None
    """The URL, if the command line gave one."""

    @property
    def named(self) -> tuple[str, ...]:
        """The options that name it on a command line: --database or --use, because both together are refused."""
        if self.url is not None:
            return "--database", self.url
        return ("--use", self.name) if self.name else ()


class AppContext(NamedTuple):
    """What the app is started with. It is read once, at the start."""

    database: Database
    policy: HealthPolicy
    databases: tuple[Database, ...] = ()
    refresh: timedelta = timedelta(seconds=30)
    theme: str = DEFAULT_THEME
    plain: bool = False
    mouse: bool = False
    keymap: Mapping[str, str] = MappingProxyType({})
    fixed_now: datetime | None = None
    as_of: bool = False
    """Whether `fixed_now` is an instant of the past, shown from what was completed by then."""
    commands: tuple[OwnCommand, ...] = ()
    place: Place = Place()
    """Where the screens open."""
    command: tuple[str, ...] = ("tenantpilot",)
    open_first: Callable[[], TenantBackupHealthResolver] | None = None
    """Opens the first resolver over `database` if its fleet is being read ahead."""
    ahead_since: float | None = None
    """When reading ahead began, in seconds of `boot_clock`."""
    groups: Groups = Groups()
    known: KnownNotes = KnownNotes()
    clock: Callable[[], datetime] = utc_now
    boot_clock: Callable[[], float] = boot_seconds

    @property
    def confirmation_limit(self) -> timedelta:
        """How old facts may be and still confirm a verdict."""
        return confirmation_limit(self.refresh)

    @property
    def invocation(self) -> tuple[str, ...]:
        """The command line that opens this database again."""
        return (*self.command, *self.database.named)
