"""The entries of `[sources.NAME]`: one for each tenant, with the folder of its backups (docs/sync.md)."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from health.slots import CannotPlan, slots_of, zone_named
from health.sources.declaration import Option, Source
from health.sources.listed import source_named
from health.sources.storable import storable_name
from tui.settings.sources import FOLDER, SourceSettings
from tui.words.durations import parse_duration
from tui.words.failures import SettingsError
from tui.words.nearest import nearest

if TYPE_CHECKING:
    from tui.settings import LoadedSettings

_ANY: Final = "*"
NOT_TENANTS: Final = frozenset({"lost+found"})
"""Folders that the file system itself makes."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class WrongSource(NamedTuple):
    """A problem of a source: `key` is where (`sources.contoso.path`), `why` is a clause without a full stop."""

    key: str
    why: str


class Entry(NamedTuple):
    """One tenant's backups. `refusal` is a sentence if they cannot be imported, whatever their content."""

    source: str
    settings: SourceSettings
    declared: Source
    options: Mapping[str, Any]
    tenant: str
    name: str
    path: Path
    refusal: str | None = None

    @property
    def schedule(self) -> str | None:
        """The name of the schedule that is kept for it."""
        return None if self.settings.cron is None else self.source


class Sources(NamedTuple):
    """The entries of every source, in the order of the settings, and why each source without entries has none."""

    entries: tuple[Entry, ...]
    empty: Mapping[str, str]


def found_sources(loaded: LoadedSettings) -> Sources:
    """The entries of all sources; this lists their folders. Raises SettingsError for a wrong source."""
    require_sources(loaded)
    entries: list[Entry] = []
    empty: dict[str, str] = {}
    base = loaded.file.parent if loaded.file is not None else Path.cwd()
    for name, settings in loaded.settings.sources.items():
        found = _found(name, settings, base)
        if isinstance(found, str):
            empty[name] = f"{found} ({loaded.origin_of(f'sources.{name}.path')})"
        else:
            entries += found
    return Sources(tuple(_refusing_contradictions(entries, loaded)), empty)


def an_entry(source: str, settings: SourceSettings, tenant: str, refusal: str) -> Entry:
    """A refused entry for a tenant whose folder is gone."""
    return Entry(source, settings, source_named(settings.kind), {}, tenant, tenant, Path(settings.path), refusal)


def require_sources(loaded: LoadedSettings) -> None:
    """Raise SettingsError for the first source with wrong settings. It does not look into any folder."""
    for wrong in wrong_sources(loaded):
        raise SettingsError(f"{wrong.key} ({loaded.origin_of(wrong.key)}): {wrong.why}")


def wrong_sources(loaded: LoadedSettings) -> Iterator[WrongSource]:
    """All problems in the settings of the sources. It does not look into any folder."""
    for name, settings in loaded.settings.sources.items():
        yield from _wrong(f"sources.{name}", settings, source_named(settings.kind))


def _wrong(key: str, settings: SourceSettings, declared: Source) -> Iterator[WrongSource]:
    own = {option.name: option for option in (*declared.options, *declared.history_options)}
    given = settings.model_extra or {}
    known = (*SourceSettings.model_fields, *own)
    for each in given:
        if each not in own:
            why = f"unknown setting for the source {settings.kind}; the nearest known one is {nearest(each, known)}"
            yield WrongSource(f"{key}.{each}", why)
    yield from _wrong_instant(key, settings, declared)
    for option in declared.history_options:
        if option.name in given and not settings.git:
            yield WrongSource(f"{key}.{option.name}", "is about a repository's history: add git = true")
    for option in own.values():
        try:
            value = _option(option, settings)
        except ValueError as problem:
            yield WrongSource(f"{key}.{option.name}", str(problem))
            continue
        if option.required and value is None:
            yield WrongSource(key, f"has no {option.name}; add it: {option.help}")
    try:
        slots_of(settings.cron, settings.timezone or "UTC")
    except CannotPlan as problem:
        yield WrongSource(f"{key}.{'timezone' if settings.cron is None else 'cron'}", str(problem))
    yield from _wrong_pattern(key, settings)


def _wrong_instant(key: str, settings: SourceSettings, declared: Source) -> Iterator[WrongSource]:
    if settings.git and declared.history is None:
        yield WrongSource(f"{key}.git", f"the source {settings.kind} reads no repository's history; leave it out")
    elif settings.git and settings.completed_at is not None:
        yield WrongSource(f"{key}.completed_at", "a commit has its own instant; write either this or git = true")
    elif not settings.git and declared.folder is not None and settings.completed_at is None:
        history = " or git = true" if declared.history is not None else ""
        yield WrongSource(
            key, f'has no completed_at; a folder does not say it: write an instant, "newest-file"{history}'
        )
    elif settings.completed_at is not None and declared.folder is None:
        yield WrongSource(
            f"{key}.completed_at", f"the backups of {settings.kind} have their own instants; leave it out"
        )


