"""`tenantpilot init`: look into a folder and propose the sources for it (docs/sync.md)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click

from health.sources.recognised import Recognised, folders_in, recognised
from tui.commands.sync_entries import NOT_TENANTS
from tui.settings import FILE_NAME
from tui.words.failures import EXIT_REFUSED, CommandFailed
from tui.words.safe_text import safe_text
from tui.words.wording import counted

_HEAD: Final = """\
# TenantPilot's settings, proposed by `tenantpilot init`. Read them first: a proposal may be wrong.
# `tenantpilot config --check` checks them, `tenantpilot sync --dry-run` tries them, `tenantpilot sync` imports.

[backup_health]
# For nightly runs: 24 hours plus the length of a run.
freshness_window = "26h"
"""
_LATER: Final = """\
# When the tool runs. With a cron, a night without a backup is overdue.
# cron = "30 2 * * *"
# timezone = "Europe/Berlin"
"""


class _Proposed(NamedTuple):
    """A source to propose. `seen` is a sentence about what was found, for a comment."""

    name: str
    path: Path
    tenant: str
    found: Recognised
    seen: str


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), help="The folder with the backups.")
@click.option("--write", is_flag=True, help=f"Write {FILE_NAME} into the working directory, if it does not exist.")
def init(folder: Path, write: bool) -> None:
    """Find the backups in FOLDER, and print settings for them: one source for all, or one for each tenant.

    It imports nothing, and without --write it writes nothing.
    """
    if not folder.is_dir():
        raise CommandFailed(f"{folder}: there is no such folder.", EXIT_REFUSED)
    proposed = list(_proposed(folder.absolute()))
    if not proposed:
        raise CommandFailed(
            f"{folder}: it has no backup that is recognised; 'tenantpilot config --example sync' prints example"
            " settings.",
            EXIT_REFUSED,
        )
    text = "\n".join([_HEAD, *map(_section, proposed)])
    if not write:
        click.echo(text, nl=False)
        return
    try:
        with Path(FILE_NAME).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandFailed(
            f"{FILE_NAME} exists already and was not changed: leave --write out to print the proposal.", EXIT_REFUSED
        ) from None
    click.echo(
        f"{FILE_NAME} written: {counted(len(proposed), 'source')}. Next: 'tenantpilot db init', 'tenantpilot sync'."
    )


def _proposed(folder: Path) -> Iterator[_Proposed]:
    """A source for the folder itself, else one for all folders in it, else (if the tools differ) one for each."""
    names = [name for name in folders_in(folder) if name not in NOT_TENANTS]
    inside = {name: recognised(folder / name) for name in names}
    whole = recognised(folder)
    if whole is not None and not whole.below:
        yield _Proposed(_slug(folder.name), folder, folder.name, whole, "One backup.")
        return
    counts = Counter(found for found in inside.values() if found is not None)
    if not counts:
        return
    most, number = counts.most_common(1)[0]
    if len({found._replace(below="") for found in counts}) == 1:
        other = [name for name, found in inside.items() if found != most]
        seen = f"{number:,} of {counted(len(names), 'folder')} look like it"
        seen += f"; `sync` will report the others: {_named(other)}." if other else "."
        yield _Proposed(_slug(folder.name), folder / "*" / most.below, "{folder}", most, seen)
        return
    taken: set[str] = set()
    for name, found in inside.items():
        each, slug = found or most, _slug(name)
        unique = next(word for word in _numbered(slug) if word not in taken)
        taken.add(unique)
        seen = "Recognised by its names." if found else "Not recognised: `sync` will add its tenant and report it."
        yield _Proposed(unique, folder / name / each.below, name, each, seen)


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    number = 2
    while True:
        yield f"{slug}-{number}"
        number += 1


def _slug(name: str) -> str:
    """A source's name, made from a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-") or "tenants"


def _named(names: list[str]) -> str:
    shown = ", ".join(safe_text(name) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"


def _section(proposed: _Proposed) -> str:
    found = proposed.found
    lines = [
        f"# {proposed.seen}",
        f"[sources.{proposed.name}]",
        f"kind = {_quoted(found.kind)}",
        f"path = {_quoted(str(proposed.path))}",
        f"tenant = {_quoted(proposed.tenant)}",
    ]
    if found.git:
        return "\n".join(
            [*lines, "# It has no cron, because a night without a change makes no commit.", "git = true", ""]
        )
    if found.kind == "tenuvault":
        zone = "# Name the time zone of the machine that runs the tool: the tool writes local times."
        return "\n".join([*lines, zone, '# timezone = "Europe/Berlin"', '# cron = "30 2 * * *"', ""])
    clock = "# The run's end is the date of the newest file. Use this only if the tool renews the times of its files."
    return "\n".join([*lines, clock, 'completed_at = "newest-file"', _LATER])


def _quoted(text: str) -> str:
    """A TOML string; bytes that are not text are replaced."""
    return json.dumps(text.encode("utf-8", "replace").decode("utf-8"), ensure_ascii=False)
