"""The blocks of a Microsoft365DSC configuration as items (docs/import-folders.md, "Microsoft365DSC")."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from health.digests import digest_of
from health.sources.captured import CapturedItem
from health.sources.m365dsc_properties import Properties
from health.sources.m365dsc_script import Block
from health.sources.policy_items import warned
from health.sources.storable import NotJson, json_text, storable_name

_NAMES: Final = ("DisplayName", "Name", "Title", "Identity")
"""The properties from which a person sees what a block is, the best first."""

_IDENTITIES: Final = (
    "Id",
    "ObjectId",
    "Identity",
    "AppId",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "Url",
    "MailNickname",
    "Name",
    "DisplayName",
    "DomainName",
)
"""The properties that identify the object of a block, the most lasting first."""

_MADE_UP: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The form of the instance name in versions before 1.23, which was new in every run."""

_PLATFORM: Final = re.compile(r"(Android|iOS|MacOS|Windows|Linux)", re.IGNORECASE)
_PLATFORMS: Final = {
    "android": "android",
    "ios": "iOS",
    "macos": "macOS",
    "windows": "windows10",
    "linux": "linux",
}


_UNKNOWN_TYPE: Final = "(unknown type)"
"""The type of an item whose block has lost its head."""


def items_of(blocks: Iterable[Block]) -> Iterator[CapturedItem]:
    """An item for each block, in their order, each with an identity of its own.

    An identity is the block's `Id`; else its name, if the run did not make that up; else another identifying property.
    If two blocks of a type have the same one, the next possible identity that differs is used, and at last a number.
    """
    listed = list(blocks)
    names = [tuple(dict.fromkeys(_identities(block))) for block in listed]
    taken = Counter((block.resource_type.lower(), name) for block, of in zip(listed, names, strict=True) for name in of)
    used: Counter[tuple[str, str]] = Counter()
    for block, of in zip(listed, names, strict=True):
        kind = block.resource_type.lower()
        name = next((each for each in of if taken[kind, each] == 1), of[0])
        used[kind, name] += 1
        number = used[kind, name]
        yield _item(block, name if number == 1 else f"{name} ({number})")


def _identities(block: Block) -> Iterator[str]:
    found = Properties.of(block.properties)
    if (own := found.text("Id")) is not None:
        yield own
    if block.instance and not _is_made_up(block.instance):
        yield block.instance
        return
    for name in _IDENTITIES:
        if (text := found.text(name)) is not None:
            yield text
    yield block.resource_type or _UNKNOWN_TYPE


def _is_made_up(name: str) -> bool:
    return _MADE_UP.fullmatch(name) is not None


def _item(block: Block, identity: str) -> CapturedItem:
    found = Properties.of(block.properties)
    names = (text for name in _NAMES if (text := found.text(name)) is not None)
    otherwise = identity if _is_made_up(block.instance) else block.instance or identity
    item = CapturedItem(
        policy_type=storable_name(block.resource_type or _UNKNOWN_TYPE),
        policy_identifier=storable_name(identity),
        display_name=storable_name(next(names, otherwise)),
        platform=_platform_of(block.resource_type),
    )
    if block.problem is not None:
        # What was captured is unknown, so the capture mode stays null: `unknown_quality`, besides the warning.
        return warned(item, f"its block cannot be read to its end ({block.problem})")
    for doubt in block.doubts:
        item = warned(item, doubt)
    try:
        payload = json_text(block.properties)
    except NotJson as problem:
        return warned(item, str(problem))
    item = item._replace(payload=payload.text, payload_digest=digest_of(payload.text), capture_mode="full")
    for doubt in payload.doubts:
        item = warned(item, doubt)
    return _with_assignments(item, found.value("Assignments"))


def _platform_of(resource_type: str) -> str | None:
    if not resource_type.startswith("Intune"):
        return None
    said = _PLATFORM.search(resource_type)
    return None if said is None else _PLATFORMS[said[1].lower()]


def _with_assignments(item: CapturedItem, assignments: object) -> CapturedItem:
    """The item with its assignments. Without any in the block, they are unknown and the state stays null."""
    if assignments is None:
        return item
    if isinstance(assignments, dict):
        assignments = [assignments]
    if not isinstance(assignments, list):
        return warned(item, "Assignments is not an array")
    targets = [target for target in map(_target_of, assignments) if target is not None]
    if len(targets) < len(assignments):
        unread = len(assignments) - len(targets)
        item = warned(item, f"{unread} of {len(assignments)} assignments without a target that can be read")
    return item._replace(
        assignments_state="captured",
        orphaned_assignments=sum(map(_is_orphan, targets)),
        assignments=json_text(assignments).text,
    )


def _target_of(assignment: object) -> Properties | None:
    """The target that an assignment includes or excludes. Versions before 1.22 wrote only the ids of groups."""
    if isinstance(assignment, str):
        return Properties({}) if assignment.strip() else None
    if not isinstance(assignment, dict):
        return None
    target = Properties.of(assignment)
    return target if any(target.text(name) for name in ("dataType", "groupId", "groupDisplayName")) else None


def _is_orphan(target: Properties) -> bool:
    """Whether the group of a target is gone: the tool asks for every group's name, and then it gets none."""
    return target.text("groupId") is not None and target.text("groupDisplayName") is None
