"""The product's settings: one model, and the one way in which it is filled (`design.md` 9).

The order is command line, environment, file, default. Importing pydantic-settings takes longer than `--help` may, so
only this module does, and nothing imports this module before a command needs a setting.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from health.policy import HealthPolicy
from tui.safe_text import safe_text
from tui.setting_forms import DatabaseUrl, Duration, RefreshInterval, ThemeName, within

APPLICATION: Final = "tenantpilot"
FILE_NAME: Final = "tenantpilot.toml"
DATABASE_NAME: Final = "fleet.db"
VARIABLE_PREFIX: Final = "TENANTPILOT_"
CONFIG_VARIABLE: Final = "TENANTPILOT_CONFIG"

COMMAND_LINE: Final = "command line"
DEFAULT: Final = "default"

SECRET_KEYS: Final = frozenset({"database.url", "database.write_url"})
# A password before the host as SQLAlchemy reads it, or in the query as libpq does.
_PASSWORD: Final = re.compile(r"[^:]*://([^:/]*:[^@]+@|[^?]*\?(.*&)?(ssl)?password=.)", re.DOTALL | re.IGNORECASE)
_TOML_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_PLAIN_REASONS: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
}


class SettingsError(ValueError):
    """Settings that cannot be used: one printable sentence (what, where, what to do) that never holds a secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(safe_text(sentence, 500))


_DEFAULT_POLICY: Final = HealthPolicy()
_SECTION = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DatabaseSettings(BaseModel):
    """`[database]`: where the facts are."""

    model_config = _SECTION

    url: DatabaseUrl | None = Field(
        default=None,
        description="The database that everything is read from. Without one it is a SQLite file of the user's own.",
    )
    write_url: DatabaseUrl | None = Field(
        default=None, description="The database that import, record and whatever else writes uses. Without one: `url`."
    )


class BackupHealthSettings(BaseModel):
    """`[backup_health]`: the four durations every tenant is judged by (`design.md` 4)."""

    model_config = _SECTION

    freshness_window: Annotated[Duration, within("1s", "365d")] = Field(
        default=_DEFAULT_POLICY.freshness_window,
        description="How old the latest backup may be. Must exceed the interval between runs plus their length.",
    )
    schedule_grace: Annotated[Duration, within("0s", "30d")] = Field(
        default=_DEFAULT_POLICY.schedule_grace, description="How late a scheduled run may be before it needs follow-up."
    )
    clock_skew: Annotated[Duration, within("0s", "24h")] = Field(
        default=_DEFAULT_POLICY.clock_skew,
        description="How far the clocks of the writers may be ahead of this machine's, or behind.",
    )
    longest_run: Annotated[Duration, within("1s", "30d")] = Field(
        default=_DEFAULT_POLICY.longest_run,
        description="The longest plausible run: one still running after it is stuck, and a backup set that claims to "
        "have ended longer than this after it was recorded contradicts itself.",
    )


class UiSettings(BaseModel):
    """`[ui]`: how the screens behave."""

    model_config = _SECTION

    refresh: RefreshInterval = Field(
        default=timedelta(seconds=30), description="How often the screens ask the database for news. 0 turns it off."
    )
    theme: ThemeName = Field(default="tenantpilot-dark", description="The colours, by the name of a theme.")
    mouse: bool = Field(
        default=False, description="Whether the mouse works. While it does, most terminals cannot select text with it."
    )


# How `load_settings` hands its sources to the model: pydantic-settings asks the class for them, and a `Settings()` of
# somebody else's, in another thread too, must stay at the defaults.
_handed_in: ContextVar[tuple[PydanticBaseSettingsSource, ...]] = ContextVar("_handed_in", default=())


