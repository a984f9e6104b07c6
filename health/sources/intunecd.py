"""IntuneCD: `<root>/<Type>/<name>_<odata type>.json`, or YAML, in a folder or in a git repository (`formats.md`).

What one file is worth as an item, and what all of a run's files are worth as a set. `intunecd_git.py` reads the same
tree out of commits. The tool leaves no manifest: it declares no number of items and says nothing of what failed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from health.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.backup_tree import BackupFile, read_tree, visible_name
from health.sources.documents import UnreadableFile, is_document, read_document, stem_of
from health.sources.storable import ALTERED, NotJson, json_text, storable_name

SOURCE: Final = "intunecd"

MAX_SET_BYTES: Final = 512 * 1024 * 1024
"""How much captured JSON one set may hold, in bytes. It is written in one transaction, so it has to fit in memory."""

_NOT_TYPES: Final = frozenset({"Assignment Report", "Script Data", "mobileconfig", "__archive__", ".git"})
_PLATFORM_PREFIX: Final = re.compile(r"(?i:(android|aosp|ios|macos|win32|windows(?!phone)))(?=[A-Z0-9])")
_PLATFORMS: Final = {
    "android": "android",
    "aosp": "aosp",
    "ios": "iOS",
    "macos": "macOS",
    "win32": "windows10",
    "windows": "windows10",
}
"""How a type's name begins, and Graph's own word for the platform; it calls every Windows since 10 `windows10`."""

_APPENDED_ID: Final = re.compile(r"__[^_]+$")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_GROUP_TARGETS: Final = ("groupassignmenttarget", "exclusiongroupassignmenttarget")


class IntuneCDLayout:
    """Any folder is a type, whatever its name, but for the few that hold something else (`formats.md`)."""

    def enters(self, folder: str, name: str) -> bool:
        """Hidden folders at the root belong to the repository; deeper down, a policy's name may begin with a dot."""
        if name in _NOT_TYPES or name.endswith(".md"):
            return False
        return bool(folder) or not name.startswith(".")

    def takes(self, folder: str, name: str) -> bool:
        """A JSON or YAML file inside a type's folder. One at the root is a summary or the repository's own."""
        return bool(folder) and is_document(name)


LAYOUT: Final = IntuneCDLayout()

WrittenFile = tuple[str, str, int]
"""A file as it stands: its folder, its name, and when it was last written, in nanoseconds since 1970."""


def files_as_they_stand(path: Path) -> frozenset[WrittenFile]:
    """The files in a folder before a run, none where there is no folder yet: what is still so afterwards is not its work.

    It is the file system that dated both, so no difference between its clock and ours matters.
    """
    try:
        files = list(read_tree(path, LAYOUT, contents=False))
    except RefusedInput:
        return frozenset()
    return frozenset((file.folder, file.name, file.written_ns) for file in files if file.written_ns is not None)


def read_folder(
    path: Path,
    *,
    external_id: str,
    completed_at: datetime,
    expected_types: Set[str] = frozenset(),
    accept_missing: Set[str] = frozenset(),
    with_payload: bool = True,
    written_since: datetime | None = None,
    stood_before: Set[WrittenFile] = frozenset(),
    progress: Callable[[int], None] | None = None,
) -> CapturedSet:
    """Read a folder as the one set that was complete at `completed_at`, which is also its source reference.

    `expected_types` are the types that have files in the tenant's last completed set of this source, `accept_missing`
    those that are gone for good. With `written_since`, a file that was last written before belongs to an earlier run:
    it is no item, but it is counted in `item_count`; so is one that is still as it is in `stood_before`. `progress` is
    told the number of files read so far.

    Raises RefusedInput if there is no such folder or no item of this run in it: nothing is no backup.
    """
    completed_at = completed_at.astimezone(UTC)
    since_ns = 0 if written_since is None else (written_since - _EPOCH) // timedelta(microseconds=1) * 1000
    gathered = GatheredItems(with_payload)
    found = written = 0
    for file in read_tree(path, LAYOUT):
        found += 1
        as_it_stood = (file.folder, file.name, file.written_ns) in stood_before
        if file.written_ns is None or (file.written_ns >= since_ns and not as_it_stood):
            gathered.add(item_of(file), is_folder=file.is_folder)
            written += file.written_ns is not None
        if progress is not None:
            progress(found)
    if not gathered.items or (written_since is not None and not written):
        raise RefusedInput(_no_items(path, found))
    frame = CapturedSet(
        external_id=external_id,
        name=visible_name(os.fsencode(path.resolve().name or path)),
        source=SOURCE,
        source_ref=completed_at.isoformat().replace("+00:00", "Z"),
        status="completed",
        items=(),
        item_count=None if written_since is None else found,
        completed_at=completed_at,
    )
    return gathered.as_set(frame, expected_types - accept_missing)


