"""Options that `import` and `record` share, and `schedule` in part: whose backups they are, and what of them counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tui.commands.names import NameType
from tui.commands.options import TimezoneType

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
ACCEPT_MISSING = click.option(
    "--accept-missing", multiple=True, metavar="TYPE", help="A type that is gone for good; may be repeated."
)
WITHOUT_PAYLOAD = click.option("--without-payload", is_flag=True, help="Store no captured JSON: it may hold secrets.")


def option_of(declared: Option) -> Callable[[Any], Any]:
    """The command line's option for one that a source declares as its own."""
    return click.option(
        f"--{declared.name.replace('_', '-')}",
        declared.name,
        type=TimezoneType() if declared.kind == "timezone" else None,
        is_flag=declared.kind == "flag",
        required=declared.required,
        metavar=declared.metavar,
        help=declared.help,
    )
