"""One finding: its trouble, the tenants or things it is about, and its figures. The words are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Trouble(StrEnum):
    """The doctor's possible findings, in the order of the page: those that make every verdict doubtful come first."""

    CLOCK_DIFFERS = "clock_differs"
    STANDBY_BEHIND = "standby_behind"
    ROLE_COULD_WRITE = "role_could_write"
    FILE_OPEN_TO_OTHERS = "file_open_to_others"
    PASSWORD_IN_SETTINGS = "password_in_settings"  # noqa: S105 - the name of a trouble
    NO_STATISTICS = "no_statistics"
    NO_TENANT = "no_tenant"
    SOURCE_NOT_SYNCED = "source_not_synced"
    SOURCE_FINDS_NOTHING = "source_finds_nothing"
    SOURCES_CONTRADICT = "sources_contradict"
    REFUSED_BY_LAST_SYNC = "refused_by_last_sync"
    ARCHIVED_BACKED_UP = "archived_backed_up"
    EQUAL_CONTENT = "equal_content"
    SILENT_SOURCE = "silent_source"
    WINDOW_TOO_SHORT = "window_too_short"
    RARER_THAN_WINDOW = "rarer_than_window"
    WINDOW_TOO_LONG = "window_too_long"
    NO_SCHEDULE = "no_schedule"
    SCHEDULE_WITHOUT_SOURCE = "schedule_without_source"
    HISTORY_TOO_SHORT = "history_too_short"
    KNOWN_EXPIRED = "known_expired"
    KNOWN_OF_NOBODY = "known_of_nobody"
    GROUP_WITHOUT_TENANT = "group_without_tenant"


NO_FIGURES: Final[Mapping[str, int]] = MappingProxyType({})


class Finding(NamedTuple):
    """`names` are external ids of tenants, or what docs/doctor.md says for this trouble. `figures` are whole numbers;
    one whose name ends in `_seconds` is a duration. `groups` are names that belong together.
    """

    trouble: Trouble
    names: tuple[str, ...] = ()
    figures: Mapping[str, int] = NO_FIGURES
    groups: tuple[tuple[str, ...], ...] = ()
