"""The one function that fills the settings, from the command line, the environment, the file and the defaults.

Earlier ones win. pydantic-settings reads the sources, merges them and checks the values. We do what it cannot do: name
the nearest known setting for an unknown one, say where each value came from, and report an error in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformdirs import user_config_path
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from health.store.opening.urls import has_password
from tui.settings.file import CONFIG_VARIABLE, FILE_NAME, settings_file, toml_source
from tui.settings.forms import leaves
from tui.settings.known_file import KnownFile, read_known_file
from tui.settings.lines import line_of
from tui.settings.model import APPLICATION, Settings, handed_in
from tui.settings.names import is_secret, known_keys, variable_name
from tui.words.failures import SettingsError
from tui.words.nearest import VARIABLE_PREFIX, nearest

COMMAND_LINE: Final = "command line"
DEFAULT: Final = "default"

_LONGEST_SHOWN: Final = 100
_PLAIN_REASONS: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list in brackets",
}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The effective settings, where each came from, and the file (None without one).

    `sources` has every dotted key (`ui.theme`): `command line`, `environment TENANTPILOT_X`, `file PATH` or `default`.
    """

    settings: Settings
    sources: dict[str, str]
    file: Path | None

    def origin_of(self, dotted: str) -> str:
        """Where a setting, or a section that a user named, is written; with its line if it is in the file."""
        origin = self.sources.get(dotted) or f"file {self.file}"
        line = self.line_of(dotted) if origin.startswith("file ") else None
        return origin if line is None else f"{origin}, line {line}"

    def line_of(self, dotted: str) -> int | None:
        """The line of a setting in the file, else the line of its section; None if it cannot be found."""
        try:
            return None if self.file is None else line_of(self.file.read_text(encoding="utf-8"), dotted)
        except (OSError, UnicodeDecodeError):
            return None

    @property
    def known_path(self) -> Path | None:
        """Where the file of known reasons is; None if the settings name none."""
        named = self.settings.known.file
        if named is None or self.file is None or not self.sources["known.file"].startswith("file "):
            return named
        return self.file.parent / named

    def known_file(self) -> KnownFile | None:
        """The file of known reasons; None if the settings name none. Raises SettingsError if the file is wrong."""
        return None if (path := self.known_path) is None else read_known_file(path)


class _Environment(EnvSettingsSource):
    """The variables that the caller passed, not those of the process. An empty one counts as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in environ.items() if value}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """A list from JSON. Other text stays text, so that the model's error names the setting."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def load_settings(
    *, config: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str], cwd: Path
) -> LoadedSettings:
    """Read the settings from `overrides` (`section.setting` -> command-line text), `environ`, one file, defaults.

    The file is `config` (`--config`), else what `TENANTPILOT_CONFIG` names, both relative to `cwd`, else
    `tenantpilot.toml` in `cwd`, else the one in the user's configuration directory. A known variable that is empty
    counts as unset.
    Raises SettingsError for the first problem: an unknown name, an impossible value, a named file that does not exist,
    a file that cannot be read or that other users could write, a password on the command line.
    """
    file = settings_file(config, environ, cwd)
    path = None if file is None else file.path
    in_file = () if file is None else (toml_source(file),)
    table = in_file[0].toml_data if in_file else {}
    _refuse_what_takes_the_place_of_a_section(table, path)
    _refuse_commands_of_others(table, path, config)
    known = known_keys(table)
    _refuse_unknown_variables(environ, known)
    _refuse_passwords(overrides)
    in_environment = _Environment(environ)
    origins = {
        **{dotted: f"file {path}" for dotted, _ in leaves(table)},
        **{dotted: f"environment {variable_name(dotted)}" for dotted, _ in leaves(in_environment())},
        **dict.fromkeys(overrides, COMMAND_LINE),
    }
    token = handed_in.set((in_environment, *in_file))
    try:
        settings = Settings(**_sections(overrides))
        sources = {dotted: origins.get(dotted, DEFAULT) for dotted, _ in leaves(settings.model_dump())}
        return _with_nearer_urls(settings, sources, path)
    except ValidationError as refused:
        findings = _refusals(refused, table, origins, f"file {path}", known)
    finally:
        handed_in.reset(token)
    # Raised here and not above, so that the traceback does not contain the exception with the values.
    raise SettingsError(findings[0][1], findings)


