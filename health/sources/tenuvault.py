"""TenuVault: `<root>/backup-YYYY-MM-DD-HHMMSS/<Category>/<policy name>.json`, one folder a run.

Most editions do not say which categories the run was to take, and call a run of a few of them a success. So a run that
lacks a type of the last completed run is partial, as with IntuneCD: a chosen part is not the whole tenant
(docs/facts.md, "backup_sets").

A root keeps its runs for months, so most runs are already stored when it is imported again. We skip such a run only if
three things hold: its records, read again, say the same; it has as many files as there are stored items; and by the
file system's change time, no file or folder of it changed since the set was stored. This looks at each file but reads
none. A program that rewrites, replaces or renames a file or a folder cannot set that time back. Some network file
systems do not keep it: there, copy the root or touch its files, and they are read again
(docs/import-folders.md, "TenuVault").
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from health.facts import BASIS_STATUSES
from health.instants import LATEST
from health.sources.another_tool import seems_to_be
from health.sources.backup_tree import SYMBOLIC_LINK, joined, read_tree
from health.sources.captured import CapturedSet, RefusedInput, StoredSet
from health.sources.declaration import Asked, Option, Source
from health.sources.door import is_made_of
from health.sources.folder_clock import FolderState, require_same_state, with_a_doubt
from health.sources.one_backup import FLAT, folder_of_the_backup, several_backups
from health.sources.policy_items import policy_item
from health.sources.policy_sets import NO_POLICY, GatheredItems, PolicyFolders
from health.sources.run_files import RunOfFolder
from health.sources.tenuvault_record import RECORDS, RUN_FOLDER, SOURCE, RunRecord, read_record, unread_run

_LAYOUT: Final = PolicyFolders(RECORDS.names)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(milliseconds=20)
"""How far a file system's times may be behind the clock: kernels take them from one with 100 ticks a second."""


class Run(NamedTuple):
    """One run: its folder, its set without items, and the latest instant at which it can write a file.

    `recorded` is the run of `record` that made it; None in an import of a root. `will_count`: it is the newest run that
    says that it kept a backup. If it is not one it is refused, and an older one is `failed`.
    """

    path: Path
    frame: CapturedSet
    latest: datetime
    recorded: RunOfFolder | None = None
    will_count: bool = False

    @property
    def source_ref(self) -> str:
        """The name of the run's folder."""
        return self.frame.source_ref

    def is_stored(self, stored: StoredSet | None, *, with_payload: bool, now: datetime) -> bool:
        """Whether reading the run again would change nothing. `stored` is the run in the store, `now` is UTC."""
        if stored is None or not is_made_of(stored.frame, self.frame) or stored.holds_json is not with_payload:
            return False
        if stored.created_at > now:
            return False  # written with a wrong clock, or with --now
        stored_ns = (stored.created_at - _TICK - _EPOCH) // timedelta(microseconds=1) * 1000
        try:
            files = list(read_tree(self.path, _LAYOUT, contents=False, follow_root=False))
        except RefusedInput:
            return False
        unchanged = all(file.changed_ns is not None and file.changed_ns < stored_ns for file in files)
        return unchanged and len(files) == stored.items

    def read(self, *, with_payload: bool = True) -> CapturedSet:
        """The run's set with all its items. If the run can no longer be read, the set is failed and says why.

        Raises RefusedInput if it changes while it is read, and if it will count and is not one backup.
        """
        gathered = GatheredItems(with_payload)
        before = self._state()
        not_written = 0
        places: list[str] = []
        try:
            for file in read_tree(self.path, _LAYOUT, follow_root=False):
                if not file.is_folder:
                    places.append(joined(file.folder, file.name))
                if self.recorded is not None and not self.recorded.wrote(file):
                    not_written += 1
                    continue
                gathered.add(policy_item(with_a_doubt(file, self.latest), _never_an_orphan))
        except RefusedInput as problem:
            return self.frame._replace(status="failed", error=self.frame.error or str(problem))
        require_same_state(self.path, before, self._state())
        frame = self._without(not_written, len(gathered.items))
        if frame.status not in BASIS_STATUSES:
            return gathered.as_set(frame)
        why_not = _not_one_backup(places)
        if why_not is None and gathered.items and not gathered.shows_a_backup:
            why_not = f"{NO_POLICY}, so it is not a backup"
        if why_not is not None and self.will_count:
            raise RefusedInput(f"{self.path}: {why_not}; move away what the tool did not write there.")
        return gathered.as_set(frame if why_not is None else frame._replace(status="failed", error=why_not))

    def _without(self, not_written: int, written: int) -> CapturedSet:
        """The frame. Its count includes the files that the recorded run did not write.

        Raises RefusedInput if it wrote none.
        """
        if not not_written:
            return self.frame
        if not written:
            raise RefusedInput(f"{self.path}: none of its {not_written} files was written by this run.")
        return self.frame._replace(item_count=max(self.frame.item_count or 0, not_written + written))

    def _state(self) -> FolderState:
        return FolderState.of(self.path, _LAYOUT, RECORDS, follow_root=False)


