"""The database in which `record` notes a run (docs/record.md, "Without the database")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from sqlalchemy import Connection

from health.policy import HealthPolicy, LossRule
from health.store.opening.errors import StoreUnreachable
from health.store.opening.urls import DatabaseAddress
from health.store.writing.transactions import writing
from tui.commands.options import Invocation
from tui.commands.running import HeldSignals
from tui.commands.session import Session, session_of
from tui.commands.turns import in_turn
from tui.words.failures import SettingsError, describe

Found = TypeVar("Found")

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts to note an outcome. A database that restarts is back within a minute."""
NOTE_SECONDS: Final = 20.0
"""Seconds that PostgreSQL may take for a note in total. A longer wait would delay the backup itself."""


class Notebook:
    """The database for notes of runs. It is opened again for every entry, so that a repair has effect."""

    def __init__(self, ctx: click.Context, given: dict[str, Any]) -> None:
        self._invocation = Invocation.in_effect(ctx, given)

    @property
    def named_by_hand(self) -> bool:
        """Whether the command line names the database or the settings file."""
        return self._invocation.database is not None or self._invocation.config is not None

    @property
    def named(self) -> list[str]:
        """The command line's options for the database and the settings file, with their values."""
        given = {"--config": self._invocation.config, "--database": self._invocation.database}
        given["--use"] = self._invocation.use
        return [word for option, value in given.items() if value is not None for word in (option, str(value))]

    def address(self) -> DatabaseAddress:
        """The address of the database. Raises SettingsError and BadDatabaseUrl."""
        return self._session().writing()

    def policy(self) -> HealthPolicy:
        """The policy in the settings, or the default policy if the settings cannot be read."""
        try:
            return self._session().loaded.settings.policy()
        except (SettingsError, click.UsageError):
            return HealthPolicy()

    def loss_rule(self) -> LossRule:
        """The loss rule in the settings, or the default rule if the settings cannot be read."""
        try:
            return self._session().loaded.settings.loss_rule()
        except (SettingsError, click.UsageError):
            return LossRule()

    def write(self, entry: Callable[[Connection, HealthPolicy], Found]) -> Found:
        """Make an entry in one transaction. Raises SettingsError and StoreError; then nothing is written."""
        # We read the settings before the transaction, because others wait for its end.
        address, policy = self.address(), self.policy()

        def once() -> Found:
            with writing(address, patience=NOTE_SECONDS, in_all=True) as connection:
                return entry(connection, policy)

        return in_turn(address, once)

    def write_patiently(self, signals: HeldSignals, entry: Callable[[Connection, HealthPolicy], Found]) -> Found:
        """Like `write`, but retry for a minute if the database does not answer, or until a signal stops us."""
        pauses = iter(PAUSES)
        while True:
            try:
                return self.write(entry)
            except StoreUnreachable:
                pause = next(pauses, None)
                if pause is None or not signals.pause(pause):
                    raise

    def _session(self) -> Session:
        return session_of(self._invocation)


def said(trouble: Exception) -> str:
    """What prevented a note, as one sentence."""
    return as_sentence(describe(trouble)[0])


def as_sentence(text: str | None) -> str:
    """Text with one full stop at its end."""
    return f"{(text or '').rstrip('.')}."
