"""The doctor's findings in words: what was found, and the sentence that mends it (docs/doctor.md).

Names in them come from outside: pass a line through `safe_text` to show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from health.doctor.finding import Finding, Trouble
from health.instants import NOT_SAID
from tui.words.durations import format_duration, format_span
from tui.words.wording import clocks_in_words, counted


class Said(NamedTuple):
    """A finding in words: what was found and what mends it, each of whole sentences."""

    found: str
    mend: str


def said_of(finding: Finding) -> Said:
    """The sentences about a finding."""
    values = dict(_values(finding))
    found, mend = _SAID[finding.trouble]
    return Said(found.format_map(values), mend.format_map(values))


def named(finding: Finding, most: int) -> str:
    """Up to this many of its names on one line, and how many more there are; empty without names."""
    groups = [" = ".join(group) for group in finding.groups] or list(finding.names)
    shown = ", ".join(groups[:most])
    return shown if len(groups) <= most else f"{shown} and {len(groups) - most:,} more"


def _values(finding: Finding) -> Iterator[tuple[str, str]]:
    """The parts of a sentence: numbers of names with their noun, figures, verbs in the right number."""
    names = finding.names
    yield "names", " and ".join(names)
    yield "tenants_affected", f"{len(names):,}"
    yield "only", f" {names[0]}" if len(names) == 1 else ""
    for noun in ("tenant", "source", "group"):
        yield f"{noun}s", counted(len(names), noun)
    for one, many in (("is", "are"), ("has", "have"), ("does", "do"), ("stands", "stand")):
        yield many, one if len(names) == 1 else many
    for figure, value in finding.figures.items():
        if not figure.endswith("_seconds"):
            yield figure, f"{value:,}"
            continue
        span, name = timedelta(seconds=value), figure.removesuffix("_seconds")
        yield name, format_span(span)
        if value >= 0:
            yield f"{name}_as_setting", format_duration(span)
        if name == "ahead":
            clause = clocks_in_words(span)
            yield "clocks", clause[:1].upper() + clause[1:]
        if name == "behind":
            yield "how_far", "does not say how old they are" if span >= NOT_SAID else f"is {format_span(span)} behind"
    if finding.trouble is Trouble.NO_SCHEDULE:
        disabled = finding.figures["with_a_disabled_one"]
        yield "disabled", f" ({disabled:,} with a disabled one)" if disabled else ""


_SAID: Final[Mapping[Trouble, tuple[str, str]]] = MappingProxyType(
    {
        Trouble.CLOCK_DIFFERS: (
            "{clocks}: every age is wrong by that.",
            "Set the clock that is wrong, and have both machines keep time by NTP.",
        ),
        Trouble.STANDBY_BEHIND: (
            "The facts come from a standby that {how_far}: nothing is confirmed.",
            "Find out why replay lags, or name the primary in database.url.",
        ),
        Trouble.ROLE_COULD_WRITE: (
            "The role that facts are read with may change them: only TenantPilot's own session keeps it from that.",
            "Name a role with SELECT alone in database.url, and the writer in database.write_url.",
        ),
        Trouble.FILE_OPEN_TO_OTHERS: (
            "Every user of this machine can read the database's file, and captured JSON may hold secrets.",
            "Run chmod o-rwx on the file.",
        ),
        Trouble.PASSWORD_IN_SETTINGS: (
            "The settings file holds a password: {names}.",
            "Move it into ~/.pgpass or into the environment; change it if the file was shared.",
        ),
        Trouble.NO_STATISTICS: (
            "The database has no statistics of {names}: it may choose a plan that reads far too much.",
            "Run 'tenantpilot db analyze'.",
        ),
        Trouble.NO_TENANT: (
            "There is no tenant: nothing is judged.",
            "Run 'tenantpilot init FOLDER --write' and 'tenantpilot sync'.",
        ),
        Trouble.SOURCE_NOT_SYNCED: (
            "Of {sources} in the settings {missing_tenants} of {tenants_of_these_sources} tenants are not in the"
            " fleet.",
            "Run 'tenantpilot sync{only}', and put it into the crontab.",
        ),
        Trouble.SOURCE_FINDS_NOTHING: (
            "{sources} in the settings {stand} for no folder.",
            "Correct the path, or mount what it names; 'tenantpilot config --check' has the line.",
        ),
        Trouble.SOURCES_CONTRADICT: (
            "{tenants} {are} refused before any backup is read: two sources, one folder for two, or a symbolic link.",
            "Run 'tenantpilot config --check': it says what contradicts, and where.",
        ),
        Trouble.REFUSED_BY_LAST_SYNC: (
            "The last sync on this machine refused {tenants}.",
            "Run 'tenantpilot sync --only-failed': it says why.",
        ),
        Trouble.ARCHIVED_BACKED_UP: (
            "{tenants} {are} archived and still backed up: an archived tenant is not judged.",
            "Run 'tenantpilot tenant archive --undo' for one that is in use; else stop its backups.",
        ),
        Trouble.EQUAL_CONTENT: (
            "The latest backups of {tenants} have the content of another tenant's: one may be the other's backup.",
            "Look at the path that each is imported from. Correct the wrong one, and import again.",
        ),
        Trouble.SILENT_SOURCE: (
            "{tenants} {are} fresh by one source while another has stopped: the latest backup hides that.",
            "Press b on the tenant to see its sets. Mend the source that stopped, or retire it.",
        ),
        Trouble.WINDOW_TOO_SHORT: (
            "Of {tenants_with_an_interval} tenants whose interval is known {tenants_affected} are backed up no more"
            " often than the window of {window_as_setting}: they go stale before the next backup is there.",
            'Write freshness_window = "{suggested_window_as_setting}" under [backup_health].',
        ),
        Trouble.RARER_THAN_WINDOW: (
            "{tenants} cannot stay fresh: up to {longest_interval} between backups, for a window of"
            " {window_as_setting}.",
            "Let them run more often: there is one window for all tenants.",
        ),
        Trouble.WINDOW_TOO_LONG: (
            "The window of {window_as_setting} is at least three times as long as most intervals, and {tenants} {have}"
            " no schedule: two missed runs are not seen.",
            "Write a freshness_window of one interval and the length of a run, or give them schedules.",
        ),
        Trouble.NO_SCHEDULE: (
            "{tenants_affected} of {tenants_of_the_fleet} tenants have no enabled schedule{disabled}: a run that does"
            " not happen is seen only when the backup is stale.",
            "Write cron under the source in the settings, or have 'tenantpilot record' run the backup.",
        ),
        Trouble.SCHEDULE_WITHOUT_SOURCE: (
            "Schedules of {sources} that the settings no longer have ({schedules}) will be overdue.",
            "Run 'tenantpilot sync --prune-schedules', or write the source again.",
        ),
        Trouble.HISTORY_TOO_SHORT: (
            "Coverage looks back {days} days, and the sets kept of {tenants} begin later: the time before is unknown.",
            "Keep more than {days} days when you prune: 'tenantpilot prune --keep-days 90'.",
        ),
        Trouble.KNOWN_EXPIRED: (
            "The time of known entries of {tenants} is up.",
            "Look at them again: write another until, or take them out of the file.",
        ),
        Trouble.KNOWN_OF_NOBODY: (
            "Known entries name {tenants} that {do} not exist.",
            "Correct the external id, or take the entry out of the file.",
        ),
        Trouble.GROUP_WITHOUT_TENANT: (
            "{groups} of the settings {have} no tenant in the fleet.",
            "Correct the patterns: they are compared with external ids.",
        ),
    }
)
"""For each trouble: what was found, and what mends it."""
