"""Microsoft365DSC: a configuration in PowerShell's DSC, `M365TenantConfig.ps1`, and beside it `ConfigurationData.psd1`
(docs/import-folders.md, "Microsoft365DSC").

The text is parsed and never run. The tool writes no manifest, so a component that failed just has no blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from health.sources.another_tool import seems_to_be
from health.sources.backup_tree import BackupFile, read_tree, visible_name
from health.sources.captured import CapturedSet, RefusedInput
from health.sources.declaration import Asked, Source
from health.sources.documents import UnreadableFile, decoded
from health.sources.m365dsc_items import items_of
from health.sources.m365dsc_script import Script, read_data, read_script
from health.sources.m365dsc_tenant import Naming, named_in_block, named_in_data, several_tenants, tenant_of
from health.sources.m365dsc_values import NotPowerShell
from health.sources.policy_items import warned
from health.sources.policy_sets import FolderFiles, GatheredItems
from health.sources.storable import storable_text

SOURCE: Final = "m365dsc"


class _Data(NamedTuple):
    """The layout of the data file at the root, in which an export names its tenant."""

    def enters(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False

    def takes(self, folder: str, name: str) -> bool:
        """By its name, whatever its case, because the file system that the tool writes to ignores case."""
        return not folder and name.lower() == "configurationdata.psd1"

    def may_hide(self, folder: str, name: str) -> bool:
        """No folder at all."""
        return False


class _Scripts(NamedTuple):
    """The layout: the scripts at the root, or only the one of that name. `below`: the scripts one folder deeper."""

    only: str | None = None
    below: bool = False

    def enters(self, folder: str, name: str) -> bool:
        """Whether to enter a folder: folders can hold only other configurations."""
        return self.below and not folder and not name.startswith(".")

    def takes(self, folder: str, name: str) -> bool:
        """Whether a file is a script, by its ending."""
        return bool(folder) is self.below and (name == self.only if self.only else name.lower().endswith(".ps1"))

    def may_hide(self, folder: str, name: str) -> bool:
        """Never: no other entry holds a script of this configuration."""
        return False


class _Read(NamedTuple):
    """The content of a file: a script, or a clause that says why it is unknown; and whether its date is doubtful."""

    name: str
    script: Script
    problem: str | None
    doubt: str | None = None

    @property
    def types(self) -> frozenset[str]:
        """The known resource types of its blocks, in lower case, because PowerShell ignores case."""
        return frozenset(block.resource_type.lower() for block in self.script.blocks if block.resource_type)


def read_configuration(asked: Asked) -> CapturedSet:
    """Read a folder, or one script, as the one set that was complete at `asked.completed_at`.

    Raises RefusedInput if it has no block of this run, if it has several configurations that are not parts of one, or
    if it is of several tenants.
    """
    folder, only = asked.path, None
    if folder.is_file():
        folder, only = folder.resolve().parent, folder.resolve().name
    files = FolderFiles(asked._replace(path=folder), _Scripts(only))
    read = [_read(file) for file in files]
    _refuse_several(asked.path, read)
    blocks = [block for each in read for block in each.script.blocks]
    gathered = GatheredItems(asked.with_payload, of_graph=False)
    doubts = [each.doubt for each in read for _ in each.script.blocks]
    for item, doubt in zip(items_of(blocks), doubts, strict=True):
        gathered.add(item if doubt is None else warned(item, doubt))
    if not gathered.items:
        raise RefusedInput(_nothing_in(asked, folder, read))
    captured = files.as_set(gathered, SOURCE, such_as="")
    problems = [f"{each.name}: {each.problem}" for each in read if each.problem is not None]
    problems += _parts_not_written(folder, set(files.places) - {each.name for each in read}, read)
    tenant, unknown = _tenant_of(asked, folder, read)
    problems += unknown
    if problems:
        captured = captured._replace(status="partial", error=storable_text("; ".join(problems)))
    # This counts files. The tool does not say how many blocks there should be.
    return captured._replace(
        name=visible_name(os.fsencode(asked.path.resolve().name or asked.path)),
        item_count=None,
        source_tenant=tenant,
    )


def _tenant_of(asked: Asked, folder: Path, read: list[_Read]) -> tuple[str | None, list[str]]:
    """What the export calls its tenant, and a clause for each data file that cannot be read.

    Raises RefusedInput if it names several tenants, unless the user accepts that; then it does not have one name.
    """
    in_data: list[Naming] = []
    unknown: list[str] = []
    for file in read_tree(folder, _Data()):
        try:
            if file.content is None:
                raise UnreadableFile(file.problem or "the file has no content")
            in_data += named_in_data(read_data(decoded(file.content)), file.name)
        except (UnreadableFile, NotPowerShell) as problem:
            unknown.append(f"{file.name}: it is not known whose backup this is: {problem}")
    in_blocks = [
        naming
        for each in read
        for block in each.script.blocks
        for naming in named_in_block(block.properties, f"{each.name}, line {block.line}")
    ]
    several = several_tenants([*in_data, *in_blocks])
    if several is None:
        return tenant_of(in_data, in_blocks), unknown
    if asked.accepts.other_tenant:
        return None, unknown
    raise RefusedInput(
        f"{asked.path}: it is of several tenants, {several.one} and {several.other} among them, and not of one: import"
        " each tenant's export for its own tenant. If these are names of one tenant, say --accept-other-tenant: then"
        f" all of it counts as {asked.external_id!r}'s."
    )


def _holds_blocks(folder: Path, file: BackupFile) -> bool:
    """Whether a script has blocks. One without any is a program beside the export, such as the one that started it."""
    return any(_read(each).script.blocks for each in read_tree(folder, _Scripts(file.name)))


def _read(file: BackupFile) -> _Read:
    nothing = Script(None, ())
    try:
        if file.content is None:
            raise UnreadableFile(file.problem or "the file has no content")
        text, cut_off = _text_of(file.content)
    except UnreadableFile as problem:
        return _Read(file.name, nothing, str(problem))
    script = read_script(text)
    if script.configuration is None and not script.blocks:
        return _Read(file.name, nothing, None)
    ends_early = "the file ends inside a character" if cut_off else None
    return _Read(file.name, script, script.problem or ends_early, file.doubt)


def _text_of(content: bytes) -> tuple[str, bool]:
    """The text of a file, and whether it ends inside a character. We keep what a cut-off file holds."""
    try:
        return decoded(content), False
    except UnreadableFile:
        for cut in (1, 2, 3):
            with suppress(UnreadableFile):
                return decoded(content[:-cut]), True
        raise


def _refuse_several(path: Path, read: list[_Read]) -> None:
    """Refuse several backups. Configurations with no component in common are parts of one backup."""
    first_with: dict[str, str] = {}
    for each in read:
        for resource_type in sorted(each.types):
            if (other := first_with.setdefault(resource_type, each.name)) != each.name:
                raise RefusedInput(
                    f"{path}: it holds several backups, {other} and {each.name} among them, and not one: name one of"
                    " those files."
                )


def _parts_not_written(folder: Path, names: Set[str], read: list[_Read]) -> list[str]:
    """Clauses about configurations that a recorded run did not write. One that shares a component is an older backup,
    which needs no clause. Any other is a part that this backup lacks."""
    written = frozenset[str]().union(*(each.types for each in read))
    said: list[str] = []
    for name in sorted(names):
        part = _read(next(read_tree(folder, _Scripts(name)), BackupFile("", name)))
        if part.types and written.isdisjoint(part.types):
            said.append(f"{name}: this run did not write it")
    return said


def _nothing_in(asked: Asked, folder: Path, read: list[_Read]) -> str:
    for each in read:
        if each.problem is not None:
            return f"{folder / each.name}: there is no backup to import: {each.problem}."
    below = list(dict.fromkeys(_configurations_below(folder))) if asked.path == folder else []
    if len(below) > 1:
        return (
            f"{asked.path}: it holds several backups, {' and '.join(below[:2])} among them, and not one: name one of"
            " those."
        )
    if below:
        return f"{asked.path}: the configuration is in its folder {below[0]!r}: name that one."
    of_run = " of this run" if asked.run else ""
    return (
        f"{asked.path}: no block of a configuration{of_run} in it, so there is no backup to import; name the folder, or"
        f" the file, that the export wrote, such as 'M365TenantConfig.ps1'{seems_to_be(folder, SOURCE)}."
    )


def _configurations_below(folder: Path) -> Iterator[str]:
    for file in read_tree(folder, _Scripts(below=True)):
        if file.content is not None and _read(file).script.blocks:
            yield file.folder


DECLARED: Final = Source(
    name=SOURCE,
    help="Import what Microsoft365DSC exported to PATH, a folder or one configuration in it, at one instant.",
    place="PATH",
    place_help="The folder that holds M365TenantConfig.ps1, or a file of that kind.",
    completed_help="When the export was complete.",
    layout=_Scripts(),
    records=_Data(),
    carries=_holds_blocks,
    folder=read_configuration,
)
