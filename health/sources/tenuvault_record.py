"""What a run of TenuVault says about itself in `metadata.json` and `backup.log`, as a set without items.

All complaints of the run become the set's error. A run with complaints is never `completed`, because TenuVault reports
a success even if it skipped types for a missing permission. A run that names failed or skipped types is `partial`,
whatever it calls itself, if it says when it ended and kept a file. Otherwise it is not a backup, and we must not judge
it better than it judges itself. A run that calls itself failed or cancelled, and names no types, stays so
(docs/import-folders.md, "TenuVault").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from health.facts import BASIS_STATUSES
from health.sources.backup_tree import BackupFile, FilesAtRoot
from health.sources.captured import CapturedSet
from health.sources.documents import UnreadableFile, decoded, read_document
from health.sources.local_times import NoLocalTime, instants_of, run_times
from health.sources.storable import MAX_COUNT, is_storable_count, storable_text
from health.sources.whose import tenant_in

SOURCE: Final = "tenuvault"

MANIFEST: Final = "metadata.json"
LOG: Final = "backup.log"
RECORDS: Final = FilesAtRoot(frozenset({MANIFEST, LOG}))

RUN_FOLDER: Final = re.compile(r"backup-([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{2})([0-9]{2})([0-9]{2})")
"""The name of a run's folder: the local time of its start."""

_STATUSES: Final = {
    "Success": "completed",
    "CompletedWithWarnings": "partial",
    "Failed": "failed",
    "Cancelled": "cancelled",
}
_TOTAL: Final = "TotalPolicies"
"""The key of the total, which the desktop edition and the runbook write beside the counts."""

_LEFT_OUT: Final = (("Failures", "failures"), ("FailedTypes", "failed"), ("SkippedTypes", "skipped"))
_LOG_LINE: Final = re.compile(r"(FAILED|WARN)\s+(\S.*)")
_LONGEST_ERROR: Final = 2000
"""How many characters of complaints we keep: a run that failed as a whole repeats its complaint for each type."""


class RunRecord(NamedTuple):
    """A run's set without its items."""

    frame: CapturedSet

    @property
    def tenant_id(self) -> str | None:
        """The tenant's id in the directory, in lower case; None if the run does not name it."""
        return None if self.frame.source_tenant is None else self.frame.source_tenant.lower()


def unread_run(folder: str, *, external_id: str, zone: ZoneInfo, error: str) -> RunRecord:
    """The record of a run without a record, or with one that cannot be read. It failed; `error` says why.

    The folder's name says when the run began, which gives the run its place among the others.
    """
    frame = CapturedSet(
        external_id=external_id,
        name=folder,
        source=SOURCE,
        source_ref=folder,
        status="failed",
        items=(),
        error=_shortened(error),
        started_at=min(_folder_instants(folder, zone), default=None),
    )
    return RunRecord(frame)


def read_record(
    folder: str, files: Iterable[BackupFile], *, external_id: str, zone: ZoneInfo, keeps_items: Callable[[], bool]
) -> RunRecord:
    """The record of a folder's run, from its `RECORDS`. `zone` is the time zone of the machine that ran the tool.

    `keeps_items` says whether the folder has a file of an item. It is called only if the answer matters.
    """
    records = {file.name: file for file in files}
    if MANIFEST not in records:
        # A run writes its manifest last, so this run did not end.
        return unread_run(folder, external_id=external_id, zone=zone, error="no manifest")
    try:
        manifest = _manifest_in(records[MANIFEST])
    except UnreadableFile as problem:
        return unread_run(folder, external_id=external_id, zone=zone, error=f"{MANIFEST}: {problem}")
    complaints: list[str] = []
    times = _times_in(manifest, folder, zone, complaints)
    item_count = _item_count_in(manifest, complaints)
    complaints.extend(_left_out_in(manifest))
    complaints.extend(_log_complaints(records.get(LOG)))
    tenant = manifest.get("TenantId")
    if tenant is not None and not isinstance(tenant, str):
        complaints.append(f'{MANIFEST}: "TenantId" is not a text, so it is not known whose tenant it is')
    status = _status_in(manifest, complaints)
    if status in BASIS_STATUSES and times[1] is None:
        # Without a time of completion it cannot be a basis (docs/facts.md, "backup_sets").
        status = "failed"
        complaints.append("it does not say when it was complete")
    elif status == "completed" and complaints:
        status = "partial"
    elif status not in BASIS_STATUSES and times[1] is not None and _names_types(manifest) and keeps_items():
        if manifest.get("Status") in _STATUSES:
            complaints.insert(0, f"its status is {manifest['Status']}")
        status = "partial"
    frame = CapturedSet(
        external_id=external_id,
        name=folder,
        source=SOURCE,
        source_ref=folder,
        status=status,
        items=(),
        item_count=item_count,
        error=_shortened("; ".join(complaints)) if complaints else None,
        started_at=times[0],
        completed_at=times[1],
    )
    return RunRecord(frame._replace(source_tenant=tenant_in(tenant)))