def _wrong_pattern(key: str, settings: SourceSettings) -> Iterator[WrongSource]:
    parts = Path(settings.path).parts
    if _ANY in settings.path and ([part for part in parts if _ANY in part] != [_ANY]):
        yield WrongSource(f"{key}.path", "only one part of it may be *, and nothing else: it stands for one folder")
    elif _ANY in settings.path and FOLDER not in settings.tenant:
        yield WrongSource(f"{key}.tenant", f"must have {FOLDER} in it, because path has a *: each folder is one tenant")
    elif _ANY not in settings.path and FOLDER in settings.tenant + (settings.name or ""):
        yield WrongSource(f"{key}.tenant", f"{FOLDER} stands for the * in path, but path has no *")


def _option(option: Option, settings: SourceSettings) -> Any:
    """The value of a source's own option, in its declared type; None if not given. Raises ValueError."""
    if option.name == "timezone":
        value: Any = settings.timezone
    else:
        value = (settings.model_extra or {}).get(option.name)
    if option.kind == "flag":
        if value is not None and not isinstance(value, bool):
            raise ValueError("must be true or false")
        return bool(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be text in quotes")
    match option.kind:
        case "timezone":
            zone = zone_named(value)
            if zone is None:
                raise ValueError("is not an IANA time zone: write it as Europe/Berlin or UTC")
            return zone
        case "duration":
            return parse_duration(value)
        case "pattern":
            try:
                return re.compile(value)
            except (re.error, RecursionError, OverflowError) as error:
                raise ValueError(f"is not a regular expression: {error}") from None
    return value


def _found(name: str, settings: SourceSettings, base: Path) -> list[Entry] | str:
    """The entries of a source, or a sentence that says why there are none."""
    declared = source_named(settings.kind)
    options = {each.name: _option(each, settings) for each in (*declared.options, *declared.history_options)}
    entry = partial(Entry, name, settings, declared, options)
    whole = base / settings.path
    if _ANY not in settings.path:
        return [entry(settings.tenant, settings.name or settings.tenant, whole)]
    place = whole.parts.index(_ANY)
    above, below = Path(*whole.parts[:place]), whole.parts[place + 1 :]
    try:
        with os.scandir(above) as listing:
            folders = sorted((each.name, each.is_symlink()) for each in listing if _is_a_tenants(each))
    except OSError as error:
        return f"{above}: this folder cannot be read: {error.strerror}."
    if not folders:
        return f"{whole}: there is no folder for *."
    return [
        entry(tenant, named, above / folder / Path(*below), _refusal(above / folder, tenant, is_link))
        for folder, is_link in folders
        for tenant in [storable_name(settings.tenant.replace(FOLDER, folder))]
        for named in [storable_name((settings.name or settings.tenant).replace(FOLDER, folder))]
    ]


def _is_a_tenants(each: os.DirEntry[str]) -> bool:
    """Whether a `*` stands for this folder; as in a shell, not if its name begins with a dot."""
    return not each.name.startswith(".") and each.name not in NOT_TENANTS and each.is_dir()


def _refusal(path: Path, tenant: str, is_link: bool) -> str | None:
    if is_link:
        return f"{path}: it is a symbolic link, and may lead to another tenant's backups; write its target as a source."
    if any(unicodedata.category(character) in _INVISIBLE for character in path.name):
        return f"{path}: its name has characters that are invisible or not text; rename it (its tenant is {tenant!r})."
    return None


def _refusing_contradictions(entries: list[Entry], loaded: LoadedSettings) -> Iterator[Entry]:
    """The entries; those that share a tenant or a folder are refused, because we cannot know which is right."""
    of_tenant, of_folder = defaultdict[str, list[Entry]](list), defaultdict[str, list[Entry]](list)
    for entry in entries:
        of_tenant[entry.tenant].append(entry)
        if entry.refusal is None:
            of_folder[os.path.realpath(entry.path)].append(entry)
    for entry in entries:
        twice, shared = of_tenant[entry.tenant], of_folder[os.path.realpath(entry.path)]
        refusal = entry.refusal
        if len(twice) > 1:
            refusal = f"two sources are of this tenant: {_places(twice, loaded)}; remove one of them."
        elif len(shared) > 1:
            tenants = " and ".join(f"{each.tenant!r} ({_where(each, loaded)})" for each in shared)
            refusal = f"{entry.path}: this folder is named for two tenants, {tenants}; correct one of them."
        yield entry._replace(refusal=refusal)


def _places(entries: Iterable[Entry], loaded: LoadedSettings) -> str:
    return " and ".join(f"{entry.path} ({_where(entry, loaded)})" for entry in entries)


def _where(entry: Entry, loaded: LoadedSettings) -> str:
    line = loaded.line_of(f"sources.{entry.source}")
    return f"[sources.{entry.source}]" + ("" if line is None else f", line {line}")
