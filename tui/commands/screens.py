"""`tenantpilot` without a command: the screens.

Imported inside functions is what only one of the two processes of a start needs, or Textual itself: the first frame
waits for whatever is imported before the second process begins.
"""

from __future__ import annotations

import gc
import os
import pickle
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from tui.commands.options import Invocation, checked
from tui.context import boot_seconds, open_resolver
from tui.place import Place
from tui.terminal.cores import usable_cores
from tui.terminal.presence import why_no_terminal
from tui.terminal.second_process import SecondProcess, Sender
from tui.words.failures import EXIT_FAULT, EXIT_USAGE, CommandFailed

if TYPE_CHECKING:
    from health.store.opening.statements import ReadingConnection
    from tui.context import AppContext

# What follows Esc tells it from an arrow key; over a slow link that may take longer than Textual waits.
_ESCAPE_DELAY_MILLISECONDS: Final = "500"


def open_screens(invocation: Invocation, place: Place, view: str | None = None) -> int:
    """Open the app on the configured database; gives back its exit code.

    Where the screens open is what `place` says, and what it leaves unsaid as the settings have it under `view`.
    Raises CommandFailed without a terminal.
    """
    if (reason := why_no_terminal()) is not None:
        raise CommandFailed(f"{reason}: 'tenantpilot report' prints the same verdicts.", EXIT_USAGE)
    if view is None:  # else what was said may go together only with what the settings say
        checked(place)
    # Importing makes nothing that could be collected; the reader switches it on again once it is through with that.
    gc.disable()
    began = boot_seconds()
    second = None
    # With one core the second process would only wait for it, and its own start comes on top.
    if usable_cores() > 1:
        second = SecondProcess.begin(partial(_settings_then_fleet, invocation, place, view))
    _import_textual()
    context = None if second is None else _sent_context(second, began)
    if context is None:
        from tui.commands.session import session_of

        context = session_of(invocation).context(invocation, place, view)
    return show(context)


def show(context: AppContext) -> int:
    """Open the screens and stay until they are left; gives back the process's exit code."""
    _import_textual()
    from tui.app import TenantPilotApp
    from tui.terminal.process import ended_by_signals
    from tui.terminal.themes import require_theme

    require_theme(context.theme)
    # Not for a user who has bound a key with Alt.
    if not any("alt+" in keys for keys in context.keymap.values()):
        # The parser is Textual's own affair: where a later one has it elsewhere, its keys are as it tells them.
        with suppress(ImportError):
            from tui.terminal.escape import tell_escape_from_alt

            tell_escape_from_alt()
    app = TenantPilotApp(context)
    # How Textual draws is its own affair too.
    with suppress(ImportError):
        from tui.terminal.changed_cells import ChangedCells

        app.drawn = ChangedCells()
    with ended_by_signals(app.end):
        app.run(mouse=context.mouse)
    if app.fault is not None:
        raise CommandFailed(app.fault, app.return_code or EXIT_FAULT)
    return app.return_code or 0


def _import_textual() -> None:
    # Read by Textual when it is imported.
    os.environ.setdefault("ESCDELAY", _ESCAPE_DELAY_MILLISECONDS)
    import tui.app  # noqa: F401


def _settings_then_fleet(invocation: Invocation, place: Place, view: str | None, sender: Sender) -> None:
    """In the second process: read the settings, then the fleet. What fails here the first one does, and reports."""
    from tui.commands.session import session_of

    session = session_of(invocation)
    address = session.reading()
    sender.send(pickle.dumps((session.context(invocation, place, view), address)))
    from health.store.reading.ahead import send_fleet

    def opened(connection: ReadingConnection) -> None:
        # A file's reader ends with its process; a server would go on.
        sender.when_cut_off = connection.break_off

    send_fleet(address, sender.send, opened)


def _sent_context(second: SecondProcess, began: float) -> AppContext | None:
    """The context as the second process has sent it, the fleet on its way behind it; None if it could not."""
    messages = second.messages()
    if (message := next(messages, None)) is None:
        second.end()
        return None
    from health.store.reading.ahead import FleetAhead

    context, address = pickle.loads(message)  # noqa: S301 - by a process of our own
    ahead = FleetAhead(messages, second.end)
    opened: AppContext = context._replace(
        open_first=partial(open_resolver, address, context.policy, ahead), ahead_since=began
    )
    return opened