class Settings(BaseSettings):
    """Every setting of the product. `model_dump(mode="json")` writes them as the file does, secrets masked."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database: DatabaseSettings = Field(default=DatabaseSettings(), description="Where the facts are.")
    backup_health: BackupHealthSettings = Field(default=BackupHealthSettings(), description="What is judged by.")
    ui: UiSettings = Field(default=UiSettings(), description="How the screens behave.")

    def policy(self) -> HealthPolicy:
        """The four durations, for the resolver, which knows no settings."""
        return HealthPolicy(**self.backup_health.model_dump())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `load_settings` reads the environment and the file, and checks every name in them."""
        return (init_settings, *_handed_in.get())


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
            section, _, key = dotted.partition(".")
            # Wrapped at once, so that no error and no log of pydantic's can show what is in it.
            secret = dotted in SECRET_KEYS and isinstance(value, str)
            sections.setdefault(section, {})[key] = SecretStr(str(value)) if secret else value
        return InitSettingsSource(Settings, sections)


def load_settings(
    *, config: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str], cwd: Path
) -> LoadedSettings:
    """Read the settings: `overrides` (dotted key -> text of the command line), `environ`, one file, defaults.

    The file is `config` (`--config`), else what `TENANTPILOT_CONFIG` names, both relative to `cwd`, else
    `tenantpilot.toml` in `cwd`, else the one in the user's configuration directory. An empty variable counts as unset.
    Raises SettingsError for the first thing that is wrong: an unknown name, a value that cannot be, a named file that
    is not there, a file that cannot be read or that others could have written, a password on the command line.
    """
    environ = {name: value for name, value in environ.items() if value}
    file, table = _configuration_file(config, environ, cwd)
    layers = (_from_command_line(overrides), _from_environment(environ), _from_file(file, table))
    sources = dict.fromkeys(_known_keys(), DEFAULT)
    for layer in reversed(layers):
        sources |= layer.origins
    token = _handed_in.set(tuple(layer.as_source() for layer in layers))
    try:
        return LoadedSettings(Settings(), sources, file)
    except ValidationError as refused:
        sentence = _first_refusal(refused, sources)
    finally:
        _handed_in.reset(token)
    # Raised here and not above, so that the traceback carries no exception that still knows the values.
    raise SettingsError(sentence)


def default_database_path() -> Path:
    """The SQLite file in the user's data directory, read where no database is configured. It may not exist yet."""
    return user_data_path(APPLICATION, appauthor=False) / DATABASE_NAME


def effective_database_url(settings: Settings) -> str:
    """The URL to read from, password and all: `database.url`, else the default SQLite file. Never show it."""
    url = settings.database.url
    return f"sqlite:///{default_database_path()}" if url is None else url.get_secret_value()


def effective_write_url(settings: Settings) -> str:
    """The URL that import and record write to, password and all: `database.write_url`, else the one to read from."""
    url = settings.database.write_url
    return effective_database_url(settings) if url is None else url.get_secret_value()


@cache
def _known_keys() -> tuple[str, ...]:
    sections = Settings().model_dump()
    return tuple(f"{section}.{key}" for section, keys in sections.items() for key in keys)


def variable_name(dotted: str) -> str:
    """The environment variable of a setting: `ui.theme` is TENANTPILOT_UI__THEME."""
    return VARIABLE_PREFIX + dotted.upper().replace(".", "__")


def _from_command_line(overrides: Mapping[str, str]) -> _Layer:
    for key, value in overrides.items():
        if key not in _known_keys():
            raise _unknown("setting", key, COMMAND_LINE, _known_keys())
        if key in SECRET_KEYS and _PASSWORD.match(value):
            raise SettingsError(
                f"{key} ({COMMAND_LINE}): every user of this machine can see a password there; "
                f"put the URL into {variable_name(key)} or {FILE_NAME}, or the password into ~/.pgpass"
            )
    return _Layer(dict(overrides), dict.fromkeys(overrides, COMMAND_LINE))


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    variables = {variable_name(key): key for key in _known_keys()}
    layer = _Layer({}, {})
    for name, value in environ.items():
        if not name.startswith(VARIABLE_PREFIX) or name == CONFIG_VARIABLE:
            continue
        if name not in variables:
            raise _unknown("variable", name, "environment", (*variables, CONFIG_VARIABLE))
        layer.values[variables[name]] = value
        layer.origins[variables[name]] = f"environment {name}"
    return layer


