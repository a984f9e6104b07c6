"""The log of faults: the details in a file that only its owner can read, and one sentence for the user."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platformdirs import user_state_path

if TYPE_CHECKING:
    from rich.traceback import Trace

_LOG_BYTES: Final = 500_000
_LOG_FILES: Final = 3


def log_path() -> Path:
    """The log file, in the user's state directory."""
    return user_state_path("tenantpilot", appauthor=False) / "tenantpilot.log"


def note_fault(error: BaseException) -> str:
    """Write a fault to the log and return one sentence for the user. Never raises.

    The log has the kind of error and the lines of code that it passed through. It has no message, no local variable
    and no argument, because any of them could hold a secret or a tenant's data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return _noted(type(error).__name__, [(frame.filename, frame.lineno, frame.name) for frame in frames])


def note_trace(trace: Trace) -> str:
    """The same for a fault that left only Rich's trace, such as one in Textual's input thread."""
    last = trace.stacks[0]
    return _noted(last.exc_type, [(frame.filename, frame.lineno, frame.name) for frame in last.frames])


def _noted(kind: str, frames: Sequence[tuple[str, int | None, str]]) -> str:
    path = [f"{Path(filename).name}:{line} {name}" for filename, line, name in frames]
    try:
        where = log_path()
        _logger(where).error("%s at %s", kind, " > ".join(path))
    except OSError:
        return f"A fault in TenantPilot ({kind}); it could not be written to the log."
    return f"A fault in TenantPilot ({kind}); the details are in {where}."


def _logger(path: Path) -> logging.Logger:
    logger = logging.getLogger("tenantpilot.faults")
    if not logger.handlers:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600))
        handler = _PrivateFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    return logger


class _PrivateFileHandler(RotatingFileHandler):
    """A file that it opens after a rotation is private to the owner too."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding="utf-8")
