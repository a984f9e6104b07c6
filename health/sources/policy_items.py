"""A policy file in Microsoft Graph's JSON becomes one item. The files of all Intune tools have this in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from health.digests import digest_of
from health.losses import FOLDER_NOT_READ
from health.sources.backup_tree import BackupFile
from health.sources.captured import CapturedItem
from health.sources.documents import UnreadableFile, read_document, stem_of
from health.sources.storable import NotJson, json_text, storable_name

IsOrphan = Callable[[dict[str, object]], bool]
"""Whether the group of an assignment's target no longer resolves. Each tool shows this in its own way."""

_PLATFORM_PREFIX: Final = re.compile(r"(?i:(android|aosp|ios|macos|win32|windows(?!phone)))(?=[A-Z0-9])")
_PLATFORMS: Final = {
    "android": "android",
    "aosp": "aosp",
    "ios": "iOS",
    "macos": "macOS",
    "win32": "windows10",
    "windows": "windows10",
}
"""The beginning of a type's name, and Graph's word for the platform. Graph calls every Windows since 10 `windows10`."""

_MARKS: Final = frozenset({"@odata.type", "id", "displayName", "name", "settings"})
"""The keys of Graph's policies: each policy has at least one, except a tenant's own settings."""

_PACKAGES: Final = frozenset({"package.json", "package-lock.json"})

_BESIDE_A_LIST: Final = frozenset({"@odata.context", "@odata.nextlink", "@odata.count"})

_GROUP_TARGETS: Final = ("groupassignmenttarget", "exclusiongroupassignmenttarget")
"""Included and excluded groups. A lost exclusion is more dangerous: after a restore, the policy would apply to the
group that it excluded."""


def policy_item(
    file: BackupFile, is_orphan: IsOrphan, *, platform: str | None = None, may_be_a_list: bool = False
) -> CapturedItem:
    """A file as an item, with its captured JSON. Its identity is the folder and the file's name.

    `platform` comes from the file's name, and counts if the policy itself names no platform. `may_be_a_list`: the tool
    may write only the settings, as a list. A file that cannot be read is also an item; its integrity warning says why.
    """
    item = _item(file, is_orphan, platform, may_be_a_list)
    return item if file.doubt is None else warned(item, file.doubt)


def _item(file: BackupFile, is_orphan: IsOrphan, platform: str | None, may_be_a_list: bool) -> CapturedItem:
    item = CapturedItem(
        policy_type=storable_name(file.folder),
        policy_identifier=file.name,
        display_name=file.name if file.is_folder else stem_of(file.name),
        platform=platform,
    )
    try:
        if file.content is None:
            problem = file.problem or "the file has no content"
            raise UnreadableFile(f"{FOLDER_NOT_READ}{problem}" if file.is_folder else problem)
        document = read_document(file.content, file.name)
        payload = json_text(document)
    except (UnreadableFile, NotJson) as error:
        # What was captured is unknown, so the capture mode stays null: `unknown_quality`, besides the warning.
        return warned(item, str(error))
    item = item._replace(payload=payload.text, payload_digest=digest_of(payload.text))
    for doubt in payload.doubts:
        item = warned(item, doubt)
    if may_be_a_list and document and isinstance(document, list):
        if (answer := error_among(document)) is not None:
            return warned(item, f"the file holds {answer} and no policy")
        return item._replace(capture_mode="full")
    if not isinstance(document, dict):
        return warned(item, "the file holds no policy: its top level is not an object")
    if not document:
        return warned(item, "the file holds no policy")
    if (answer := answer_of_graph(document)) is not None:
        return _and_continued(warned(item, f"the file holds {answer} and no policy"), document)
    return _and_continued(_described(item, document, is_orphan), document)


def answer_of_graph(document: dict[str, object]) -> str | None:
    """What Graph answered in place of a policy: an error, or a page of a list. None if the object is neither.

    (docs/import-folders.md, "The door")
    """
    if (error := error_of_graph(document)) is not None:
        return error
    beside = {key.lower() for key in document if key != "value"}
    if "value" in document and (not beside or beside & _BESIDE_A_LIST):
        return "a page of a list"
    return None


def error_of_graph(value: object) -> str | None:
    """The error that Graph answered, in words with its code; None if a value is not one. It counts before a list."""
    error = value.get("error") if isinstance(value, dict) else None
    if error is None:
        return None
    code = error.get("code") if isinstance(error, dict) else error
    return f"an error ({storable_name(code)})" if isinstance(code, str) and code.strip() else "an error"


