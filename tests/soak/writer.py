"""Another program that writes into a small fleet at random. A seeded generator alone decides what it does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from tests.oracle.loading import sqlite_path, sqlite_value

_Statement = tuple[str, tuple[Any, ...]]

_HOUR: Final = timedelta(hours=1)
_STATUSES: Final = ("completed",) * 6 + ("partial", "failed", "running", "cancelled", "done?")
_MODES: Final = ("full",) * 8 + ("metadata_only", None)
_STATES: Final = ("captured",) * 8 + ("failed", "unassigned", None)
_RUNS: Final = ("success",) * 4 + ("running", "failed", "", None)


class Writer:
    """Writes with the bare driver, as any program may. Each statement is its own transaction."""

    def __init__(self, url: str, chance: Random, clock: Callable[[], datetime]) -> None:
        self._file = sqlite_path(url)
        self._chance = chance
        self._clock = clock
        self._tenants = 0
        self._sets = 0
        self._prepared: list[_Statement] = []

    def begin(self, tenants: int) -> None:
        """The fleet before the first look at it."""
        for _ in range(tenants):
            self._add_tenant()
            self._add_set()
            self._add_schedule()
        self._execute(self._prepared)

    def next_write(self) -> tuple[str, Callable[[], None]]:
        """The next write: its name, and a function for it, which another thread may call."""
        writes = (
            (self._add_set,) * 4
            + (self._have_a_good_night,) * 4
            + (
                *(self._delete_a_set, self._restore_a_set, self._change_an_item, self._lose_an_item, self._add_tenant),
                *(self._archive, self._unarchive, self._rename, self._add_schedule, self._run_a_schedule, self._switch),
                *(self._spoil, self._mend),
            )
        )
        write = self._chance.choice(writes)
        # The generator is asked here and now, so that the order of threads changes nothing.
        prepared: list[_Statement] = []
        self._prepared = prepared
        write()
        return write.__name__.strip("_"), lambda: self._execute(prepared)

    def _execute(self, statements: list[_Statement]) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement, values in statements:
                with connection:  # its own transaction: a reader may come between any two
                    connection.execute(statement, tuple(map(sqlite_value, values)))

    def _do(self, statement: str, *values: Any) -> None:
        self._prepared.append((statement, values))

    def _a_tenant(self) -> int:
        return self._chance.randint(1, self._tenants)

    def _a_set(self) -> int:
        return self._chance.randint(1, self._sets)

    def _add_tenant(self) -> None:
        self._tenants += 1
        name = f"Tenant {self._tenants:03}"
        self._do(
            "INSERT INTO tenants (id, external_id, name, created_at) VALUES (?, ?, ?, ?)",
            *(self._tenants, f"tenant-{self._tenants}.example", name, self._clock() - 900 * _HOUR),
        )

    def _add_set(self) -> None:
        self._sets += 1
        tenant, status = self._a_tenant(), self._chance.choice(_STATUSES)
        at = self._clock() - self._chance.choice((0, 1, 1, 2, 12, 23, 30, 80, -48)) * _HOUR
        error = "throttled" if self._chance.random() < 0.1 else None
        count = self._chance.choice((None, None, 1, 2, 9))
        self._do(
            "INSERT INTO backup_sets (id, tenant_id, name, source, status, item_count, error, completed_at, created_at)"
            " VALUES (?, ?, ?, 'soak', ?, ?, ?, ?, ?)",
            *(self._sets, tenant, f"run {self._sets}", status, count, error, at, at),
        )
        for place in range(self._chance.choice((0, 1, 2, 2, 3))):
            mode, state = self._chance.choice(_MODES), self._chance.choice(_STATES)
            self._do(
                "INSERT INTO backup_items (tenant_id, backup_set_id, policy_type, policy_identifier, display_name,"
                " capture_mode, assignments_state, orphaned_assignments) VALUES (?, ?, 'type', ?, ?, ?, ?, ?)",
                *(tenant, self._sets, f"p{place}", f"Policy {place}", mode, state, int(self._chance.random() < 0.05)),
            )

    def _have_a_good_night(self) -> None:
        """Back up every tenant and reset the schedules. Without this step hardly any tenant would be healthy."""
        self._do("UPDATE backup_schedules SET is_enabled = 0")
        for tenant in range(1, self._tenants + 1):
            self._sets += 1
            self._do(
                "INSERT INTO backup_sets (id, tenant_id, name, source, status, completed_at, created_at)"
                " VALUES (?, ?, ?, 'soak', 'completed', ?, ?)",
                *(self._sets, tenant, f"run {self._sets}", self._clock(), self._clock()),
            )
            self._do(
                "INSERT INTO backup_items (tenant_id, backup_set_id, policy_type, policy_identifier, display_name,"
                " capture_mode, orphaned_assignments) VALUES (?, ?, 'type', 'p', 'Policy', 'full', 0)",
                *(tenant, self._sets),
            )

    def _delete_a_set(self) -> None:
        self._do("UPDATE backup_sets SET deleted_at = ? WHERE id = ?", self._clock(), self._a_set())

    def _restore_a_set(self) -> None:
        self._do("UPDATE backup_sets SET deleted_at = NULL WHERE tenant_id = ?", self._a_tenant())

    def _change_an_item(self) -> None:
        mode = self._chance.choice(_MODES)
        self._do("UPDATE backup_items SET capture_mode = ? WHERE backup_set_id = ?", mode, self._a_set())

    def _lose_an_item(self) -> None:
        self._do("UPDATE backup_items SET deleted_at = ? WHERE backup_set_id = ?", self._clock(), self._a_set())

    def _archive(self) -> None:
        self._do("UPDATE tenants SET archived_at = ? WHERE id = ?", self._clock(), self._a_tenant())

    def _unarchive(self) -> None:
        self._do("UPDATE tenants SET archived_at = NULL")

    def _rename(self) -> None:
        tenant = self._a_tenant()
        self._do("UPDATE tenants SET name = ? WHERE id = ?", f"Tenant {tenant:03} [/]\x1b[31m\u202e", tenant)

    def _add_schedule(self) -> None:
        cron = self._chance.choice((None, "0 2 * * *", "*/30 * * * *", "never"))
        zone = self._chance.choice(("UTC", "Australia/Lord_Howe", "America/New_York"))
        self._do(
            "INSERT INTO backup_schedules (tenant_id, name, is_enabled, cron, timezone, last_run_at, last_run_status,"
            " created_at) VALUES (?, 'nightly', 1, ?, ?, ?, 'success', ?)",
            *(self._a_tenant(), cron, zone, self._clock() - _HOUR / 2, self._clock() - 300 * _HOUR),
        )

    def _run_a_schedule(self) -> None:
        self._do(
            "UPDATE backup_schedules SET last_run_at = ?, last_run_status = ? WHERE tenant_id = ?",
            *(self._clock(), self._chance.choice(_RUNS), self._a_tenant()),
        )

    def _switch(self) -> None:
        self._do("UPDATE backup_schedules SET is_enabled = NOT is_enabled WHERE tenant_id = ?", self._a_tenant())

    def _spoil(self) -> None:
        self._do("UPDATE backup_sets SET completed_at = '31 February' WHERE id = ?", self._a_set())

    def _mend(self) -> None:
        self._do("UPDATE backup_sets SET completed_at = created_at WHERE completed_at = '31 February'")
