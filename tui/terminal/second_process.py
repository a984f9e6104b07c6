"""A second process that works while this one starts: on two cores, the imports of both take half the time.

It begins as a copy of this process, sends messages through a pipe and never touches the terminal. A second pipe is its
lifeline, and carries no data. The first process cuts it when it closes its end or is gone. Then the second process ends
at once, even while it waits.
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
"""How long it may take to stop its current query before it is killed."""


class Sender:
    """The second process's end. Messages wait here until the first process has time for them."""

    def __init__(self, messages: int, lifeline: int) -> None:
        """The descriptors of two pipes: `messages` to write messages to, and `lifeline` to read from."""
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, args=(messages,), daemon=True)
        self._writer.start()
        threading.Thread(target=self._end_when_cut_off, args=(lifeline,), daemon=True).start()
        self.when_cut_off: Callable[[], None] = lambda: None
        """Called when the lifeline is cut, before this process ends. Not called if the process ends by itself."""

    def send(self, message: bytes) -> None:
        """Send one message. Returns at once."""
        self._waiting.put(message)

    def close(self) -> None:
        """Wait until all messages are sent. No more may follow."""
        self._waiting.put(None)
        self._writer.join()

    def _write(self, messages: int) -> None:
        # The first process may be gone. Then this one ends in a moment too.
        with suppress(OSError), os.fdopen(messages, "wb") as pipe:
            while (message := self._waiting.get()) is not None:
                pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
                pipe.write(message)
                pipe.flush()

    def _end_when_cut_off(self, lifeline: int) -> None:
        os.read(lifeline, 1)  # this pipe carries no data, so the read returns only when the other end is closed
        try:
            self.when_cut_off()
        finally:
            os._exit(1)


class SecondProcess:
    """The first process's end."""

    def __init__(self, pid: int, messages: int, lifeline: int) -> None:
        """`pid` is the second process. The other two are the descriptors of the pipes that `begin` made."""
        self._pid = pid
        self._pipe = os.fdopen(messages, "rb")
        self._lifeline: int | None = lifeline
        self._lock = threading.Lock()

    @classmethod
    def begin(cls, work: Callable[[Sender], None]) -> SecondProcess | None:
        """Do `work` in a second process; None if the system cannot start one. Call it before any thread starts.

        An exception in `work` ends that process without a report: its messages stop before they are complete.
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
                # The lifeline shows that the first process is gone, and leaves time to stop a query.
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
        """The second process's messages as they arrive, until it ends. Call this only once."""
        with self._pipe as pipe:
            while len(length := pipe.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
                size = int.from_bytes(length, "big")
                message = pipe.read(size)
                if len(message) < size:
                    return
                yield message

    def end(self) -> None:
        """Cut the lifeline, so that the second process ends even while it waits. Returns at once.

        Callable from any thread, and more than once.
        """
        with self._lock:
            if self._lifeline is not None:
                os.close(self._lifeline)
                self._lifeline = None
                threading.Thread(target=self._see_it_end, name="second-process-end", daemon=True).start()

    def _see_it_end(self) -> None:
        """Wait for its end, and kill it if it does not come: it may be suspended, or stuck in the system."""
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
