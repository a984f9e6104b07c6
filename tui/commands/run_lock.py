"""The lock file of a schedule on this machine: it is locked while one of the schedule's runs is alive.

The kernel frees the lock when the last process that holds it has ended, in whatever way. Both the command and its
recorder hold it, so a command whose recorder was killed still counts as running. The file names the run that had the
lock last. If the lock is free, that run is over.
"""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from platformdirs import user_state_path

_LONGEST_REFERENCE: Final = 4096


def lock_path(database: str, external_id: str, schedule: str) -> Path:
    """The lock file of a schedule, in the user's state directory. Its name is a hash."""
    identity = "\0".join((database, external_id, schedule)).encode("utf-8", "backslashreplace")
    return user_state_path("tenantpilot", appauthor=False) / "runs" / sha256(identity).hexdigest()[:32]


class RunLock:
    """A context that takes the lock of a schedule for a run, if no other run on this machine has it.

    Entering never waits. Raises OSError if the file cannot be made or opened.
    """

    def __init__(self, path: Path, reference: str) -> None:
        self._path = path
        self._reference = reference
        self.held = False
        self.other: str | None = None
        """The other run's reference: if `held`, the run that had the lock last; else the run that has it now."""

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        # The command inherits the lock: it is free only when both have ended.
        os.set_inheritable(self._descriptor, True)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = True
        except BlockingIOError:
            pass
        found = os.pread(self._descriptor, _LONGEST_REFERENCE, 0)
        self.other = found.decode("utf-8", "replace") or None
        if self.held:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, self._reference.encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.held:
            # We unlock explicitly: a process that the command left behind may still hold the descriptor.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