def _no_items(path: Path, found: int) -> str:
    if found:
        return f"{path}: none of its {found} files was written by this run, so there is no backup to import."
    return (
        f"{path}: no item in it, so there is no backup to import; name the folder that holds the types' folders, "
        "such as 'Settings Catalog'."
    )


class GatheredItems:
    """The items of one set as they come in: each under a name of its own, and all of a size that can be written."""

    def __init__(self, with_payload: bool) -> None:
        self.items: list[CapturedItem] = []
        self.types: set[str] = set()
        """The types that have files. A folder that could not be entered shows none."""
        self._with_payload = with_payload
        self._names: set[tuple[str, str]] = set()
        self._bytes = 0

    def add(self, item: CapturedItem, *, is_folder: bool) -> None:
        """Take an item in. `is_folder` says that it stands for a folder that could not be entered."""
        item = self._kept(self._named(item))
        self._names.add((item.policy_type, item.policy_identifier))
        self.items.append(item)
        if not is_folder:
            self.types.add(item.policy_type)

    def as_set(self, frame: CapturedSet, expected_types: Set[str]) -> CapturedSet:
        """The set: `partial` if an expected type has no files, because a module that fails just drops its own."""
        captured = frame._replace(items=tuple(self.items))
        missing = sorted(expected_types - self.types)
        if not missing:
            return captured
        error = f"no files now of types that the last completed set has: {', '.join(missing)}"
        return captured._replace(status="partial", error=error)

    def _named(self, item: CapturedItem) -> CapturedItem:
        """Two files can become one name where a name is not UTF-8, and where a git tree was made by hand."""
        name, copies = item.policy_identifier, 1
        while (item.policy_type, item.policy_identifier) in self._names:
            copies += 1
            item = item._replace(policy_identifier=f"{name} ({copies})")
        return item if copies == 1 else _warned(item, f"another file in this folder is also named {name}")

    def _kept(self, item: CapturedItem) -> CapturedItem:
        size = len(item.payload or "") + len(item.assignments or "")
        if self._with_payload and self._bytes + size <= MAX_SET_BYTES:
            self._bytes += size
            return item
        without = item._replace(payload=None, assignments=None)
        if not self._with_payload:
            return without
        return _warned(without, f"its JSON is not kept: the set would hold more than {MAX_SET_BYTES // 1024**2} MiB")


def item_of(file: BackupFile) -> CapturedItem:
    """The item that a file is, with its captured JSON. Identity is the folder and the file's name, `__<id>` and all."""
    item = CapturedItem(
        policy_type=storable_name(file.folder),
        policy_identifier=file.name,
        display_name=file.name if file.is_folder else stem_of(file.name),
        platform=_platform_in(_APPENDED_ID.sub("", stem_of(file.name))),
    )
    try:
        if file.content is None:
            raise UnreadableFile(file.problem or "the file has no content")
        document = read_document(file.content, file.name)
        payload = json_text(document)
    except (UnreadableFile, NotJson) as error:
        # What was captured is unknown, so the capture mode stays null: `unknown_quality`, besides the warning.
        return _warned(item, str(error))
    item = item._replace(payload=payload.text)
    if payload.altered:
        item = _warned(item, ALTERED)
    if not isinstance(document, dict | list) or not document:
        return _warned(item, "the file holds no policy")
    item = item._replace(capture_mode="full")
    return _described(item, document) if isinstance(document, dict) else item