def find_runs(asked: Asked) -> list[Run]:
    """All runs under a root, in the order of their completion, each with its own record. No item is read yet.

    The option `timezone` is that of the machine that ran the tool. Raises RefusedInput if the root has no run, or if
    its runs name more than one tenant: one tenant's backup must never count for another. For `record`, this is the one
    run that the command made. Raises RefusedInput if it made none or several.
    """
    root, zone = asked.path, asked.options["timezone"]
    folders = _run_folders(root)
    if not folders:
        raise RefusedInput(
            f"{root}: no run in it, so there is no backup to import; name the folder that holds the folders"
            f" 'backup-YYYY-MM-DD-HHMMSS'{seems_to_be(root, SOURCE)}."
        )
    records = {folder: _record_of(root / folder, asked.external_id, zone) for folder in folders}
    if len(tenant_ids := sorted({record.tenant_id for record in records.values() if record.tenant_id})) > 1:
        raise RefusedInput(
            f"{root}: its runs are of {len(tenant_ids)} tenants ({', '.join(tenant_ids)}); put each tenant's runs into"
            " a folder of their own."
        )
    if asked.run is not None:
        return [_recorded(asked, asked.run, records)]
    runs = [Run(root / folder, record.frame, asked.latest) for folder, record in records.items()]
    # The names are local times. When clocks go back, names are not in the order of the runs.
    runs.sort(key=lambda run: run.frame.completed_at or LATEST)
    kept = [number for number, run in enumerate(runs) if run.frame.status in BASIS_STATUSES]
    for newest in kept[-1:]:
        runs[newest] = runs[newest]._replace(will_count=True)
    return runs


def _recorded(asked: Asked, run: RunOfFolder, records: dict[str, RunRecord]) -> Run:
    """The run whose folder was not there before the command began (docs/record.md, "TenuVault")."""
    made = [folder for folder in records if folder not in run.stood_before.folders]
    if not made:
        raise RefusedInput(
            f"{asked.path}: no folder in it was made by this run (there before: {len(records):,}), so there is no"
            " backup of it."
        )
    if len(made) > 1:
        raise RefusedInput(
            f"{asked.path}: {len(made)} runs in it are new ({', '.join(made)}), so we cannot tell which is this one;"
            " let nothing else write to this folder during the run."
        )
    (folder,) = made
    frame = records[folder].frame
    if frame.status in BASIS_STATUSES:
        _require_ended_within(asked, run, frame)
        # As for every recorded run, this is the end of the command, by our own clock.
        frame = frame._replace(completed_at=asked.completed_at)
    else:
        frame = frame._replace(completed_at=None, error=frame.error or f"the run calls itself {frame.status}")
    return Run(asked.path / folder, frame, asked.latest, run, will_count=True)


def _require_ended_within(asked: Asked, run: RunOfFolder, frame: CapturedSet) -> None:
    """Raise RefusedInput if a run says that it ended at another time: a command may copy in an older run."""
    zone = asked.options["timezone"]
    assert frame.completed_at is not None
    shown = frame.completed_at.astimezone(zone)
    # In the hour that clocks show twice, the run may mean either.
    if not any(run.since <= shown.replace(fold=fold).astimezone(UTC) <= asked.latest for fold in (0, 1)):
        raise RefusedInput(
            f"{asked.path / frame.name}: it says that it ended at {shown:%F %T}, which in {zone.key} is not within this"
            " run; name the time zone of the machine that the tool runs on with --timezone."
        )


def _not_one_backup(places: list[str]) -> str | None:
    """A clause that says why the files of a run are not one backup: the tool writes every category into its folder."""
    if (several := several_backups(places, FLAT)) is not None:
        return f"it holds several backups, {' and '.join(several)} among them, and not one"
    folders = {folder for place in places for folder in place.split("/")[:-1]}
    if (run := next((folder for folder in sorted(folders) if RUN_FOLDER.fullmatch(folder)), None)) is not None:
        return f"it holds the run {run} too"
    if (above := folder_of_the_backup(places, FLAT)) is not None:
        return f"its categories are in its folder {above!r}, where the tool writes none"
    return None


def _run_folders(root: Path) -> list[str]:
    try:
        with os.scandir(root) as listing:
            return sorted(
                entry.name
                for entry in listing
                if RUN_FOLDER.fullmatch(entry.name) and (entry.is_symlink() or entry.is_dir(follow_symlinks=False))
            )
    except OSError as error:
        raise RefusedInput(f"{root}: this folder cannot be read: {error.strerror}.") from None


def _record_of(path: Path, external_id: str, zone: ZoneInfo) -> RunRecord:
    if path.is_symlink():
        return unread_run(path.name, external_id=external_id, zone=zone, error=SYMBOLIC_LINK)
    try:
        files = list(read_tree(path, RECORDS, follow_root=False))
    except RefusedInput as problem:
        return unread_run(path.name, external_id=external_id, zone=zone, error=str(problem))
    return read_record(path.name, files, external_id=external_id, zone=zone, keeps_items=lambda: _keeps_items(path))


def _keeps_items(path: Path) -> bool:
    try:
        return any(not file.is_folder for file in read_tree(path, _LAYOUT, contents=False, follow_root=False))
    except RefusedInput:
        return False


def _never_an_orphan(_target: dict[str, object]) -> bool:
    """TenuVault keeps the ids of groups, but no list of existing groups, so we never know that one is an orphan."""
    return False


DECLARED: Final = Source(
    name=SOURCE,
    help="""\
    Import every run of TenuVault under ROOT, by its folder. A run that is stored and did not change is skipped.

    TenuVault writes local times without a time zone: ZONE is that of the machine it ran on. A run without any file of a
    type that the last completed run has is partial, because it may cover only a part of the tenant.
    """,
    place="ROOT",
    place_help="The folder that holds the folders of the runs.",
    options=(Option("timezone", "timezone", "Where the tool ran: Europe/Berlin.", metavar="ZONE", required=True),),
    runs=find_runs,
)
