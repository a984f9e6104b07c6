"""`tenantpilot` in a process of its own, forked from one that holds all modules already.

What a command imports takes half a second of a processor, and the tests run hundreds of commands. The forked process
goes through the same door as an installed one (tui.commands.main), with words, environment, directory and streams of
its own. That the installed program works, and what it imports, is tested in tests/end_to_end and
tests/tui/commands/test_process.py.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.waiting import DEADLINE

_ALSO: Final = ("cronsim", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite")
"""What the drivers and the judge import only when they are used."""
_NOT_FOR_COMMANDS: Final = ("tui.app", "tui.screens", "tui.widgets", "tui.palette", "tui.drillthrough")
_LARGEST_REQUEST: Final = 1 << 17
_one_at_a_time: Final = threading.Lock()


def run_preloaded(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run `tenantpilot` with these words to its end; gives back how it ended and what it printed.

    Raises TimeoutError where it does not end within `waiting.DEADLINE` seconds.
    """
    request = json.dumps([list(words), dict(env), str(cwd)]).encode()
    with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        read.write(stdin)
        read.seek(0)
        with _one_at_a_time:
            door = _door()
            socket.send_fds(door, [request], [each.fileno() for each in (read, out, err)])
            pid = int(door.recv(64))
            try:
                code = int(door.recv(64))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                door.recv(64)
                raise
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(["tenantpilot", *words], code, out.read(), err.read())


@cache
def _door() -> socket.socket:
    """The way to the process that holds all modules, which starts now and ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.preloaded", str(there.fileno())],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[there.fileno()],
    )
    there.close()
    here.settimeout(DEADLINE)

    def close() -> None:
        here.close()
        process.wait()

    atexit.register(close)
    return here


def _serve(door: socket.socket) -> None:
    """Fork a process for each request, say its pid and then how it ended, until the other end is closed."""
    for name in (*_ALSO, *_modules("health"), *_modules("tui")):
        importlib.import_module(name)
    gc.freeze()
    while True:
        request, streams, _, _ = socket.recv_fds(door, _LARGEST_REQUEST, 3)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            door.close()
            _become(json.loads(request), streams)
        door.send(str(pid).encode())
        for each in streams:
            os.close(each)
        _, status = os.waitpid(pid, 0)
        door.send(str(os.waitstatus_to_exitcode(status)).encode())


def _modules(package: str) -> list[str]:
    """The modules of a package that commands may import; those of migrations are Alembic's to import."""
    folder = importlib.import_module(package).__path__
    names = [module.name for module in pkgutil.walk_packages(folder, f"{package}.")]
    return [name for name in names if ".migrations." not in name and not name.startswith(_NOT_FOR_COMMANDS)]


def _become(request: Any, streams: Sequence[int]) -> NoReturn:
    """Be the command that is asked for; it ends the process."""
    words, env, folder = request
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    sys.argv = [str(Path(sys.executable).with_name("tenantpilot")), *words]
    from tui.commands import main

    main()
    raise AssertionError("the command has not ended its process")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
