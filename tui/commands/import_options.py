"""Options that `import` and `record` share, and `schedule` in part: whose backups they are, and what of them counts."""

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
    "--create-tenant", "new_name", type=NameType(), metavar="NAME", help="Add the tenant if it is not there."
)
ACCEPT_LOSS = click.option(
    "--accept-loss",
    "--accept-missing",
    "accepted",
    multiple=True,
    metavar="TYPE",
    help="A type that may have lost items or assignments: its loss is meant; may be repeated. '*': any loss.",
)
AS_GIVEN = click.option(
    "--as-given", is_flag=True, help="Take each set's status as it is given, whatever was lost since the set before."
)
ACCEPT_OLD_FILES = click.option(
    "--accept-old-files",
    is_flag=True,
    help="Take files that are longer than longest_run older than --completed-at: that old state was captured then.",
)
ACCEPT_OTHER_TENANT = click.option(
    "--accept-other-tenant",
    is_flag=True,
    help="Take a backup that calls its tenant something else than the last one of the source: it is this tenant's.",
)
ACCEPT_SAME_CONTENT = click.option(
    "--accept-same-content",
    is_flag=True,
    help="Take a backup whose whole content is the newest set of another tenant: the two are alike.",
)
WITHOUT_PAYLOAD = click.option("--without-payload", is_flag=True, help="Store no captured JSON: it may hold secrets.")


_TYPES: Final = {"timezone": TimezoneType, "duration": DurationType, "pattern": PatternType}


def flag_of(declared: Option) -> str:
    """How an option that a source declares is written on the command line."""
    return f"--{declared.name.replace('_', '-')}"


def option_of(declared: Option) -> Callable[[Any], Any]:
    """The command line's option for one that a source declares as its own."""
    return click.option(
        flag_of(declared),
        declared.name,
        type=_TYPES[declared.kind]() if declared.kind in _TYPES else None,
        is_flag=declared.kind == "flag",
        required=declared.required,
        metavar=declared.metavar,
        help=declared.help,
    )