def _with_nearer_urls(settings: Settings, sources: dict[str, str], path: Path | None) -> LoadedSettings:
    """If `url` comes from a stronger source than `write_url`, it counts for both: the user means that database.

    (docs/operations.md, "Secrets and files")
    """

    def is_passed_by(section: str) -> bool:
        near, far = (_distance(sources[f"{section}.{name}"]) for name in ("url", "write_url"))
        return near < far < _distance(DEFAULT)

    if is_passed_by("database"):
        unnamed = settings.database.model_copy(update={"write_url": None})
        settings = settings.model_copy(update={"database": unnamed})
        sources["database.write_url"] = sources["database.url"]
    for name, named in settings.databases.items():
        section = f"databases.{name}"
        if is_passed_by(section):
            databases = {**settings.databases, name: named.model_copy(update={"write_url": None})}
            settings = settings.model_copy(update={"databases": databases})
            sources[f"{section}.write_url"] = sources[f"{section}.url"]
    return LoadedSettings(settings, sources, path)


def _distance(source: str) -> int:
    """The rank of a source; lower wins. `environment TENANTPILOT_X` and `file PATH` are recognised by their starts."""
    sources = (COMMAND_LINE, "environment ", "file ", DEFAULT)
    return next(place for place, each in enumerate(sources) if source.startswith(each))


def _refuse_what_takes_the_place_of_a_section(table: Mapping[str, Any], path: Path | None) -> None:
    # Checked before the model: an environment variable of that section would replace the value silently.
    for section, entries in table.items():
        if section in Settings.model_fields and not isinstance(entries, dict):
            raise SettingsError(_not_a_section(section, f"file {path}"))


def _refuse_commands_of_others(table: Mapping[str, Any], path: Path | None, config: Path | None) -> None:
    """The working directory may be anybody's repository: it names no program (docs/screens.md, "Own commands")."""
    own = user_config_path(APPLICATION, appauthor=False)
    if table.get("commands") and config is None and path is not None and path.parent != own:
        raise SettingsError(
            f"commands (file {path}): own commands are taken only from {own / FILE_NAME} or from a file named with"
            " --config; move them there"
        )


def _refuse_unknown_variables(environ: Mapping[str, str], known: tuple[str, ...]) -> None:
    variables = (*map(variable_name, known), CONFIG_VARIABLE)
    for name in environ:
        if name.startswith(VARIABLE_PREFIX) and name not in variables:
            raise SettingsError(_unknown("variable", name, "environment", variables))


def _refuse_passwords(overrides: Mapping[str, str]) -> None:
    for dotted, value in overrides.items():
        if is_secret(dotted) and has_password(value):
            raise SettingsError(
                f"{dotted} ({COMMAND_LINE}): every user of this machine can see a password there; "
                f"put the URL into {variable_name(dotted)} or {FILE_NAME}, or the password into ~/.pgpass"
            )


def _sections(overrides: Mapping[str, str]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for dotted, value in overrides.items():
        section, _, name = dotted.partition(".")
        sections.setdefault(section, {})[name] = value
    return sections


def _refusals(
    refused: ValidationError, table: Mapping[str, Any], origins: Mapping[str, str], file: str, known: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """For each unknown name, then for each wrong value: its key and a sentence about it."""
    errors = refused.errors(include_url=False, include_input=False)
    ordered = sorted(errors, key=lambda error: error["type"] != "extra_forbidden")
    return tuple(_refusal(error, table, origins, file, known) for error in ordered)


def _refusal(
    error: ErrorDetails, table: Mapping[str, Any], origins: Mapping[str, str], file: str, known: tuple[str, ...]
) -> tuple[str, str]:
    """The key and the sentence for one error. Sections and names chosen by the user can only come from the file."""
    place = [str(part) for part in error["loc"]]
    key = ".".join(place)
    match error["type"]:
        case "extra_forbidden":
            # For an unknown section we take its first setting: the full name gives a better nearest match.
            inner = table.get(key)
            key = f"{key}.{next(iter(inner))}" if inner and isinstance(inner, dict) else key
            return key, _unknown("setting", key, origins.get(key, file), known)
        case "model_type":
            return key, _not_a_section(key, file)
        case "missing":
            key, reason = ".".join(place[:-1]), f"has no {place[-1]}; write it there"
        case kind:
            cause = error.get("ctx", {}).get("error")
            reason = _PLAIN_REASONS.get(kind, error["msg"]) if cause is None else str(cause)
    if place[-1] == "[key]":
        key, reason = ".".join(place[:-1]), f"its name {reason}"
    return key, f"{key} ({origins.get(key, file)}): {reason}"


def _not_a_section(dotted: str, origin: str) -> str:
    return f"{dotted} ({origin}): must be a section, written [{dotted}]"


def _unknown(kind: str, name: str, origin: str, known: tuple[str, ...]) -> str:
    # We cut a long name, so that the nearest one stays visible.
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return f"unknown {kind} {shown} ({origin}); the nearest known one is {nearest(name, known)}"
