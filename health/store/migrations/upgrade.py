"""Bring a database to the newest schema version: the one place that imports Alembic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade_schema(connection: Connection, progress: Callable[[int, int], None] | None = None) -> None:
    """Run every version that the database lacks, within the caller's transaction: all of them or none.

    `progress` is called with the done part of a long version and the whole.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["progress"] = progress
    command.upgrade(config, "head")
