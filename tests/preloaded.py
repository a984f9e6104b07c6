"""`tenantpilot` in a new process, forked from one that has imported all modules.

What a command or the screens import takes half a second of a processor, and the tests start hundreds. The forked
process goes through the same door as an installed one (tui.commands.main), with words, environment, directory and
streams of its own, and if it is asked for with a session and a terminal too. That the installed program works, how it
starts and ends, and what it imports, is tested in tests/end_to_end/test_process.py, tests/end_to_end/test_crash.py and
tests/tui/commands/test_process.py.
"""

from __future__ import annotations

import atexit
import fcntl
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
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from tests.waiting import DEADLINE
from tui.commands import screens

_ALSO: Final = ("cronsim", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite")
"""Modules that the drivers and the judge import only when they are used."""
_LARGEST_REQUEST: Final = 1 << 17
_PROGRAM: Final = """#!{python} -IS
import json, os, socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.connect({door!r})
request = [sys.argv[1:], dict(os.environ), os.getcwd(), False, False, ""]
socket.send_fds(door, [json.dumps(request).encode()], [0, 1, 2])
door.recv(64)
sys.exit(int(door.recv(64)))
"""


class Forked:
    """One such process, which is used like a `subprocess.Popen`. `pid` has its session and signals when this returns.

    With `login` it leads a session of its own, with the signals of a login shell but for one that is ignored; with
    `terminal` its standard input is also the terminal of that session.
    """

    def __init__(
        self,
        words: Sequence[str],
        streams: Sequence[int],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        login: bool = False,
        terminal: bool = False,
        ignoring: str = "",
    ) -> None:
        """`streams` are its three standard descriptors, which stay this process's too."""
        self.returncode: int | None = None
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.settimeout(DEADLINE)
        self._door.connect(_door())
        request = [list(words), dict(env), str(cwd or Path.cwd()), login or terminal, terminal, ignoring]
        socket.send_fds(self._door, [json.dumps(request).encode()], list(streams))
        self.pid = int(self._door.recv(64))

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._door], [], [], 0)[0]:
            self.returncode = int(self._door.recv(64))
            self._door.close()
        return self.returncode

    def wait(self, timeout: float = DEADLINE) -> int:
        """Wait for its end. Returns the exit code; raises TimeoutError after so many seconds."""
        if self.returncode is None and not select.select([self._door], [], [], timeout)[0]:
            raise TimeoutError(f"it still runs after {timeout} s")
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Started(Forked):
    """One in a session of its own, without input, whose output is kept for `communicate`."""

    def __init__(self, words: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        (out, to_out), (err, to_err) = os.pipe(), os.pipe()
        streams = [os.open(os.devnull, os.O_RDONLY), to_out, to_err]
        super().__init__(words, streams, env=env, cwd=cwd, login=True)
        for descriptor in streams:
            os.close(descriptor)
        self._output = out, err

    def communicate(self) -> tuple[bytes, bytes]:
        """Wait until it and all that hold its output have ended. Returns its output and its standard error."""
        said, still_open, end = dict.fromkeys(self._output, b""), set(self._output), time.monotonic() + DEADLINE
        while still_open:
            ready = select.select(still_open, [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                raise TimeoutError(f"its output is still open after {DEADLINE} s: {said}")
            for descriptor in ready:
                data = os.read(descriptor, 65536)
                said[descriptor] += data
                if not data:
                    still_open.remove(descriptor)
                    os.close(descriptor)
        self.wait()
        out, err = said.values()
        return out, err


def run_preloaded(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run `tenantpilot` with these words to its end. Returns its exit code and output.

    Raises TimeoutError if it does not end within `waiting.DEADLINE` seconds.
    """
    with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        read.write(stdin)
        read.seek(0)
        running = Forked(words, [each.fileno() for each in (read, out, err)], env=env, cwd=cwd)
        try:
            code = running.wait()
        except TimeoutError:
            running.send_signal(signal.SIGKILL)
            running.wait()
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
    # What Textual reads from the environment at its import is then as the screens set it.
    screens._import_textual()
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
                for each in (listener, *(theirs for _, theirs in running.values())):
                    each.close()
                for descriptor in (life, *running):
                    os.close(descriptor)
                _become(json.loads(request), streams, door)
            for descriptor in streams:
                os.close(descriptor)
            running[os.pidfd_open(pid)] = pid, door


def _say(number: int, door: socket.socket) -> None:
    # Who asked may be gone by now.
    with suppress(OSError):
        door.send(str(number).encode())


def _modules(package: str) -> list[str]:
    """The modules of a package; those of migrations are Alembic's to import."""
    folder = importlib.import_module(package).__path__
    names = [module.name for module in pkgutil.walk_packages(folder, f"{package}.")]
    return [name for name in names if ".migrations." not in name]


def _become(request: Any, streams: Sequence[int], door: socket.socket) -> NoReturn:
    """Be the command that is asked for; it ends the process."""
    words, env, folder, login, terminal, ignoring = request
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
    if login:
        _log_in(terminal, ignoring)
    _say(os.getpid(), door)
    door.close()
    from tui.commands import main

    try:
        main()
    except SystemExit as end:
        _leave(end.code)
    raise AssertionError("the command has not ended its process")


def _log_in(terminal: bool, ignoring: str) -> None:
    """Lead a session, on the terminal that is standard input if there is one, with the signals of a login shell."""
    os.setsid()
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if ignoring:
        signal.signal(signal.Signals[ignoring], signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


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
    return io.TextIOWrapper(binary, stream.encoding, stream.errors, line_buffering=binary.isatty())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
