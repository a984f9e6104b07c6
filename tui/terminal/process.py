"""The end of the process: after a signal or the loss of its terminal it ends as after `q`."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EINTR
from typing import Any, Final

from tui.words.fault_log import note_fault

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
# How long the app may take to end by itself. A lost terminal needs no restoring.
_GRACE_SECONDS: Final = {signal.SIGTERM: 3.0, signal.SIGHUP: 0.6, signal.SIGINT: 3.0}
# Scroll all lines; switch off keyboard protocol, paste, focus and mouse reports; wrap lines; leave the alternate
# screen; show the cursor.
_RESTORED: Final = (
    b"\x1b[r\x1b[<u\x1b[?2004l\x1b[?1004l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?7h\x1b[?1049l\x1b[?25h"
)
_RESTORING_TRIES: Final = 50
_WRITER: Final = "textual-output"
"""Textual's thread that writes to the terminal."""


@contextmanager
def ended_by_signals(end: Callable[[int], None]) -> Iterator[None]:
    """While the block runs, a signal that ends a program calls `end` with the exit code that a shell gives it.

    The loss of the terminal does the same, as SIGHUP: otherwise Textual would read end of file for ever. If the app
    cannot end because the terminal takes no more output, the process still ends after a moment.
    """
    attributes = _terminal_attributes()
    ending = threading.Event()
    # Only one of two ends the process: the app by itself, or the last resort.
    turn = threading.Lock()

    def on_signal(number: int, _frame: object) -> None:
        if ending.is_set():
            return
        ending.set()
        if _in_the_background():
            # We are suspended: the shell has the terminal, and it is already restored.
            os._exit(128 + number)
        arguments = (number, attributes, turn)
        last_resort = threading.Timer(_GRACE_SECONDS[signal.Signals(number)], _end_now, arguments)
        last_resort.daemon = True
        last_resort.start()
        end(128 + number)

    before = {number: signal.signal(number, on_signal) for number in _ENDING}
    hook, threading.excepthook = threading.excepthook, _note_thread_fault
    threading.Thread(target=_hang_up_without_terminal, name="terminal-watch", daemon=True).start()
    try:
        yield
    finally:
        turn.acquire()
        _drop_unwritten_output()
        threading.excepthook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def _hang_up_without_terminal() -> None:
    watch = select.poll()
    for descriptor in (0, 2):
        # We ask for no event, so poll reports only that the other side is gone and does not return earlier.
        watch.register(descriptor, 0)
    if any(event & (select.POLLHUP | select.POLLERR) for _, event in watch.poll()):
        os.kill(os.getpid(), signal.SIGHUP)


def _drop_unwritten_output() -> None:
    """The terminal is gone. Otherwise the interpreter would write again at its end, fail, and change the exit code."""
    for printed in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            printed.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), printed.fileno())


def _in_the_background() -> bool:
    with suppress(OSError):
        return os.tcgetpgrp(0) != os.getpgrp()
    return False


def has_job_control() -> bool:
    """Whether a shell can bring this process back after Ctrl-Z."""
    return os.getsid(0) != os.getpgrp()


def stop_the_job() -> None:
    """Stop all that the shell started together with this process, and return when the shell brings it back.

    A terminal does so at Ctrl-Z by itself, but here that is a key. If this process alone stopped, a program that waits
    for it (`make.py`, `uv run`) would go on waiting, and the shell for that program.
    """
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    # One signal for all: a shell that is quick cannot bring them back while one of them is still to stop.
    os.killpg(os.getpgrp(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)
    # After `bg` the terminal is still the shell's: the kernel stops us at this change of nothing, until `fg`.
    with suppress(termios.error):
        while not _changes_nothing():
            pass


def _changes_nothing() -> bool:
    """Set the terminal to what it is set to; False if a signal came in between. Raises termios.error."""
    try:
        termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0))
    except termios.error as error:
        if error.args[0] != EINTR:
            raise
        return False
    return True


def _terminal_attributes() -> list[Any] | None:
    with suppress(termios.error):
        return termios.tcgetattr(0)
    return None


def _end_now(number: int, attributes: list[Any] | None, turn: threading.Lock) -> None:
    """End the process although its event loop hangs. The terminal is restored as far as possible."""
    turn.acquire()
    with suppress(OSError, termios.error):
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
        terminal = os.open(os.ttyname(2), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        # This wakes up the write that waits for a stalled terminal; its output now goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for thread in threading.enumerate():
            if thread.name == _WRITER and thread.ident is not None:
                signal.pthread_kill(thread.ident, number)
        for _ in range(_RESTORING_TRIES):
            # Drop the output that the terminal has not taken yet, to make room for the restoring sequence.
            termios.tcflush(terminal, termios.TCOFLUSH)
            with suppress(BlockingIOError):
                os.write(terminal, _RESTORED)
                break
            time.sleep(0.01)
    os._exit(128 + number)


def _note_thread_fault(fault: threading.ExceptHookArgs) -> None:
    if fault.exc_value is not None:
        note_fault(fault.exc_value)
