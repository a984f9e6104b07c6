"""The one way in which the settings are filled: command line, environment, file, default, in this order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import InitSettingsSource, PydanticBaseSettingsSource

from health.store.opening.urls import has_password
from tui.settings.file import CONFIG_VARIABLE, FILE_NAME, configuration_file
from tui.settings.forms import DATABASE_NAME
from tui.settings.model import UNNAMED, DatabaseSettings, Settings, handed_in
from tui.words.failures import SettingsError
from tui.words.nearest import VARIABLE_PREFIX, nearest

COMMAND_LINE: Final = "command line"
DEFAULT: Final = "default"

_LONGEST_SHOWN: Final = 100
_PLAIN_REASONS: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The effective settings, where each came from, and the file that was read (None: there is none).

    `sources` has every dotted key (`ui.theme`): `command line`, `environment TENANTPILOT_X`, `file PATH` or `default`.
    """

    settings: Settings
    sources: dict[str, str]
    file: Path | None


class _Layer(NamedTuple):
    """What one source says: values and the source's name, both by dotted key."""

    values: dict[str, object]
    origins: dict[str, str]

    def as_source(self) -> PydanticBaseSettingsSource:
        sections: dict[str, Any] = {}
        for dotted, value in self.values.items():
            *way, name = path_of(dotted)
            section = reduce(lambda inner, step: inner.setdefault(step, {}), way, sections)
            # Wrapped at once, so that no error and no log of pydantic's can show what is in it.
            section[name] = SecretStr(str(value)) if is_secret(dotted) and isinstance(value, str) else value
        return InitSettingsSource(Settings, sections)


def load_settings(
    *, config: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str], cwd: Path
) -> LoadedSettings:
    """Read the settings: `overrides` (dotted key -> text of the command line), `environ`, one file, defaults.

    The file is `config` (`--config`), else what `TENANTPILOT_CONFIG` names, both relative to `cwd`, else
    `tenantpilot.toml` in `cwd`, else the one in the user's configuration directory. A known variable that is empty
    counts as unset.
    Raises SettingsError for the first thing that is wrong: an unknown name, a value that cannot be, a named file that
    is not there, a file that cannot be read or that others could have written, a password on the command line.
    """
    file, table = configuration_file(config, environ, cwd)
    in_file = _from_file(file, table)
    known = known_keys(_database_names(in_file))
    layers = (_from_command_line(overrides, known), _from_environment(environ, known), in_file)
    sources = dict.fromkeys(known, DEFAULT)
    for layer in reversed(layers):
        sources |= layer.origins
    for name in _database_names(in_file):
        if sources[f"databases.{name}.url"] == DEFAULT:
            raise SettingsError(f"databases.{name} (file {file}): has no url; write the database's URL there")
    token = handed_in.set(tuple(layer.as_source() for layer in layers))
    try:
        return LoadedSettings(Settings(), sources, file)
    except ValidationError as refused:
        sentence = _first_refusal(refused, sources)
    finally:
        handed_in.reset(token)
    # Raised here and not above, so that the traceback carries no exception that still knows the values.
    raise SettingsError(sentence)


