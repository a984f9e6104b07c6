"""Options that `import` and `record` share, and `schedule` in part: whose backups they are, and what of them counts."""

from __future__ import annotations

import click

from tui.commands.names import NameType

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