def _manifest_in(file: BackupFile) -> dict[str, object]:
    manifest = read_document(_content_of(file), file.name)
    if not isinstance(manifest, dict):
        raise UnreadableFile("the file is not a JSON object")
    return manifest


def _content_of(file: BackupFile) -> bytes:
    if file.content is None:
        raise UnreadableFile(file.problem or "the file has no content")
    return file.content


def _times_in(
    manifest: dict[str, object], folder: str, zone: ZoneInfo, complaints: list[str]
) -> tuple[datetime | None, datetime | None]:
    found: dict[str, tuple[datetime, ...]] = {}
    for key in ("StartTime", "EndTime"):
        if key not in manifest:
            continue
        try:
            found[key] = instants_of(manifest[key], zone)
        except NoLocalTime as problem:
            complaints.append(f'{MANIFEST}: "{key}" {problem}')
    starts = found.get("StartTime") or _folder_instants(folder, zone)
    return run_times(starts, found.get("EndTime", ()), _duration_in(manifest))


def _folder_instants(folder: str, zone: ZoneInfo) -> tuple[datetime, ...]:
    found = RUN_FOLDER.fullmatch(folder)
    try:
        return instants_of("{} {}:{}:{}".format(*found.groups()), zone) if found else ()
    except NoLocalTime:
        return ()


def _duration_in(manifest: dict[str, object]) -> timedelta | None:
    seconds = manifest.get("DurationSeconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not math.isfinite(seconds):
        return None
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return None


def _item_count_in(manifest: dict[str, object], complaints: list[str]) -> int | None:
    """The number of items that the run declares: the sum of its counts, or its own total if that is greater."""
    counts = manifest.get("ItemCounts")
    if counts is None:
        return None
    if isinstance(counts, dict) and all(is_storable_count(count) for count in counts.values()):
        declared: int = max(sum(count for name, count in counts.items() if name != _TOTAL), counts.get(_TOTAL, 0))
        if declared <= MAX_COUNT:
            return declared
    complaints.append(f'{MANIFEST}: "ItemCounts" is not a count for each category')
    return None


def _left_out_in(manifest: dict[str, object]) -> Iterator[str]:
    """The types that the run failed to take, skipped, or excluded by choice: a chosen part is not the whole tenant."""
    for key, word in _LEFT_OUT:
        if manifest.get(key):
            yield f"{word}: {_listed(manifest[key])}"
    scope = manifest.get("Scope")
    if isinstance(scope, dict) and scope.get("Excluded"):
        yield f"excluded: {_listed(scope['Excluded'])}"


def _names_types(manifest: dict[str, object]) -> bool:
    """Whether the run names types that failed or were skipped. Then it is partial, whatever its status says."""
    return any(manifest.get(key) for key in ("FailedTypes", "SkippedTypes"))


def _log_complaints(log: BackupFile | None) -> Iterator[str]:
    """The problems, in the log's words: `FAILED <Category> <error>` and `WARN <Category> n saved, m incomplete`."""
    if log is None:
        return
    try:
        text = decoded(_content_of(log))
    except UnreadableFile as problem:
        yield f"{LOG}: {problem}"
        return
    for line in text.splitlines():
        if found := _LOG_LINE.fullmatch(line.strip()):
            yield f"{found[1]} {' '.join(found[2].split())}"


def _status_in(manifest: dict[str, object], complaints: list[str]) -> str:
    word = manifest.get("Status")
    if isinstance(word, str) and word in _STATUSES:
        return _STATUSES[word]
    complaints.insert(0, f"its status is {_shown(word)}, which does not say what was kept")
    return "failed"


def _listed(value: object) -> str:
    names = list(value) if isinstance(value, list | dict) else [value]
    return ", ".join(map(_shown, names))


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value.strip() else json.dumps(value)


def _shortened(error: str) -> str:
    text = storable_text(error)
    return text if len(text) <= _LONGEST_ERROR else f"{text[: _LONGEST_ERROR - 1]}…"