def known_keys(databases: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The dotted key of every setting, those of databases with these names among them; not the free ones of `keys`."""
    keys = [
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    ]
    return (*keys, *(f"databases.{name}.{key}" for name in databases for key in DatabaseSettings.model_fields))


def path_of(dotted: str) -> tuple[str, ...]:
    """The way to a setting in the model: the ids of keys have dots of their own."""
    section, _, rest = dotted.partition(".")
    return (section, rest) if section == "keys" else (section, *rest.split("."))


def is_secret(dotted: str) -> bool:
    """Whether a setting may hold a password."""
    return dotted.startswith("database") and dotted.endswith("url")


def variable_name(dotted: str) -> str:
    """The environment variable of a setting: `ui.theme` is TENANTPILOT_UI__THEME."""
    return VARIABLE_PREFIX + dotted.upper().replace(".", "__")


def _from_command_line(overrides: Mapping[str, str], known: tuple[str, ...]) -> _Layer:
    for key, value in overrides.items():
        if key not in known:
            raise _unknown("setting", key, COMMAND_LINE, known)
        if is_secret(key) and has_password(value):
            raise SettingsError(
                f"{key} ({COMMAND_LINE}): every user of this machine can see a password there; "
                f"put the URL into {variable_name(key)} or {FILE_NAME}, or the password into ~/.pgpass"
            )
    return _Layer(dict(overrides), dict.fromkeys(overrides, COMMAND_LINE))


def _from_environment(environ: Mapping[str, str], known: tuple[str, ...]) -> _Layer:
    variables = {variable_name(key): key for key in known}
    layer = _Layer({}, {})
    for name, value in environ.items():
        if not name.startswith(VARIABLE_PREFIX) or name == CONFIG_VARIABLE:
            continue
        if name not in variables:
            raise _unknown("variable", name, "environment", (*variables, CONFIG_VARIABLE))
        if value:
            layer.values[variables[name]] = value
            layer.origins[variables[name]] = f"environment {name}"
    return layer


def _from_file(file: Path | None, table: Mapping[str, object]) -> _Layer:
    origin = f"file {file}"
    values = dict(_settings_in(table, origin))
    layer = _Layer(values, dict.fromkeys(values, origin))
    known = known_keys(_database_names(layer))
    for key in values:
        if key not in known and not key.startswith("keys."):
            raise _unknown("setting", key, origin, known)
    return layer


def _settings_in(table: Mapping[str, object], origin: str) -> Iterator[tuple[str, object]]:
    for section, entries in table.items():
        if section not in Settings.model_fields and not (isinstance(entries, dict) and entries):
            raise _unknown("setting", section, origin, known_keys())
        inner = _section(section, entries, origin)
        if section == "keys":
            yield from ((f"keys.{name}", value) for name, value in _leaves(inner))
        elif section == "databases":
            for name, database in inner.items():
                _require_name(name, origin)
                keys = _section(f"databases.{name}", database, origin)
                # One that says nothing is there all the same, and is refused for it.
                yield from (
                    (f"databases.{name}.{key}", value) for key, value in (keys or {"production": False}).items()
                )
        else:
            yield from ((f"{section}.{key}", value) for key, value in inner.items())


def _section(name: str, entries: object, origin: str) -> dict[str, object]:
    if not isinstance(entries, dict):
        raise SettingsError(f"{name} ({origin}): must be a section, written [{name}]")
    return entries


def _leaves(entries: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """`tenants.sort = "o"` is a table in a table where the id is not in quotes; both ways are meant."""
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{rest}", leaf) for rest, leaf in _leaves(value))
        else:
            yield name, value


def _require_name(name: str, origin: str) -> None:
    if not DATABASE_NAME.holds(name) or name == UNNAMED:
        raise SettingsError(f"databases.{name} ({origin}): its name must be {DATABASE_NAME.words}")


def _database_names(layer: _Layer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path_of(key)[1] for key in layer.values if key.startswith("databases.")))


def _unknown(kind: str, name: str, origin: str, known: tuple[str, ...]) -> SettingsError:
    # Cut, so that however long it is the nearest one can still be read.
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return SettingsError(f"unknown {kind} {shown} ({origin}); the nearest known one is {nearest(name, known)}")


def _first_refusal(refused: ValidationError, sources: Mapping[str, str]) -> str:
    first = refused.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"][: 3 if first["loc"][0] == "databases" else 2])
    cause = first.get("ctx", {}).get("error")
    reason = _PLAIN_REASONS.get(first["type"], first["msg"]) if cause is None else str(cause)
    return f"{key} ({sources.get(key, DEFAULT)}): {reason}"
