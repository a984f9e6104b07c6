"""`tenantpilot` without a command: the screens.

Functions import Textual, and what only one of the two processes of a start needs. The first frame waits for every
import before the second process begins.
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

# The bytes after Esc distinguish it from an arrow key. Over a slow link they may come later than Textual waits.
_ESCAPE_DELAY_MILLISECONDS: Final = "500"


def open_screens(invocation: Invocation, place: Place, view: str | None = None) -> int:
    """Open the app on the configured database. Returns its exit code.

    The screens open at `place`; options that it does not give come from the settings' `view`. Raises CommandFailed
    without a terminal.
    """
    if (reason := why_no_terminal()) is not None:
        raise CommandFailed(f"{reason}: 'tenantpilot report' prints the same verdicts.", EXIT_USAGE)
    if view is None:  # with a view, the options may fit only together with those of the view
        checked(place)
    # Imports make no garbage, so collection would only cost time. The reader switches it on again.
    gc.disable()
    began = boot_seconds()
    second = None
    # With one core a second process would only wait, and its own start would cost time.
    if usable_cores() > 1:
        second = SecondProcess.begin(partial(_settings_then_fleet, invocation, place, view))
    _import_textual()
    context = None if second is None else _sent_context(second, began)
    if context is None:
        from tui.commands.session import session_of

        context = session_of(invocation).context(invocation, place, view)
    return show(context)


def show(context: AppContext) -> int:
    """Show the screens until the user quits. Returns the process's exit code."""
    _import_textual()
    from tui.app import TenantPilotApp
    from tui.terminal.process import ended_by_signals
    from tui.terminal.themes import require_theme

    require_theme(context.theme)
    # Not if the user has bound a key with Alt.
    if not any("alt+" in keys for keys in context.keymap.values()):
        # The parser is internal to Textual. If a later version has moved it, we use the keys as Textual reads them.
        with suppress(ImportError):
            from tui.terminal.escape import tell_escape_from_alt

            tell_escape_from_alt()
    app = TenantPilotApp(context)
    # How Textual draws is internal to it too.
    with suppress(ImportError):
        from tui.terminal.changed_cells import ChangedCells

        app.drawn = ChangedCells()
    with ended_by_signals(app.end):
        app.run(mouse=context.mouse)
    if app.fault is not None:
        raise CommandFailed(app.fault, app.return_code or EXIT_FAULT)
    return app.return_code or 0


def _import_textual() -> None:
    # Textual reads this when it is imported.
    os.environ.setdefault("ESCDELAY", _ESCAPE_DELAY_MILLISECONDS)
    import tui.app  # noqa: F401


def _settings_then_fleet(invocation: Invocation, place: Place, view: str | None, sender: Sender) -> None:
    """In the second process: read the settings, then the fleet. If this fails, the first process does it."""
    from tui.commands.session import session_of

    session = session_of(invocation)
    address = session.reading()
    context = session.context(invocation, place, view)
    sender.send(pickle.dumps((context, address)))
    if context.as_of:
        return  # only the present fleet is read ahead
    from health.store.reading.ahead import send_fleet

    def opened(connection: ReadingConnection) -> None:
        # Reading a file ends with this process, but a server would continue the query.
        sender.when_cut_off = connection.break_off

    send_fleet(address, sender.send, opened)


def _sent_context(second: SecondProcess, began: float) -> AppContext | None:
    """The context from the second process, which then sends the fleet; None if it could not."""
    messages = second.messages()
    if (message := next(messages, None)) is None:
        second.end()
        return None
    from health.store.reading.ahead import FleetAhead

    context, address = pickle.loads(message)  # noqa: S301 - from our own process
    if context.as_of:
        second.end()  # it reads the facts of now
        opened_now: AppContext = context
        return opened_now
    ahead = FleetAhead(messages, second.end)
    opened: AppContext = context._replace(
        open_first=partial(open_resolver, address, context.policy, ahead), ahead_since=began
    )
    return opened
