"""`tenantpilot` in a new process, forked from one that has imported all modules.

What a command imports takes half a second of a processor, and the tests run hundreds of commands. The forked process
goes through the same door as an installed one (tui.commands.main), with words, environment, directory and streams of
its own. That the installed program works, and what it imports, is tested in tests/end_to_end and
tests/tui/commands/test_process.py.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from tests.waiting import DEADLINE

_ALSO: Final = ("cronsim", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite")
"""Modules that the drivers and the judge import only when they are used."""
_NOT_FOR_COMMANDS: Final = ("tui.app", "tui.screens", "tui.widgets", "tui.palette", "tui.drillthrough")
_LARGEST_REQUEST: Final = 1 << 17
_PROGRAM: Final = """#!{python} -IS
import json, os, socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.connect({door!r})
socket.send_fds(door, [json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()], [0, 1, 2])
door.recv(64)
sys.exit(int(door.recv(64)))
"""


def run_preloaded(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run `tenantpilot` with these words to its end. Returns its exit code and output.

    Raises TimeoutError if it does not end within `waiting.DEADLINE` seconds.
    """
    request = json.dumps([list(words), dict(env), str(cwd)]).encode()
    with (
        tempfile.TemporaryFile() as read,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door,
    ):
        read.write(stdin)
        read.seek(0)
        door.settimeout(DEADLINE)
        door.connect(_door())
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


def put_program(folder: Path) -> None:
    """Put a `tenantpilot` into a folder that does the same for a shell script, on the streams that it is given."""
    program = folder / "tenantpilot"
    program.write_text(_PROGRAM.format(python=sys.executable, door=_door()))
    program.chmod(0o755)


@cache
def _door() -> str:
    """The socket of the process that holds all modules, which starts now and ends with this one."""
    folder = tempfile.mkdtemp(prefix="tp-door-")
    path = f"{folder}/door"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen()
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.preloaded", str(listener.fileno()), str(ours)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[listener.fileno(), ours],
    )
    listener.close()
    os.close(ours)

    def close() -> None:
        os.close(theirs)
        process.wait()
        shutil.rmtree(folder)

    atexit.register(close)
    return path


def _serve(listener: socket.socket, life: int) -> None:
    """Fork a process for each request, until the other end of `life` is closed."""
    for name in (*_ALSO, *_modules("health"), *_modules("tui")):
        importlib.import_module(name)
    gc.freeze()
    running: dict[int, tuple[int, socket.socket]] = {}
    while life not in (ready := select.select([listener.fileno(), life, *running], [], [])[0]):
        for ended in running.keys() & set(ready):
            os.close(ended)
            pid, door = running.pop(ended)
            _, status = os.waitpid(pid, 0)
            _say(os.waitstatus_to_exitcode(status), door)
            door.close()
        if listener.fileno() in ready:
            door, _ = listener.accept()
            request, streams, _, _ = socket.recv_fds(door, _LARGEST_REQUEST, 3)
            pid = os.fork()
            if pid == 0:
                for each in (listener, door, *(theirs for _, theirs in running.values())):
                    each.close()
                for descriptor in (life, *running):
                    os.close(descriptor)
                _become(json.loads(request), streams)
            for descriptor in streams:
                os.close(descriptor)
            running[os.pidfd_open(pid)] = pid, door
            _say(pid, door)


def _say(number: int, door: socket.socket) -> None:
    # Who asked may be gone by now.
    with suppress(OSError):
        door.send(str(number).encode())


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
    # Those that this process has remember what they were opened on.
    sys.stdin, sys.stdout, sys.stderr = (_reopened(each) for each in (sys.stdin, sys.stdout, sys.stderr))
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    sys.argv = [str(Path(sys.executable).with_name("tenantpilot")), *words]
    from tui.commands import main

    try:
        main()
    except SystemExit as end:
        _leave(end.code)
    raise AssertionError("the command has not ended its process")


def _leave(code: Any) -> NoReturn:
    """End the process as Python does, but for taking all modules apart: that would copy the memory of them all."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)


def _reopened(stream: TextIO) -> io.TextIOWrapper:
    """A stream like this one on what its descriptor is now."""
    binary: Any = os.fdopen(stream.fileno(), stream.mode + "b", closefd=False)
    return io.TextIOWrapper(binary, encoding=stream.encoding, errors=stream.errors)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
