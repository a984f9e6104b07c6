"""A real pseudo-terminal with a program in it: keys in, screen out. Nothing here waits for a fixed time.

Each wait is for a condition on the screen or the process, and fails at a deadline with the screen in the message.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyte

from tests.end_to_end import stream
from tests.preloaded import Forked

TENANTPILOT: Final = str(Path(sys.executable).with_name("tenantpilot"))
DEADLINE: Final = 30.0

KEYS: Final[Mapping[str, bytes]] = {
    "enter": b"\r",
    # As a terminal with the keyboard protocol sends it. Without it, Textual would wait for more bytes.
    "escape": b"\x1b[27u",
    "lone escape": b"\x1b",
    "backspace": b"\x7f",
    "tab": b"\t",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "pagedown": b"\x1b[6~",
    "end": b"\x1b[F",
    "home": b"\x1b[H",
    "ctrl+c": b"\x03",
    "ctrl+p": b"\x10",
    "ctrl+s": b"\x13",
    "ctrl+u": b"\x15",
    "ctrl+z": b"\x1a",
}

# Makes the pseudo-terminal the controlling one, as a login does, and becomes the program. Signals that the tests
# ignore or block are as they are at a login, unless the test asks for one to be ignored.
_LOGIN: Final = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGTSTP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
if sys.argv[1]:
    signal.signal(getattr(signal, sys.argv[1]), signal.SIG_IGN)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class NotSeen(AssertionError):
    """The awaited condition did not come."""


class Terminal:
    """One program in a pseudo-terminal with its own session.

    With `preloaded` it is `tenantpilot`, forked from a process that has imported it (tests/preloaded.py).
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        cwd: Path | None = None,
        ignoring: str = "",
        preloaded: bool = False,
    ) -> None:
        self.raw = b""
        # pyte has no alternate screen. Here it is a second screen, empty whenever it is entered.
        self._screens: dict[bool, Any] = {alternate: pyte.Screen(*size) for alternate in (False, True)}
        self._streams: dict[bool, Any] = {alternate: pyte.Stream(each) for alternate, each in self._screens.items()}
        self._alternate = False
        self._drawn: list[str] | None = None
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._unfinished = ""
        self._master, self._slave = os.openpty()
        self._set_size(*size)
        self.attributes_before = termios.tcgetattr(self._slave)
        self.process: subprocess.Popen[bytes] | Forked
        streams = (self._slave, self._slave, self._slave)
        if preloaded:
            self.process = Forked(command[1:], streams, env=env, cwd=cwd, terminal=True, ignoring=ignoring)
        else:
            login = [sys.executable, "-ISc", _LOGIN, ignoring, *command]
            read, out, err = streams
            self.process = subprocess.Popen(
                login, stdin=read, stdout=out, stderr=err, env=dict(env), cwd=cwd, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # The whole session, because a shell may have left a stopped program.
        for each in (signal.SIGCONT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, each)
        self.process.wait()
        self.hang_up()

    # In

    def press(self, *keys: str) -> None:
        """Write keys, by their names or as characters, in one write."""
        self.write(b"".join(KEYS.get(key) or key.encode() for key in keys))

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        os.write(self._master, data)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size; the kernel tells the program."""
        for each in self._screens.values():
            each.resize(lines, columns)
        self._drawn = None
        self._set_size(columns, lines)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        for descriptor in (self._slave, self._master):
            if descriptor >= 0:
                os.close(descriptor)
        self._slave = self._master = -1

    # Out

    @property
    def lines(self) -> list[str]:
        """The screen's lines."""
        if self._drawn is None:
            self._drawn = [str(line).rstrip() for line in self._screens[self._alternate].display]
        return self._drawn

    @property
    def screen(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    @property
    def words(self) -> str:
        """The screen's words with single blanks between them, so that a sentence may cross lines."""
        return " ".join(self.screen.split())

    @property
    def text(self) -> str:
        """All that was received."""
        return self.raw.decode("utf-8", "replace")

    @property
    def after_screens(self) -> str:
        """The visible text printed after the alternate screen was left for the last time."""
        return stream.plain(self.text.rpartition("\x1b[?1049l")[2])

    @property
    def is_restored(self) -> bool:
        """Fail unless the terminal is as before: screen, cursor, mouse, paste, keyboard protocol, line discipline."""
        keyboard = self.text.count("\x1b[<u") >= self.text.count("\x1b[>")
        same = termios.tcgetattr(self._slave) == self.attributes_before
        return stream.modes_on(self.text) == {7, 25} and keyboard and same

    def pump(self, seconds: float) -> bool:
        """Read what comes within this time, once; False if nothing came."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.raw += data
        self._drawn = None
        shown, self._unfinished = stream.split_unfinished(self._unfinished + self._decode(data))
        for entered, part in stream.by_screen(shown):
            if entered is not None:
                self._alternate = entered
                if entered:
                    self._screens[True].reset()
            self._streams[self._alternate].feed(part)
        return bool(data)

    def until(self, holds: Callable[[], object], what: str = "", *, deadline: float = DEADLINE) -> None:
        """Read until the condition holds."""
        end = time.monotonic() + deadline
        while not holds():
            left = end - time.monotonic()
            if left <= 0:
                raise NotSeen(f"not seen within {deadline:.0f} s: {what or holds}\n{self.screen}")
            self.pump(min(left, 0.02))

    def sees(self, *wanted: str, after: Sequence[str] = ()) -> None:
        """Wait until the screen says all of this, after these keys."""
        if after:
            self.press(*after)
        self.until(lambda: all(each in self.words for each in wanted), repr(wanted))

    def sees_no(self, *unwanted: str) -> None:
        """Wait until the screen says none of this."""
        self.until(lambda: not any(each in self.words for each in unwanted), f"without {unwanted!r}")

    def settles(self, quiet: float = 0.15) -> None:
        """Wait until a whole frame is drawn: the program has written nothing for a moment."""
        end = time.monotonic() + DEADLINE
        while self.pump(quiet):
            if time.monotonic() > end:
                raise NotSeen(f"it never comes to rest\n{self.screen}")

    def received_during(self, seconds: float) -> int:
        """How many bytes come within a time."""
        before, end = len(self.raw), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.pump(left)
        return len(self.raw) - before

    def ends(self) -> int:
        """Wait until the program has ended and its last output is read. Returns its exit code."""
        self.until(lambda: self.process.poll() is not None, "the end of the program")
        while self.pump(0.02):
            pass
        return self.process.wait()
