"""Files that we write: whole or not at all, readable by the owner alone, and never through a link."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old one or the new one. Raises OSError, and the old one is there still."""
    # Under another name until it is whole: who watches a folder for names must not find half of it.
    descriptor, temporary = tempfile.mkstemp(prefix=".tenantpilot-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def new_file(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """Write a file under a name that nothing has yet; gives back where it is. Raises OSError, and leaves nothing."""
    for number in count(1):
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
        try:
            # Create the file first, so that no other process can take the name in between.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
        except FileExistsError:
            continue
        try:
            replace_file(path, text)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("there is always another number")
