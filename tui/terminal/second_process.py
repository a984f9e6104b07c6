"""A second process that works beside this one while it starts: on two cores, what both import takes half as long.

It begins as a copy of this one, sends messages through a pipe and never touches the terminal. Another pipe, on which
nothing is ever written, is its lifeline: once the first process has cut it, by closing its end or by being gone, the
second one ends at once, even while it waits.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

_LENGTH_BYTES: Final = 8
_END_SECONDS: Final = 3.0
"""How long it may take to break off what it is waiting for, before it is killed."""


class Sender:
    """The second process's end. What is sent waits here, if need be, until the first process has time for it."""

    def __init__(self, messages: int, lifeline: int) -> None:
        """The two pipes by their descriptors: where messages are written, and where the lifeline can be read."""
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, args=(messages,), daemon=True)
        self._writer.start()
        threading.Thread(target=self._end_when_cut_off, args=(lifeline,), daemon=True).start()
        self.when_cut_off: Callable[[], None] = lambda: None
        """Called once the lifeline is cut, before this process ends of it; not where it ends by itself."""

    def send(self, message: bytes) -> None:
        """Send one message. Returns at once."""
        self._waiting.put(message)

    def close(self) -> None:
        """Wait until all is sent; there is nothing more to come."""
        self._waiting.put(None)
        self._writer.join()

    def _write(self, messages: int) -> None:
        # The first process may be gone; then this one ends in a moment too.
        with suppress(OSError), os.fdopen(messages, "wb") as pipe:
            while (message := self._waiting.get()) is not None:
                pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
                pipe.write(message)
                pipe.flush()

    def _end_when_cut_off(self, lifeline: int) -> None:
        os.read(lifeline, 1)  # nothing is ever written there: this is the other end being closed
        try:
            self.when_cut_off()
        finally:
            os._exit(1)


class SecondProcess:
    """The first process's end."""

    def __init__(self, pid: int, messages: int, lifeline: int) -> None:
        """`pid` is the second process; the two pipes by their descriptors, as `begin` has made them."""
        self._pid = pid
        self._pipe = os.fdopen(messages, "rb")
        self._lifeline: int | None = lifeline
        self._lock = threading.Lock()

    @classmethod
    def begin(cls, work: Callable[[Sender], None]) -> SecondProcess | None:
        """Have `work` done in a second process; None where the system lets none begin. Only before there are threads.

        An exception in `work` ends that process without a report: its messages stop before they are whole.
        """
        messages, to_send = os.pipe()
        lifeline, lifeline_held = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            for descriptor in (messages, to_send, lifeline, lifeline_held):
                os.close(descriptor)
            return None
        if pid == 0:
            try:
                os.close(messages)
                os.close(lifeline_held)
                _let_go_of_the_terminal()
                # The lifeline shows that the first process is gone, and leaves time to break off a query.
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                sender = Sender(to_send, lifeline)
                work(sender)
                sender.close()
            finally:
                os._exit(0)
        os.close(to_send)
        os.close(lifeline)
        return cls(pid, messages, lifeline_held)

    def messages(self) -> Generator[bytes]:
        """What it sends, as it comes, until it ends. To be called once."""
        with self._pipe as pipe:
            while len(length := pipe.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
                size = int.from_bytes(length, "big")
                message = pipe.read(size)
                if len(message) < size:
                    return
                yield message

    def end(self) -> None:
        """Cut the lifeline, so that it ends, even while it waits. Returns at once.

        Callable from any thread, and more than once.
        """
        with self._lock:
            if self._lifeline is not None:
                os.close(self._lifeline)
                self._lifeline = None
                threading.Thread(target=self._see_it_end, name="second-process-end", daemon=True).start()

    def _see_it_end(self) -> None:
        """It ends by itself, unless it was suspended or the system does not let it go."""
        kill_at = time.monotonic() + _END_SECONDS
        with suppress(ChildProcessError):
            while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > kill_at:
                    os.kill(self._pid, signal.SIGKILL)
                    kill_at += _END_SECONDS
                time.sleep(0.005)


def _let_go_of_the_terminal() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
