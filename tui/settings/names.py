"""The names of the settings, from the model: dotted keys, environment variables, and which may hold a password."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeGuard, get_args

from pydantic import BaseModel

from tui.settings.model import Settings
from tui.words.nearest import VARIABLE_PREFIX

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def known_keys(table: Mapping[str, Any] = _NOTHING) -> tuple[str, ...]:
    """The dotted key of every setting (`ui.theme`). For sections like `[databases.eu]`: those in the file's `table`."""
    models = {section: field.annotation for section, field in Settings.model_fields.items()}
    for section in tuple(models):
        if not is_section(models[section]):
            named = get_args(models.pop(section))[1]
            models |= {f"{section}.{name}": named for name in table.get(section, ())}
    return tuple(
        f"{section}.{key}" for section, kind in models.items() if is_section(kind) for key in kind.model_fields
    )


def variable_name(dotted: str) -> str:
    """The environment variable of a setting: `ui.theme` is TENANTPILOT_UI__THEME."""
    return VARIABLE_PREFIX + dotted.upper().replace(".", "__")


def is_secret(dotted: str) -> bool:
    """Whether a setting may hold a password."""
    return dotted.startswith("database") and dotted.endswith("url")


def is_section(kind: Any) -> TypeGuard[type[BaseModel]]:
    """Whether a field of the model is a section with settings of its own."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)
