"""What can go wrong in a command, as one sentence and an exit code.

Functions import what only a failure needs: every run imports this module, even `--help`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

from click import UsageError, echo

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREADABLE: Final = 3
EXIT_FAULT: Final = 70
EXIT_NOT_RECORDED: Final = 74
EXIT_UNDER_WAY: Final = 75
EXIT_CANNOT_RUN: Final = 126
EXIT_NO_SUCH_COMMAND: Final = 127
EXIT_INTERRUPTED: Final = 130

EXIT_MEANINGS: Final = {
    EXIT_DONE: "done",
    EXIT_REFUSED: "the input was refused; nothing was written",
    EXIT_USAGE: "the command line or the settings are wrong",
    EXIT_UNREADABLE: "the facts cannot be read",
    EXIT_FAULT: "a fault in TenantPilot; 'tenantpilot config' names the log that has the details",
    EXIT_INTERRUPTED: "interrupted; nothing was left half done",
}
"""What each exit code means, unless a command's own help says otherwise (`check`, `record`)."""


class CommandFailed(Exception):
    """A command cannot do what it was asked. The message is one sentence: what, where, what to do."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class SettingsError(ValueError):
    """Settings that cannot be used: one sentence (what, where, what to do) that never holds a secret.

    Names of files and settings are in it unchanged: pass it through `safe_text` to show it. `findings` are all known
    problems as (key of the setting, sentence); the exception's own sentence is the first of them.
    """

    def __init__(self, sentence: str, findings: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(sentence)
        self.findings = findings


def tell(sentence: str) -> None:
    """Print one sentence on standard error. Does nothing if standard error is closed."""
    from tui.words.safe_text import safe_text

    with suppress(OSError):
        echo(f"tenantpilot: {safe_text(sentence, limit=1000)}", err=True)


def describe(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code for an error. Any unknown error is a fault in TenantPilot."""
    from health.sources.captured import RefusedInput

    if isinstance(error, RefusedInput):
        return str(error), EXIT_REFUSED
    known = _store_failure(error) or _unknown_tenant(error) or _settings_failure(error)
    if known is not None:
        return known
    if isinstance(error, OSError) and error.strerror is not None:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}.", EXIT_REFUSED
    from tui.words.fault_log import note_fault

    return note_fault(error), EXIT_FAULT


def _store_failure(error: Exception) -> tuple[str, int] | None:
    # If the module is not loaded, nothing can have raised its errors.
    if "health.store.opening.errors" not in sys.modules:
        return None
    from health.store.opening.errors import BadDatabaseUrl, StoreConflict, StoreError

    if isinstance(error, StoreConflict):
        return str(error), EXIT_REFUSED
    if isinstance(error, BadDatabaseUrl):
        return str(error), EXIT_USAGE
    if isinstance(error, StoreError):
        return str(error), EXIT_UNREADABLE
    return None


def _unknown_tenant(error: Exception) -> tuple[str, int] | None:
    if "health.resolver" not in sys.modules:
        return None
    from health.resolver import UnknownTenant

    if not isinstance(error, UnknownTenant):
        return None
    return f"There is no tenant {error.args[0]!r} in the fleet: see 'tenantpilot tenant list'.", EXIT_UNREADABLE


def _settings_failure(error: Exception) -> tuple[str, int] | None:
    """An error in the settings, or in a command line that does not fit them."""
    if isinstance(error, UsageError):
        return f"{error.format_message().rstrip('.')}.", EXIT_USAGE
    return (str(error), EXIT_USAGE) if isinstance(error, SettingsError) else None
