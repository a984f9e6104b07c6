"""The resolver's answer to one screen: immutable, judged at one instant, read in one snapshot.

(docs/reading.md, "One snapshot")
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from health.causes import Cause
from health.changes import Changes, SoughtCopy
from health.coverage import Coverage
from health.covered_time import TenantCoverage
from health.facts import BASIS_STATUSES, BackupItem, BackupSchedule, BackupSet, UnreadableEvidence
from health.posture import TenantBackupHealth
from health.quality import BackupQualitySummary
from health.schedules import ScheduleAssessment

ATTEMPTS_SHOWN: Final = 8
"""The number of latest sets on a tenant's dashboard."""
SETS_PAGE: Final = 50
"""The number of sets on one page of a tenant's sets."""


class FleetAnswer(NamedTuple):
    """Every tenant's verdict in triage order, judged at `now` (UTC). If no verdict differs, it is the same tuple.

    The instant comes first, so that two answers differ without a comparison of all verdicts.
    """

    now: datetime
    verdicts: tuple[TenantBackupHealth, ...]


class Progress:
    """How far a read of the fleet has come, for another thread to look at while it is under way."""

    def __init__(self) -> None:
        self.read = 0
        """The tenants whose facts are there."""
        self.of = 0
        """How many there are; 0 while that is not known yet."""


class OwnTime(NamedTuple):
    """A database's own time, read with its facts; a file has none.

    (docs/reading.md, "How old the facts are")
    """

    clock: datetime | None = None
    """Its clock (UTC) while it was read."""
    behind: timedelta = timedelta(0)
    """The age of a standby's last replayed transaction, if it has received more than that or its replay is paused."""


class PartInVerdict(StrEnum):
    """The part of a set in its tenant's verdict."""

    BASIS = "basis"
    OLDER = "older"
    RUNNING = "still running"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    UNREADABLE = "unreadable"
    NO_VERDICT = "no verdict"
    """It is not known whether it is the basis, because its tenant's evidence cannot be read."""
    OTHER = "no basis"


class SetKey(NamedTuple):
    """The position of a set among its tenant's, newest first: when it happened, as stored, and its id."""

    happened_at: str
    set_id: int


class ListedSet(NamedTuple):
    """One set in a list. `backup_set` and `quality` are None if a value of the row cannot be read."""

    key: SetKey
    name: str
    status: str
    part: PartInVerdict
    backup_set: BackupSet | None
    quality: BackupQualitySummary | None
    unreadable: UnreadableEvidence | None


class DashboardAnswer(NamedTuple):
    """One tenant's verdict. As context: its latest sets, with any status, and its coverage.

    `reference_items` is how many items the basis's reference set has; None without one.
    """

    health: TenantBackupHealth
    attempts: tuple[ListedSet, ...]
    coverage: Coverage | None
    now: datetime
    reference_items: int | None = None


class BackupSetsAnswer(NamedTuple):
    """One page of a tenant's sets, newest first; `more` says that there are older ones."""

    health: TenantBackupHealth
    sets: tuple[ListedSet, ...]
    more: bool
    now: datetime


class BackupSetAnswer(NamedTuple):
    """One set with its items, degraded ones first, beside the tenant's verdict. `listed` is None: no such set.

    `copies` are, of the basis alone, the last good copies of what it has degraded or lacks.
    """

    health: TenantBackupHealth
    listed: ListedSet | None
    items: tuple[BackupItem, ...]
    now: datetime
    copies: tuple[SoughtCopy, ...] = ()


class JudgedSchedule(NamedTuple):
    """One schedule; a disabled one is not judged, one that cannot be read has `unreadable` and no schedule."""

    schedule: BackupSchedule | None
    assessment: ScheduleAssessment | None
    unreadable: UnreadableEvidence | None


