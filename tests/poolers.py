"""PgBouncer in front of a PostgreSQL server of a test run's own, as Debian's package installs it.

It is started where `pgbouncer` is found; elsewhere the tests behind it are listed as not run.
"""

from __future__ import annotations

import os
import shutil
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


@contextmanager
def pooler_of(url: str, mode: str, *, ignored: str = "", size: int = 1) -> Iterator[str]:
    """The URL of the database behind a pooler with `size` connections; `ignored` are startup parameters it drops."""
    assert PGBOUNCER is not None
    parts = urlsplit(url)
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="tp-pool-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        "[databases]\n"
        f"* = host={parse_qs(parts.query)['host'][0]} port=5432 user={parts.username}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n"
        + (f"ignore_startup_parameters = {ignored}\n" if ignored else ""),
        encoding="utf-8",
    )
    folder.chmod(0o755)
    # It does not run as root, and the server's folder is its owner's alone.
    user = Path(parse_qs(parts.query)["host"][0]).stat().st_uid if os.geteuid() == 0 else None
    process = subprocess.Popen([PGBOUNCER, "-q", str(settings)], user=user, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), "the pooler listens")
        yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