def error_among(values: list[object]) -> str | None:
    """The first error that Graph answered in a list; None without one."""
    return next(filter(None, map(error_of_graph, values)), None)


def continues(document: dict[str, object]) -> bool:
    """Whether an object is one page of several. Then the content of the other pages was not captured."""
    return any(key.lower().endswith("nextlink") for key in document)


def describes_a_policy(item: CapturedItem) -> bool:
    """Whether an item's captured JSON has any of the keys of Graph's policies.

    A tenant's own settings have none of them, so one such item means nothing. But a folder with only such items is not
    a backup (docs/import-folders.md, "The door"). An npm package has a name too; we know it by the name of its file.
    """
    document = json.loads(item.payload or "null")
    if isinstance(document, list):
        return bool(document)
    if not isinstance(document, dict):
        return False
    marks = _MARKS - {"name"} if item.policy_identifier.lower() in _PACKAGES else _MARKS
    return not marks.isdisjoint(document)


def _and_continued(item: CapturedItem, document: dict[str, object]) -> CapturedItem:
    return warned(item, "it continues on another page") if continues(document) else item


def warned(item: CapturedItem, warning: str) -> CapturedItem:
    """The item with one more integrity warning, a clause."""
    warnings = (item.integrity_warning, warning)
    return item._replace(integrity_warning="; ".join(filter(None, warnings)))


def platform_in(name: str) -> str | None:
    """The platform that a type's name begins with, as in `#microsoft.graph.iosVppApp` or `Reader_iosVppApp`.

    A capital or a digit must follow, so a policy called "ios tips" names no platform.
    """
    found = _PLATFORM_PREFIX.match(re.split(r"[._]", name)[-1])
    return _PLATFORMS[found[1].lower()] if found else None


def _described(item: CapturedItem, policy: dict[str, object], is_orphan: IsOrphan) -> CapturedItem:
    """The item with all that its policy, a JSON object, says about itself."""
    for key in ("displayName", "name"):
        name = policy.get(key)
        if isinstance(name, str) and name.strip():
            item = item._replace(display_name=storable_name(name))
            break
    item = item._replace(platform=_platform_of(policy) or item.platform)
    settings = _settings_of(policy)
    item = item._replace(capture_mode=settings.capture_mode)
    if settings.warning is not None:
        item = warned(item, settings.warning)
    return with_assignments(item, policy.get("assignments"), is_orphan)


def _platform_of(policy: dict[str, object]) -> str | None:
    for key in ("platforms", "platform"):
        word = policy.get(key)
        if isinstance(word, str) and word.strip() and word != "none":
            return storable_name(word)
    return platform_in(str(policy.get("@odata.type")))


class _Settings(NamedTuple):
    capture_mode: str
    warning: str | None = None


def _settings_of(policy: dict[str, object]) -> _Settings:
    """Whether the policy has as many settings as it counts. Only Settings Catalog policies have `settingCount`."""
    count, settings = policy.get("settingCount"), policy.get("settings")
    if (error := error_among(settings if isinstance(settings, list) else [settings])) is not None:
        return _Settings("full", f"its settings hold {error}")
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


def with_assignments(item: CapturedItem, assignments: object, is_orphan: IsOrphan) -> CapturedItem:
    """The item with its assignments. Without any in the file, they are unknown and the state stays null."""
    if assignments is None:
        return item
    if not isinstance(assignments, list):
        return warned(item, "assignments is not a list")
    targets = list(filter(None, map(_target_of, assignments)))
    if len(targets) < len(assignments):
        unread = len(assignments) - len(targets)
        item = warned(item, f"{unread} of {len(assignments)} assignments without a target that can be read")
    captured = json_text(assignments)
    for doubt in captured.doubts:
        # The assignments may be in a separate file.
        item = item if doubt in (item.integrity_warning or "") else warned(item, doubt)
    return item._replace(
        assignments_state="captured",
        orphaned_assignments=sum(is_orphan(target) for target in targets if _kind_of(target) in _GROUP_TARGETS),
        assignments=captured.text,
    )


def _target_of(assignment: object) -> dict[str, object] | None:
    """The target that an assignment includes or excludes; None if it is not in Graph's form."""
    target = assignment.get("target") if isinstance(assignment, dict) else None
    return target if isinstance(target, dict) and _kind_of(target) else None


def _kind_of(target: dict[str, object]) -> str:
    """The last word of a target's type, in lower case; empty if it has no type."""
    kind = target.get("@odata.type")
    return kind.rpartition(".")[2].strip().lower() if isinstance(kind, str) else ""