class SchedulesAnswer(NamedTuple):
    """A tenant's schedules: those with conditions first, then the other enabled ones, disabled ones last.

    `longest_pause` is the longest time between two runs that the enabled ones plan together (None: not known).
    """

    health: TenantBackupHealth
    schedules: tuple[JudgedSchedule, ...]
    longest_pause: timedelta | None
    now: datetime


def schedule_id_of(judged: JudgedSchedule) -> int | None:
    """The id of a schedule, also of one that cannot be read."""
    if judged.schedule is not None:
        return judged.schedule.id
    return None if judged.unreadable is None else judged.unreadable.row


def follow_up_first(judged: JudgedSchedule) -> tuple[int, int]:
    """Sorts the schedules of an answer (docs/screens.md, "Schedules")."""
    if judged.schedule is None:
        return 0, 0
    if judged.assessment is None:
        return 3, judged.schedule.id
    return (1 if judged.assessment.conditions else 2), judged.schedule.id


class CapturedJson(NamedTuple):
    """The captured JSON of one item as text; None if nothing was captured or the item is gone."""

    assignments: str | None
    payload: str | None


class CapturedInSet(NamedTuple):
    """One item in a set, with its captured JSON; the item is None if the set does not have it."""

    item: BackupItem | None
    captured: CapturedJson


class RunsAnswer(NamedTuple):
    """One page of a schedule's runs, which are its sets, newest first; `more` says that there are older ones.

    `schedule` is None if the tenant has no schedule with this id, or it is deleted.
    """

    health: TenantBackupHealth
    schedule: JudgedSchedule | None
    runs: tuple[ListedSet, ...]
    more: bool
    now: datetime


class ComparedSet(NamedTuple):
    """A set that is compared, and how many items it has that are not deleted."""

    backup_set: BackupSet
    items: int


class ChangesAnswer(NamedTuple):
    """What changed from one set of a tenant to another. `before` is the reference set, or the one that was named.

    `changes` is None if there is nothing to compare (`after` is None without a basis, `before` without a reference
    set), or if `unreadable` says what cannot be read.
    """

    health: TenantBackupHealth
    before: ComparedSet | None
    after: ComparedSet | None
    changes: Changes | None
    now: datetime
    unreadable: UnreadableEvidence | None = None


class LastGoodAnswer(NamedTuple):
    """The last good copies of the items that a tenant's basis has degraded, or lacks against its reference set."""

    health: TenantBackupHealth
    reference: BackupSet | None
    items: tuple[SoughtCopy, ...]
    now: datetime


class CausesAnswer(NamedTuple):
    """Why the tenants of a fleet need attention, judged at `now` (UTC), most tenants first."""

    causes: tuple[Cause, ...]
    now: datetime

    def said(self) -> dict[int, str]:
        """By the ids of tenants: the cause, where a run said it."""
        return {
            tenant.health.tenant.id: cause.cause
            for cause in self.causes
            for tenant in cause.tenants
            if tenant.backup_set is not None
        }


class CoverageAnswer(NamedTuple):
    """How the tenants of a fleet, in triage order, were covered from `begin` until just before `end` (UTC)."""

    begin: datetime
    end: datetime
    tenants: tuple[TenantCoverage, ...]
    now: datetime


_PARTS: Final = {
    "running": PartInVerdict.RUNNING,
    "failed": PartInVerdict.FAILED,
    "cancelled": PartInVerdict.CANCELLED,
}


def part_in_verdict(set_id: int, status: str, deleted: bool, basis: BackupSet | None) -> PartInVerdict:
    """The part of a set in the verdict with this basis. Without a basis, a set that may be one has no verdict."""
    if basis is not None and set_id == basis.id:
        return PartInVerdict.BASIS
    if deleted:
        return PartInVerdict.DELETED
    if status in BASIS_STATUSES:
        return PartInVerdict.OLDER if basis is not None else PartInVerdict.NO_VERDICT
    return _PARTS.get(status, PartInVerdict.OTHER)
