"""`tenantpilot` without a command: the screens."""

from __future__ import annotations

import gc

from tui.commands.failures import EXIT_USAGE, CommandFailed
from tui.commands.options import Invocation


def open_screens(invocation: Invocation, *, tenant: str | None, screen: str | None) -> int:
    """Open the app on the configured database; gives back its exit code. Raises CommandFailed without a terminal."""
    from tui.terminal import why_no_terminal

    if (reason := why_no_terminal()) is not None:
        raise CommandFailed(f"{reason}: 'tenantpilot report' prints the same verdicts.", EXIT_USAGE)
    if screen is not None and tenant is None:
        raise CommandFailed("--screen needs --tenant: a screen is one tenant's.", EXIT_USAGE)
    # Importing makes nothing that could be collected; the reader switches it on again once it is through with that.
    gc.disable()
    from tui.commands.session import open_session

    return open_session(invocation).run_app(invocation, tenant=tenant, screen=screen)