def _from_file(file: Path | None, table: Mapping[str, object]) -> _Layer:
    origin = f"file {file}"
    values: dict[str, object] = {}
    for section, entries in table.items():
        if section not in Settings.model_fields and not (isinstance(entries, dict) and entries):
            raise _unknown("setting", section, origin, _known_keys())
        if not isinstance(entries, dict):
            raise SettingsError(f"{section} ({origin}): must be a section, written [{section}]")
        for key, value in entries.items():
            if f"{section}.{key}" not in _known_keys():
                raise _unknown("setting", f"{section}.{key}", origin, _known_keys())
            values[f"{section}.{key}"] = value
    return _Layer(values, dict.fromkeys(values, origin))


def _unknown(kind: str, name: str, origin: str, known: tuple[str, ...]) -> SettingsError:
    from difflib import SequenceMatcher  # needed only to explain an error

    def likeness(candidate: str) -> float:
        # Without the prefix that all variables share: it would make the shortest one the likeliest.
        given, meant = (text.removeprefix(VARIABLE_PREFIX).casefold() for text in (name[:200], candidate))
        return SequenceMatcher(None, given, meant).ratio()

    nearest = max(known, key=likeness)
    return SettingsError(f"unknown {kind} {safe_text(name, 100)} ({origin}); the nearest known one is {nearest}")


def _first_refusal(refused: ValidationError, sources: Mapping[str, str]) -> str:
    first = refused.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"][:2])
    cause = first.get("ctx", {}).get("error")
    reason = _PLAIN_REASONS.get(first["type"], first["msg"]) if cause is None else str(cause)
    return f"{key} ({sources.get(key, DEFAULT)}): {reason}"


def _configuration_file(
    config: Path | None, environ: Mapping[str, str], cwd: Path
) -> tuple[Path | None, dict[str, object]]:
    """The file that counts and what it says; None and nothing where there is none."""
    named_by = "--config" if config is not None else CONFIG_VARIABLE
    named = config if config is not None else environ.get(CONFIG_VARIABLE)
    if named is not None:
        path = cwd / named
        content = _read(path)
        if content is None:
            raise SettingsError(f"configuration file {path} does not exist; correct {named_by}, or leave it out")
        return path, _parsed(path, content)
    for directory in (cwd, user_config_path(APPLICATION, appauthor=False)):
        path = directory / FILE_NAME
        content = _read(path)
        if content is not None:
            return path, _parsed(path, content)
    return None, {}


def _read(path: Path) -> bytes | None:
    """The bytes of a configuration file that nobody else could have written; None if it does not exist."""
    try:
        with path.open("rb") as file:
            # Of the open file and not of the path, which could be another file by the time it is read.
            refusal = _untrusted(path, os.fstat(file.fileno()))
            content = b"" if refusal else file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(f"configuration file {path} cannot be read ({problem}); mend it or use --config") from None
    if refusal:
        raise SettingsError(f"configuration file {path} {refusal}")
    return content


def _untrusted(path: Path, status: os.stat_result) -> str | None:
    """Why somebody else could have decided what this file says (`staying-true.md`); None if nobody could."""
    if path == Path(os.devnull):
        return None  # always empty, whoever may write to it
    if stat.S_IMODE(status.st_mode) & stat.S_IWOTH:
        return "can be written by everybody; take that right away with chmod o-w"
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to user {status.st_uid}, neither you nor root; chown it or name another with --config"
    return None


def _parsed(path: Path, content: bytes) -> dict[str, object]:
    problem, line = "", content.count(b"\n") + 1
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        problem, line = "this is not UTF-8 text", content.count(b"\n", 0, error.start) + 1
    except RecursionError:
        problem = "values are nested too deeply"
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.fullmatch(str(error))
        problem = place[1] if place else str(error)
        line = int(place[2]) if place and place[2] else line
    # Outside the handlers: newer Pythons' TOML errors carry the whole file, and a password may be in it.
    raise SettingsError(f"configuration file {path} is not valid TOML: line {line}: {problem}")
