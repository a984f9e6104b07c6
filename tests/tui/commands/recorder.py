"""`tenantpilot record` as its own process, with commands that write small IntuneCD backups."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from health.store.reading.rows import parse_postgresql_instant, parse_sqlite_instant
from tests.health.store.bare import COLUMNS, bare
from tests.preloaded import Started, run_preloaded
from tests.subject import fleet_report
from tests.tui.commands.console import without_the_place
from tui.clock import utc_now

TENANTPILOT: Final = str(Path(sys.executable).with_name("tenantpilot"))
ONE_FILE: Final = "mkdir -p out/Filters && echo '{\"id\":1}' >out/Filters/one.json"
TWO_FILES: Final = f"{ONE_FILE} && echo '{{\"id\":2}}' >out/Filters/two.json"
LATER: Final = timedelta(seconds=1)


class Recorder:
    """A machine with `tenantpilot`, a working directory and a database; the backup is written to `out` there."""

    def __init__(self, folder: Path, url: str, machine: str = "here") -> None:
        self.folder = folder
        self.url = url
        self.written_to = ""
        """The databases that the last command said it has written to, in a line that is not in its `stderr`."""
        self.env = {
            **os.environ,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / machine),
            "TENANTPILOT_DATABASE__URL": url,
        }

    def words(
        self,
        *command: str,
        schedule: str = "nightly",
        new_tenant: tuple[str, ...] = ("--create-tenant", "Contoso"),
        path: str = "out",
        options: tuple[str, ...] = (),
    ) -> list[str]:
        """The arguments of `tenantpilot` for one run."""
        whose = ("--tenant", "contoso", *new_tenant, "--schedule", schedule)
        return ["record", *whose, "--source", "intunecd", "--path", path, *options, "--", *command]

    def tenantpilot(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run any of the program's commands to the end."""
        done = run_preloaded(words, env=self.env, cwd=self.folder, stdin=stdin)
        said, self.written_to = without_the_place(done.stderr.decode("utf-8", "surrogateescape"))
        done.stderr = said.encode("utf-8", "surrogateescape")
        return done

    def run(self, *command: str, stdin: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Record one run to the end."""
        return self.tenantpilot(*self.words(*command, **more), stdin=stdin)

    def shell(self, script: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a shell script to the end, like a user's script around a backup tool."""
        return self.run("sh", "-c", script, **more)

    def begin(self, *command: str, **more: Any) -> Started:
        """Start in a new session, with the signals of a login shell, and do not wait."""
        return Started(self.words(*command, **more), env=self.env, cwd=self.folder)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table's rows by their columns, in the order of their ids; instants are datetimes."""
        parse = parse_sqlite_instant if self.url.startswith("sqlite") else parse_postgresql_instant
        names = COLUMNS[table]
        with bare(self.url) as database:
            rows = [dict(zip(names, row, strict=True)) for row in database.rows(table)]
        for row in rows:
            row |= {name: parse(value) for name, value in row.items() if name.endswith("_at") and value is not None}
        return rows

    @property
    def sets(self) -> list[dict[str, Any]]:
        """Every backup set."""
        return self.rows("backup_sets")

    @property
    def schedule(self) -> dict[str, Any]:
        """The one schedule."""
        (only,) = self.rows("backup_schedules")
        return only

    def is_running(self) -> bool:
        """Whether the only schedule has the status `running`."""
        return [row["last_run_status"] for row in self.rows("backup_schedules")] == ["running"]

    def verdict(self, now: datetime | None = None) -> dict[str, Any]:
        """The tenant's entry in the report, by default a moment after now."""
        report = fleet_report(self.url, now or utc_now() + LATER, {})
        (only,) = report["tenants"]
        entry: dict[str, Any] = only
        return entry


def text_of(process: Started) -> tuple[int, str, str]:
    """Wait for the end: exit code, standard output, standard error."""
    out, err = process.communicate()
    return process.wait(), out.decode(), err.decode()
