"""IntuneManagement: `<root>/<Type>/<name>.json`, mostly UTF-16, and `MigrationTable.json` beside them.

The table lists the groups in the assignments. The tool writes no manifest: it says neither what failed nor what it was
not asked to export. If an export lacks a type that the last completed set has, it is partial, as with IntuneCD. A type
that failed and a chosen part of the tenant look the same, and neither is the whole tenant
(docs/facts.md, "backup_sets"; docs/import-folders.md, "IntuneManagement").
"""

from __future__ import annotations

from typing import Final, NamedTuple

from health.sources.another_tool import refuse_another_tools, refuse_named_groups
from health.sources.backup_tree import BackupFile, read_tree
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput
from health.sources.declaration import Asked, Source
from health.sources.documents import UnreadableFile, read_document
from health.sources.one_backup import FLAT, TABLE, TABLE_AT_ROOT, folder_of_the_backup, is_table, refuse_several
from health.sources.policy_items import policy_item, warned
from health.sources.policy_sets import FolderFiles, PolicyFolders, gathered_from
from health.sources.whose import tenant_in

SOURCE: Final = "intunemanagement"


class _Types(PolicyFolders):
    """Folders of policies, beside a table in whatever case."""

    def enters(self, folder: str, name: str) -> bool:
        """Every folder but one in the table's place."""
        return bool(folder or not is_table(name)) and super().enters(folder, name)


_LAYOUT: Final = _Types()


def read_export(asked: Asked) -> CapturedSet:
    """Read an export as the one set that was complete at `asked.completed_at`.

    Raises RefusedInput if there is no such folder, no item of this run in it, or if it is the folder above the export
    or another tool's.
    """
    tables = list(read_tree(asked.path, TABLE_AT_ROOT))
    table = _Table.of(tables)

    def item_of(file: BackupFile) -> CapturedItem:
        item = table.item_of(file)
        if not tables:
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

    `problem` says why the groups are unknown; `tenant_problem` why the tenant is, if a table is there and not readable.
    """

    ids: frozenset[str] = frozenset()
    problem: str | None = None
    tenant: str | None = None
    tenant_problem: str | None = None

    @classmethod
    def of(cls, tables: list[BackupFile]) -> _Table:
        """Read the migration table of an export; it has one at most."""
        if not tables:
            return cls(problem=f"there is no {TABLE}")
        if len(tables) > 1:
            return cls.unread(f"there are both {tables[0].name} and {tables[1].name}")
        (table,) = tables
        try:
            if table.content is None:
                raise UnreadableFile(table.problem or "the file has no content")
            document = read_document(table.content, table.name)
        except UnreadableFile as problem:
            return cls.unread(f"{TABLE}: {problem}")
        if not isinstance(document, dict):
            return cls.unread(f"{TABLE} lists no objects")
        tenant, listed = document.get("TenantId"), document.get("Objects")
        no_text = None if tenant is None or isinstance(tenant, str) else f'"TenantId" in {TABLE} is not a text'
        ids = (each.get("Id") for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))
        return cls(
            frozenset(each.lower() for each in ids if isinstance(each, str)),
            None if isinstance(listed, list) else f"{TABLE} lists no objects",
            tenant_in(tenant),
            no_text,
        )

    @classmethod
    def unread(cls, problem: str) -> _Table:
        """A table that is there and says nothing that can be read."""
        return cls(problem=problem, tenant_problem=problem)

    def item_of(self, file: BackupFile) -> CapturedItem:
        """The item of a file. Without a table it is unknown whether its groups exist, and a warning says so.

        If the table cannot be read, each item may be another tenant's, and has a warning too.
        """
        item = policy_item(file, self._is_orphan)
        if self.tenant_problem is not None:
            item = warned(item, f"it is not known whose tenant it is: {self.tenant_problem}")
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
    records=TABLE_AT_ROOT,
    folder=read_export,
)
