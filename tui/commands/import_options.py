"""Options that `import` and `record` share, and `schedule` in part: the tenant, and what to accept of its backups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from tui.commands.names import NameType
from tui.commands.options import DurationType, PatternType, TimezoneType

if TYPE_CHECKING:
    from health.sources.declaration import Option

TENANT = click.option(
    "--tenant",
    "external_id",
    type=NameType(),
    required=True,
    metavar="EXTERNAL_ID",
    help="The tenant, by its external id.",
)
NEW_TENANT = click.option(
    "--create-tenant",
    "new_name",
    type=NameType(),
    metavar="NAME",
    help="Add the tenant, under this name, if it does not exist.",
)
ACCEPT_LOSS = click.option(
    "--accept-loss",
    "--accept-missing",
    "accepted",
    multiple=True,
    metavar="TYPE",
    help="Accept that this type has lost items or assignments; may be repeated. '*': accept any loss.",
)
AS_GIVEN = click.option(
    "--as-given", is_flag=True, help="Keep each set's given status, even if items were lost since the set before."
)
ACCEPT_OLD_FILES = click.option(
    "--accept-old-files",
    is_flag=True,
    help="Accept files that are older than --completed-at by more than longest_run, as part of this run.",
)
ACCEPT_OTHER_TENANT = click.option(
    "--accept-other-tenant",
    is_flag=True,
    help="Accept a backup that names another tenant than the source's last backup did, or several.",
)
ACCEPT_SAME_CONTENT = click.option(
    "--accept-same-content",
    is_flag=True,
    help="Accept a backup with the same content as another tenant's newest set.",
)
WITHOUT_PAYLOAD = click.option(
    "--without-payload", is_flag=True, help="Do not store captured JSON, because it may hold secrets."
)


_TYPES: Final = {"timezone": TimezoneType, "duration": DurationType, "pattern": PatternType}


def flag_of(declared: Option) -> str:
    """The command-line spelling of an option that a source declares."""
    return f"--{declared.name.replace('_', '-')}"


def option_of(declared: Option) -> Callable[[Any], Any]:
    """A click option for an option that a source declares."""
    return click.option(
        flag_of(declared),
        declared.name,
        type=_TYPES[declared.kind]() if declared.kind in _TYPES else None,
        is_flag=declared.kind == "flag",
        required=declared.required,
        metavar=declared.metavar,
        help=declared.help,
    )
