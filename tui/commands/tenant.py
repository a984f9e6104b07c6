"""`tenantpilot tenant`: manage the tenants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from health.store.opening.reading import reading_once
from health.store.reading.roster import list_tenants
from health.store.writing.roster import add_tenant, archive_tenant, rename_tenant
from health.store.writing.transactions import writing
from tui.commands.expected import expect_option, expected_in
from tui.commands.listing import echo_table, whole_seconds
from tui.commands.names import NameType
from tui.commands.options import place_options
from tui.commands.session import open_session
from tui.words.safe_text import safe_text

EXTERNAL_ID = click.argument("external_id", type=NameType(), help="The tenant's unique id; it never changes.")


@click.group()
def tenant() -> None:
    """Add, rename, archive and list tenants."""


@tenant.command("add")
@EXTERNAL_ID
@click.option("--name", type=NameType(), help="The name to show; default: the external id.")
@place_options
@click.pass_context
def add(ctx: click.Context, /, external_id: str, name: str | None, **given: Any) -> None:
    """Add a tenant. It is absent until its first backup set is imported."""
    session = open_session(ctx, given)
    with writing(session.writing()) as connection:
        add_tenant(connection, external_id, name or external_id, session.now)
    click.echo(f"Added the tenant {safe_text(external_id)}.")


@tenant.command("rename")
@EXTERNAL_ID
@click.argument("name", type=NameType(), help="The new name.")
@place_options
@click.pass_context
def rename(ctx: click.Context, /, external_id: str, name: str, **given: Any) -> None:
    """Give a tenant another name. Its external id does not change."""
    with writing(open_session(ctx, given).writing()) as connection:
        rename_tenant(connection, external_id, name)
    click.echo(f"Renamed the tenant {safe_text(external_id)}.")


@tenant.command("archive")
@EXTERNAL_ID
@click.option("--undo", is_flag=True, help="Make it active again.")
@place_options
@click.pass_context
def archive(ctx: click.Context, /, external_id: str, undo: bool, **given: Any) -> None:
    """Archive a tenant. It is not judged and not counted any more; nothing of it is deleted."""
    session = open_session(ctx, given)
    with writing(session.writing()) as connection:
        archive_tenant(connection, external_id, None if undo else session.now)
    click.echo(f"{'Took back' if undo else 'Archived'} the tenant {safe_text(external_id)}.")


@tenant.command("list")
@expect_option("List only the tenants in FILE (one external id a line) that are not in the fleet.")
@place_options
@click.pass_context
def list_(ctx: click.Context, /, expect: Path | None, **given: Any) -> None:
    """List every tenant, archived ones too."""
    expected = None if expect is None else expected_in(expect)
    with reading_once(open_session(ctx, given).reading()) as statements:
        rows = list_tenants(statements)
    if expected is not None:
        archived = {row[0]: row[3] is not None for row in rows}
        why = {True: "archived", None: "no such tenant"}
        found = [(each, archived.get(each)) for each in expected]
        echo_table(("NOT IN THE FLEET", "WHY"), [(each, why[is_so]) for each, is_so in found if is_so is not False])
        return
    echo_table(
        ("TENANT", "NAME", "CREATED", "ARCHIVED"),
        [(row[0], row[1], whole_seconds(row[2]), whole_seconds(row[3])) for row in rows],
    )
