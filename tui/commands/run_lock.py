"""The lock file of a schedule on this machine: locked for as long as one of its runs lives.

The kernel frees the lock when the last process that holds it is gone, however that ended. The command holds it as well
as its recorder, so a command that outlives a killed recorder still counts as running. The file names the run that had
the lock last. If the lock is free, that run is over.
"""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_LONGEST_REFERENCE: Final = 4096


def lock_path(database: str, external_id: str, schedule: str) -> Path:
    """Where the lock of a schedule is: in the user's state directory, under a name made from what identifies it."""
    from platformdirs import user_state_path

    identity = "\0".join((database, external_id, schedule)).encode("utf-8", "backslashreplace")
    return user_state_path("tenantpilot", appauthor=False) / "runs" / sha256(identity).hexdigest()[:32]


class RunLock:
    """As a context: the lock of a schedule for the run of this reference, if no other run on this machine has it.

    Entering never waits. Raises OSError where the file cannot be made or opened.
    """

    def __init__(self, path: Path, reference: str) -> None:
        self._path = path
        self._reference = reference
        self.held = False
        self.other: str | None = None
        """The reference of another run: of the one that has the lock, or of the last one that had it (`held`)."""

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        # The command inherits it: the lock is then free only when both are gone.
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
            # Given up by name: something that the command left behind may hold the descriptor still.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
