"""PgBouncer before a test run's own PostgreSQL server, as Debian's package installs it.

It is started if `pgbouncer` is found. Otherwise its tests are listed as not run.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.waiting import until

PGBOUNCER: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Pooler:
    """A running pooler. `url` leads through it to the database, on any server."""

    def __init__(self, database: str, port: int, rest: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tp-pool-"))
        self._folder.chmod(0o755)
        self._rest = rest
        self._point_to(database)
        # It does not run as root, and only the owner may enter the server's folder.
        user = self._server(database).stat().st_uid if os.geteuid() == 0 else None
        assert PGBOUNCER is not None
        settings = str(self._folder / "pgbouncer.ini")
        self._process = subprocess.Popen([PGBOUNCER, "-q", settings], user=user, stderr=subprocess.DEVNULL)
        parts = urlsplit(database)
        self.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"

    def fail_over_to(self, database: str) -> None:
        """Send new connections to another server. The old ones are closed when they are given back."""
        self._point_to(database)
        self._process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder)

    def _point_to(self, database: str) -> None:
        where = f"* = host={self._server(database)} port=5432 user={urlsplit(database).username}\n"
        (self._folder / "pgbouncer.ini").write_text(f"[databases]\n{where}{self._rest}", encoding="utf-8")

    def _server(self, database: str) -> Path:
        return Path(parse_qs(urlsplit(database).query)["host"][0])


@contextmanager
def running_pooler(database: str, mode: str, *, ignored: str = "", size: int = 1) -> Iterator[Pooler]:
    """A pooler before a database, with `size` connections; `ignored` are startup parameters that it drops."""
    port = _free_port()
    pooler = Pooler(
        database,
        port,
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n"
        + (f"ignore_startup_parameters = {ignored}\n" if ignored else ""),
    )
    try:
        until(lambda: _listens(port), "the pooler listens")
        yield pooler
    finally:
        pooler.end()


@contextmanager
def pooler_of(database: str, mode: str, *, ignored: str = "", size: int = 1) -> Iterator[str]:
    """The URL of a database behind such a pooler."""
    with running_pooler(database, mode, ignored=ignored, size=size) as pooler:
        yield pooler.url


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
