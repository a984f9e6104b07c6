"""A program in a pseudo-terminal of 80 x 24, timed by the bytes it writes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
from collections.abc import Sequence
from contextlib import suppress
from math import nan
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Final, Self

FRAME_END: Final = b"\x1b[?2026l"
"""Textual writes this after every frame, if the terminal has said that it draws whole frames."""

_ASKS_FOR_FRAMES: Final = b"\x1b[?2026$p"
_DRAWS_FRAMES: Final = b"\x1b[?2026;2$y"
_COLUMNS, _LINES = 80, 24
_START_SECONDS: Final = 30.0
_FRAME_SECONDS: Final = 5.0
"""How many seconds a program may take before it counts as stuck: to start, and for one key."""


class NothingCame(Exception):
    """The program did not write the expected text; carries the end of what it wrote."""


def environment(home: str = os.devnull, **more: str) -> dict[str, str]:
    """This process's environment with another home, and without variables that configure a measured program."""
    dropped = ("TENANTPILOT_", "TEXTUAL_", "NO_COLOR", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    folders = dict.fromkeys(("HOME", *(f"XDG_{kind}_HOME" for kind in ("CONFIG", "DATA", "STATE", "CACHE"))), home)
    return {**kept, **folders, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


class Terminal:
    """A running program; it ends with the block."""

    def __init__(self, command: Sequence[str], **variables: str) -> None:
        # Each program has its own home: a stopped one may leave half-written files, which the next must not find.
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
        self.began = perf_counter()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(self._home.name, **variables),
            start_new_session=True, cwd=tempfile.gettempdir(),
        )  # fmt: skip
        os.close(theirs)
        self.written = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL if error else signal.SIGTERM)
        with suppress(NothingCame, OSError):
            while self.process.poll() is None:
                self._receive(0.05)
        self.process.wait()
        os.close(self._ours)
        self._home.cleanup()

    def send(self, keys: bytes) -> float:
        """Press keys; gives back the moment they were sent. Drops all earlier output, read or not."""
        while self._receive(0):
            pass
        self.written = b""
        moment = perf_counter()
        os.write(self._ours, keys)
        return moment

    def wait_for(self, *wanted: bytes) -> float:
        """The moment when all the texts have been written."""
        until = perf_counter() + _START_SECONDS
        while not all(each in self.written for each in wanted):
            if not self._receive(until - perf_counter()):
                raise NothingCame(repr(self.written[-300:]))
        return perf_counter()

    def wait_for_frame(self, text: bytes) -> float:
        """The moment when a frame with the text has been written to its end."""
        until = perf_counter() + _FRAME_SECONDS
        while FRAME_END not in self.written.partition(text)[2]:
            if not self._receive(until - perf_counter()):
                raise NothingCame(repr(self.written[-300:]))
        return perf_counter()

    def settle(self, quiet: float = 0.4) -> int:
        """Wait until the program has written nothing for `quiet` seconds; the default is longer than a cursor's blink.

        Gives back the number of bytes since the last keys.
        """
        until = perf_counter() + _FRAME_SECONDS
        while self._receive(quiet) and perf_counter() < until:
            pass
        return len(self.written)

    def listen(self, duration: float) -> int:
        """How many bytes come in this many seconds."""
        self.written = b""
        until = perf_counter() + duration
        while (left := until - perf_counter()) > 0:
            self._receive(left)
        return len(self.written)

    def resident_megabytes(self) -> float:
        """The most resident memory that the program has had so far; where the system does not say, what it has now."""
        with suppress(OSError):
            status = Path(f"/proc/{self.process.pid}/status").read_text().split()
            return int(status[status.index("VmHWM:") + 1]) / 1024
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True)
        return int(shown.stdout) / 1024

    def processor_seconds(self) -> float:
        """How long the program's threads have run on a processor; NaN on a system that does not say it (Linux does)."""
        threads = Path("/proc", str(self.process.pid), "task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9 or nan

    def _receive(self, within: float) -> bool:
        if within < 0 or not select.select([self._ours], [], [], within)[0]:
            return False
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:
            raise NothingCame(f"the program ended: {self.written[-300:]!r}") from None
        if _ASKS_FOR_FRAMES in chunk:
            os.write(self._ours, _DRAWS_FRAMES)
        self.written += chunk
        return bool(chunk)
