"""The settings file: which one counts, whether it can be trusted, and what it says."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from platformdirs import user_config_path
from pydantic_settings import TomlConfigSettingsSource

from tui.settings.model import APPLICATION, Settings
from tui.words.failures import SettingsError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Table = TypeVar("Table")

FILE_NAME: Final = "tenantpilot.toml"
CONFIG_VARIABLE: Final = "TENANTPILOT_CONFIG"

_CALLED: Final = "configuration file"
_MOST_LINKS: Final = 40
_TOML_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The settings file after it was read. Its bytes come from the same open file whose owner and rights we checked.

    pydantic-settings reads it like a file inside a package.
    """

    path: Path
    content: bytes

    def is_file(self) -> bool:
        """True: it was read, so it exists."""
        return True

    def open(self, mode: str = "rb") -> BytesIO:
        """Its bytes as they were read, even if its path now leads to another file."""
        assert mode == "rb"
        return BytesIO(self.content)


def settings_file(config: Path | None, environ: Mapping[str, str], cwd: Path) -> SettingsFile | None:
    """The settings file to use; None without one. Raises SettingsError if it cannot be read or trusted."""
    named_by = "--config" if config is not None else CONFIG_VARIABLE
    named = config if config is not None else environ.get(CONFIG_VARIABLE) or None
    if named is not None:
        path = cwd / named
        content = read_trusted(path)
        if content is None:
            raise SettingsError(f"configuration file {path} does not exist; correct {named_by}, or leave it out")
        return SettingsFile(path, content)
    for directory in (cwd, user_config_path(APPLICATION, appauthor=False)):
        path = directory / FILE_NAME
        content = read_trusted(path)
        if content is not None:
            return SettingsFile(path, content)
    return None


def read_trusted(path: Path, called: str = _CALLED) -> bytes | None:
    """The bytes of a file that only this user or root can write; None if it does not exist.

    Raises SettingsError if it cannot be read or trusted. `called` is the file's name in that message.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            # We check the open file, not the path: the path could lead to another file before we read it.
            refusal = _untrusted(path, os.fstat(file.fileno()))
            content = b"" if refusal else file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(f"{called} {path} cannot be read ({problem}); correct it or name another file") from None
    if refusal:
        raise SettingsError(f"{called} {path} {refusal}")
    return content


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe would wait until another process opens its other end.
    return os.open(path, flags | os.O_NONBLOCK)


def _untrusted(path: Path, status: os.stat_result) -> str | None:
    """Why another user could control the content, such as through a pipe; None if no other user could.

    (docs/settings.md, "Settings")
    """
    if path == Path(os.devnull):
        return None  # always empty, even though every user may write to it
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file; write the settings into a file and name that"
    if stat.S_IMODE(status.st_mode) & stat.S_IWOTH:
        return "can be written by every user; run chmod o-w on it"
    if stat.S_IMODE(status.st_mode) & stat.S_IWGRP:
        return "can be written by a group; run chmod g-w on it"
    if _is_of_another(status):
        return f"belongs to user {status.st_uid}, neither you nor root; chown it or name another file"
    return _untrusted_way(path.absolute())


def _untrusted_way(path: Path) -> str | None:
    """Why another user could put another file at a path, or own a link that leads to it; None if no user could."""
    for _ in range(_MOST_LINKS):
        for place in (path, *path.parents):
            if place.is_symlink() and _is_of_another(place.lstat()):
                return (
                    f"is reached by a link of user {place.lstat().st_uid}, neither you nor root; name the file itself"
                )
        if (refusal := _untrusted_folder(path.parent)) is not None or not path.is_symlink():
            return refusal
        path = path.parent / path.readlink()
    return "is reached by too many links; name the file itself"


def _untrusted_folder(folder: Path) -> str | None:
    status = folder.stat()
    if _is_of_another(status):
        return f"is in a folder of user {status.st_uid}, neither you nor root; move it or name another file"
    # With the sticky bit only a file's owner can replace it.
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        return "is in a folder that others can write to; run chmod go-w on the folder, or move the file"
    return None


def _is_of_another(status: os.stat_result) -> bool:
    return status.st_uid not in (0, os.geteuid())


def toml_source(file: SettingsFile) -> TomlConfigSettingsSource:
    """A file's settings. Raises SettingsError with the line if it is not TOML."""
    return parsed_toml(
        file.path, file.content, _CALLED, lambda: TomlConfigSettingsSource(Settings, cast("Traversable", file))
    )


def parsed_toml(path: Path, content: bytes, called: str, parse: Callable[[], Table]) -> Table:
    """The result of `parse`, which parses a file's content. Raises SettingsError with the line if it is not TOML."""
    problem, line = "", content.count(b"\n") + 1
    try:
        return parse()
    except UnicodeDecodeError as error:
        problem, line = "this is not UTF-8 text", content.count(b"\n", 0, error.start) + 1
    except RecursionError:
        problem = "values are nested too deeply"
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.fullmatch(str(error))
        problem = place[1] if place else str(error)
        line = int(place[2]) if place and place[2] else line
    # Raised outside the handlers: newer Pythons keep the whole file in a TOML error, and a password may be in it.
    raise SettingsError(f"{called} {path} is not valid TOML: line {line}: {problem}")
