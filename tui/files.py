"""Write files: complete or not at all, readable only by the owner, and never through a link."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from itertools import count
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file so that a reader sees either the old or the new one. Raises OSError; then the old one stays."""
    # It has another name until it is complete: a program that watches the folder must not find half of it.
    descriptor, temporary = tempfile.mkstemp(prefix=".tenantpilot-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_for_a_collector(path: Path, text: str) -> None:
    """Write text that everybody may read: into a FIFO or a character device, else as a complete new file (0644).

    Writing a FIFO waits for a reader, as in every program. Raises OSError; for a link and for anything else that is not
    a file it has the reason, and nothing is written.
    """
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if stat.S_ISREG(kind):
        replace_file(path, text, mode=0o644)
    elif stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NOCTTY), "wb") as file:
            file.write(text.encode())
    elif stat.S_ISLNK(kind):
        raise OSError(errno.ELOOP, "it is a link, name the file itself")
    else:
        raise OSError(errno.EINVAL, "it is neither a file nor a FIFO nor a character device")


def new_file(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """Write a file with a new name and return its path. Raises OSError; then no file is left."""
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
