"""IntuneManagement: `<root>/<Type>/<name>.json`, mostly UTF-16, and `MigrationTable.json` beside them.

The table lists the groups in the assignments. The tool writes no manifest: it says neither what failed nor what it was
not asked to export. If an export lacks a type that the last completed set has, it is partial, as with IntuneCD. A type
that failed and a chosen part of the tenant look the same, and neither is the whole tenant
(docs/facts.md, "backup_sets"; docs/import-folders.md, "IntuneManagement").
"""

from __future__ import annotations

from typing import Final, NamedTuple

from health.sources.another_tool import refuse_another_tools, refuse_named_groups
from health.sources.backup_tree import BackupFile, FilesAtRoot, read_tree
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Asked, Source
from health.sources.documents import UnreadableFile, read_document
from health.sources.one_backup import FLAT, TABLE, folder_of_the_backup, is_table, refuse_several
from health.sources.policy_items import policy_item, warned
from health.sources.policy_sets import FolderFiles, PolicyFolders, gathered_from
from health.sources.whose import tenant_in

SOURCE: Final = "intunemanagement"

_RECORDS: Final = FilesAtRoot(frozenset({TABLE}))
_LAYOUT: Final = PolicyFolders(_RECORDS.names)


def read_export(asked: Asked) -> CapturedSet:
    """Read an export as the one set that was complete at `asked.completed_at`.

    Raises RefusedInput if there is no such folder, no item of this run in it, or if it is the folder above the export
    or another tool's.
    """
    found = next(read_tree(asked.path, _RECORDS), None)
    table = _Table.of(found)

    def item_of(file: BackupFile) -> CapturedItem:
        item = table.item_of(file)
        if found is None:
            refuse_named_groups(asked.path, item)
        return item

    files = FolderFiles(asked, _LAYOUT)
    captured = files.as_set(gathered_from(files, item_of, asked), SOURCE, such_as="SettingsCatalog")
    refuse_another_tools(asked.path, files.places, SOURCE)
    refuse_several(asked.path, files.places, FLAT)
    if (above := _folder_of_the_export(files.places)) is not None:
        raise RefusedInput(f"{asked.path}: the export is in its folder {above!r}: name that one.")
    return captured._replace(source_tenant=table.tenant)


def _folder_of_the_export(places: list[str]) -> str | None:
    """The folder of the export if it is not the root: the table's folder, else the folder above all types."""
    tables = (folder for folder, _, name in (place.rpartition("/") for place in places) if is_table(name))
    return next(tables, None) or folder_of_the_backup(places, FLAT)


class _Table(NamedTuple):
    """The migration table: its groups by their ids, in lower case, and its name for the tenant.

    `problem` says why the groups are unknown.
    """

    ids: frozenset[str] = frozenset()
    problem: str | None = None
    tenant: str | None = None

    @classmethod
    def of(cls, table: BackupFile | None) -> _Table:
        """Read a migration table."""
        if table is None:
            return cls(problem=f"there is no {TABLE}")
        try:
            if table.content is None:
                raise UnreadableFile(table.problem or "the file has no content")
            document = read_document(table.content, table.name)
        except UnreadableFile as problem:
            return cls(problem=f"{TABLE}: {problem}")
        if not isinstance(document, dict):
            return cls(problem=f"{TABLE} lists no objects")
        tenant, listed = tenant_in(document.get("TenantId")), document.get("Objects")
        if not isinstance(listed, list):
            return cls(problem=f"{TABLE} lists no objects", tenant=tenant)
        ids = (each.get("Id") for each in listed if isinstance(each, dict))
        return cls(frozenset(each.lower() for each in ids if isinstance(each, str)), tenant=tenant)

    def item_of(self, file: BackupFile) -> CapturedItem:
        """The item of a file. Without a table it is unknown whether its groups exist, and a warning says so."""
        item = policy_item(file, self._is_orphan)
        if self.problem is None or not item.orphaned_assignments:
            return item
        return warned(item, f"it is not known whether its groups exist: {self.problem}")

    def _is_orphan(self, target: dict[str, object]) -> bool:
        group = target.get("groupId")
        return not isinstance(group, str) or group.lower() not in self.ids


DECLARED: Final = Source(
    name=SOURCE,
    help="Import what IntuneManagement exported to PATH, the folder with the types' folders, at one instant.",
    place="PATH",
    place_help="The folder with the types' folders in it.",
    completed_help="When the export was complete.",
    layout=_LAYOUT,
    records=_RECORDS,
    folder=read_export,
)
