"""IntuneCD's policy files and the items made from them; the same for a folder and a commit."""

from __future__ import annotations

import re
from typing import Final

from health.sources.another_tool import FOLDERS_OF_INTUNECD, SUMMARY_OF_INTUNECD
from health.sources.backup_tree import BackupFile, joined, visible_name
from health.sources.captured import CapturedItem
from health.sources.documents import stem_of
from health.sources.git_history import Part
from health.sources.one_backup import Nesting
from health.sources.policy_items import platform_in, policy_item
from health.sources.policy_sets import PolicyFolders

SOURCE: Final = "intunecd"

NESTING: Final = Nesting(
    frozenset(
        {
            "applications",
            "compliance policies",
            "enrollment profiles",
            "entra",
            "management intents",
            "partner connections",
            "scripts",
        }
    ),
    may_be_more=True,
)
"""Where this tool nests types today. Every folder is read, so this only keeps one backup from looking like several."""

_APPENDED_ID: Final = re.compile(r"__[^_]+$")


class IntuneCDLayout(PolicyFolders):
    """Folders of policies, except the few that hold something else (docs/import-folders.md, "IntuneCD")."""

    def enters(self, folder: str, name: str) -> bool:
        """Reports, scripts and archives are not types, and a folder whose name begins with a dot is a repository's."""
        return name not in FOLDERS_OF_INTUNECD and not name.startswith(".") and super().enters(folder, name)

    def takes(self, folder: str, name: str) -> bool:
        """Every document but the tool's own summary, in any folder."""
        return name != SUMMARY_OF_INTUNECD and super().takes(folder, name)

    def may_hide(self, folder: str, name: str) -> bool:
        """Any entry, because a folder may have any name; but one named like a Markdown file counts as a file."""
        return not name.endswith(".md") and name != SUMMARY_OF_INTUNECD and super().may_hide(folder, name)


LAYOUT: Final = IntuneCDLayout()


def part_of(path: bytes) -> Part:
    """What a file is to a backup, by its path under the root."""
    *parents, name = map(visible_name, path.split(b"/"))
    folder = ""
    for parent in parents:
        if parent in FOLDERS_OF_INTUNECD:
            return Part.OF_THE_TOOL
        if not LAYOUT.enters(folder, parent):
            return Part.NEITHER
        folder = joined(folder, parent)
    if name == SUMMARY_OF_INTUNECD:
        return Part.OF_THE_TOOL
    return Part.ITEM if LAYOUT.takes(folder, name) else Part.NEITHER


def item_of(file: BackupFile) -> CapturedItem:
    """The item of a file. The file's name ends in the policy's Graph type, then with `--append-id` in `__<id>`."""
    return policy_item(file, _is_orphan, platform=platform_in(_APPENDED_ID.sub("", stem_of(file.name))))


def _is_orphan(target: dict[str, object]) -> bool:
    """IntuneCD looks up the name of every group of a target, and leaves it out if the group is gone."""
    name = target.get("groupName")
    return not (isinstance(name, str) and name.strip())
