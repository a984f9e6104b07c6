"""The memory and files of this process: for tests that repeat a step very often and must not hold more in the end."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import NamedTuple


class Holdings(NamedTuple):
    """The number of memory blocks that Python has allocated (an object is one or a few), and of open files."""

    blocks: int
    files: int


def holdings() -> Holdings:
    """The usage after a collection of all unreachable objects."""
    gc.collect()
    return Holdings(sys.getallocatedblocks(), len(list(Path("/dev/fd").iterdir())))
