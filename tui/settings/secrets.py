"""Passwords in a settings file, which is kept in git and read by many (docs/sync.md, "A settings file in git")."""

from __future__ import annotations

from pydantic import SecretStr

from health.store.opening.urls import has_password
from tui.settings.forms import leaves
from tui.settings.loading import LoadedSettings


def passwords_in_file(loaded: LoadedSettings) -> tuple[str, ...]:
    """The settings, by their dotted keys, that the file gives a password to."""
    return tuple(
        key
        for key, value in leaves(loaded.settings.model_dump())
        if isinstance(value, SecretStr)
        and loaded.sources[key].startswith("file ")
        and has_password(value.get_secret_value())
    )
