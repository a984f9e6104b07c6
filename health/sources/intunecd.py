"""IntuneCD: `<root>/<Type>/<name>_<odata type>.json`, or YAML, in a folder or in a git repository.

The rules are in docs/import-folders.md, "IntuneCD". `intunecd_git.py` reads the same tree from commits. The tool writes
no manifest: it declares no number of items and does not say what failed.
"""

from __future__ import annotations

from typing import Final

from health.sources.another_tool import refuse_another_tools
from health.sources.captured import CapturedSet
from health.sources.declaration import Asked, Source
from health.sources.intunecd_git import OPTIONS, find_runs
from health.sources.intunecd_policies import LAYOUT, NESTING, SOURCE, item_of
from health.sources.one_backup import refuse_several
from health.sources.policy_sets import FolderFiles, gathered_from


def read_folder(asked: Asked) -> CapturedSet:
    """Read a folder as the one set that was complete at `asked.completed_at`.

    Raises RefusedInput if there is no such folder or no item of this run in it, and if there are several backups in it,
    or another tool's.
    """
    files = FolderFiles(asked, LAYOUT)
    captured = files.as_set(gathered_from(files, item_of, asked), SOURCE, such_as="Settings Catalog")
    refuse_another_tools(asked.path, files.places, SOURCE)
    refuse_several(asked.path, files.places, NESTING)
    return captured


DECLARED: Final = Source(
    name=SOURCE,
    help="Import what IntuneCD wrote to PATH: a folder at one instant, or the history of a git repository.",
    place="PATH",
    place_help="The folder that the tool writes to.",
    completed_help="When the run in the folder was complete.",
    layout=LAYOUT,
    folder=read_folder,
    history=find_runs,
    history_options=OPTIONS,
)