def _warned(item: CapturedItem, warning: str) -> CapturedItem:
    warnings = (item.integrity_warning, warning)
    return item._replace(integrity_warning="; ".join(filter(None, warnings)))


def _described(item: CapturedItem, policy: dict[str, object]) -> CapturedItem:
    """The item with everything that its policy, a JSON object, says about itself."""
    for key in ("displayName", "name"):
        name = policy.get(key)
        if isinstance(name, str) and name.strip():
            item = item._replace(display_name=storable_name(name))
            break
    item = item._replace(platform=_platform_of(policy) or item.platform)
    settings = _settings_of(policy)
    item = item._replace(capture_mode=settings.capture_mode)
    if settings.warning is not None:
        item = _warned(item, settings.warning)
    return _with_assignments(item, policy.get("assignments"))


def _platform_of(policy: dict[str, object]) -> str | None:
    for key in ("platforms", "platform"):
        word = policy.get(key)
        if isinstance(word, str) and word.strip() and word != "none":
            return storable_name(word)
    return _platform_in(str(policy.get("@odata.type")))


def _platform_in(name: str) -> str | None:
    """The platform that a type's name begins with, as in `#microsoft.graph.iosVppApp` or `Reader_iosVppApp`.

    A capital or a digit has to follow, so that a policy called "ios tips" says nothing.
    """
    found = _PLATFORM_PREFIX.match(re.split(r"[._]", name)[-1])
    return _PLATFORMS[found[1].lower()] if found else None


class _Settings(NamedTuple):
    capture_mode: str
    warning: str | None = None


def _settings_of(policy: dict[str, object]) -> _Settings:
    """Whether the settings that a policy counts are there; `settingCount` stands in Settings Catalog, if anywhere."""
    count, settings = policy.get("settingCount"), policy.get("settings")
    if count is None:
        return _Settings("full")
    if not isinstance(count, int) or isinstance(count, bool):
        return _Settings("full", "settingCount is not a whole number")
    if count > 0 and not settings:
        return _Settings("metadata_only")
    present = settings or []
    if not isinstance(present, list):
        return _Settings("full", "settings is not a list")
    return _Settings("full", None if len(present) == count else f"{len(present)} of {count} settings")


def _with_assignments(item: CapturedItem, assignments: object) -> CapturedItem:
    """Assignments are captured where they stand. Where they do not, nothing is known: the state stays null."""
    if assignments is None:
        return item
    if not isinstance(assignments, list):
        return _warned(item, "assignments is not a list")
    return item._replace(
        assignments_state="captured",
        orphaned_assignments=sum(map(_is_orphan, assignments)),
        assignments=json_text(assignments).text,
    )


def _is_orphan(assignment: object) -> bool:
    """Whether it targets a group without a name.

    IntuneCD asks for the name of every group that a target names, included or excluded, and leaves it away where the
    group no longer exists. A lost exclusion is the more dangerous: restored, the policy would reach whom it spared.
    """
    target = assignment.get("target") if isinstance(assignment, dict) else None
    if not isinstance(target, dict):
        return False
    kind = str(target.get("@odata.type")).rpartition(".")[2].lower()
    name = target.get("groupName")
    return kind in _GROUP_TARGETS and not (isinstance(name, str) and name.strip())


def types_of(files: Iterable[BackupFile]) -> frozenset[str]:
    """The types that have files: what the next set of the same source is expected to have too."""
    return frozenset(storable_name(file.folder) for file in files if not file.is_folder)
