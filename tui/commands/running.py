"""Run another program without a shell, on our own standard streams, and pass signals on to it.

The signals that end a process are blocked from before the start is noted until after the outcome is noted, and we take
them one by one. So a signal cannot come between two steps and leave a run without an end. Only SIGKILL can.
"""

from __future__ import annotations

import os
import signal
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

from tui.words.failures import EXIT_CANNOT_RUN, EXIT_NO_SUCH_COMMAND

_ENDING: Final = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM})
_AWAITED: Final = _ENDING | {signal.SIGCHLD}
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_LOOK_SECONDS: Final = 1.0
"""Seconds between checks whether the command has ended, in case a library's thread received SIGCHLD."""


class Ended(NamedTuple):
    """How a command ended: our exit code, and a clause that says why it failed (None: success)."""

    exit_code: int
    failure: str | None = None


class HeldSignals:
    """A context in which SIGHUP, SIGINT and SIGTERM are pending until we take them. For the main thread only."""

    def __enter__(self) -> Self:
        # If our parent ignores SIGCHLD, we inherit that, and the kernel would discard the command's exit code.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A signal that comes after the command's end has nothing to stop, and must not change the exit code.
        while signal.sigtimedwait(_ENDING, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def pause(self, seconds: float) -> bool:
        """Wait; return False at once if a signal arrives that ends a process."""
        return signal.sigtimedwait(_ENDING, seconds) is None

    def run(self, command: tuple[str, ...], printed: BinaryIO | None = None) -> Ended:
        """Run a command to its end and pass our signals on to it. Exit codes are as in a shell: 128+n, 127, 126.

        Its standard output goes to `printed` if given, else to our standard output.

        A command that we passed a signal to counts as failed, even with exit code 0: its backup may be incomplete.
        """
        try:
            child = os.posix_spawnp(
                command[0],
                command,
                os.environ,
                file_actions=() if printed is None else ((os.POSIX_SPAWN_DUP2, printed.fileno(), 1),),
                setsigmask=self._mask,
                setsigdef=_IGNORED_BY_PYTHON,
            )
        except FileNotFoundError:
            return Ended(EXIT_NO_SUCH_COMMAND, f"there is no command {command[0]!r}")
        except OSError as error:
            return Ended(EXIT_CANNOT_RUN, f"the command {command[0]!r} cannot be run: {error.strerror}")
        told: int | None = None
        while True:
            arrived = signal.sigtimedwait(_AWAITED, _LOOK_SECONDS)
            if arrived is not None and arrived.si_signo != signal.SIGCHLD:
                told = arrived.si_signo
                # A terminal's signals (^C, a hang-up) come from the kernel, which sends them to the command too.
                if arrived.si_code <= 0:
                    os.kill(child, told)
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return _ended(os.waitstatus_to_exitcode(status), told)


def _ended(code: int, told: int | None) -> Ended:
    if code < 0:
        return Ended(128 - code, f"the command was killed by {_name(-code)}")
    if code:
        return Ended(code, f"the command ended with exit code {code}")
    if told is not None:
        return Ended(code, f"the command was told to stop by {_name(told)}, and then ended with exit code 0")
    return Ended(code)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
