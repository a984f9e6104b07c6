"""The Textual app: its clock, its one reader thread, the way between screens, and the keys of every screen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import SuspendNotSupported, SystemCommand
from textual.binding import Binding, BindingsMap, BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

from tui.context import AppContext, Database
from tui.held_frames import HeldFrames
from tui.key_order import AT_ONCE, KeysInOrder
from tui.pilot import Pilot, Row
from tui.place import CAUSES, Place
from tui.reader import FactsReader
from tui.routes import opened_at, screen_named
from tui.screens.facts_screen import FactsScreen
from tui.screens.tenants import TenantsScreen
from tui.terminal.abilities import codeset_here
from tui.terminal.one_write import in_one_write
from tui.terminal.plain import PlainFilter
from tui.terminal.process import has_job_control, stop_the_job
from tui.terminal.themes import TERMINALS_OWN, THEMES, WITHOUT_COLOURS
from tui.widgets.key_hints import KeyUse, is_movement, key_uses
from tui.widgets.row_list import Cell, Column, name_cell
from tui.words.failures import EXIT_FAULT
from tui.words.fault_log import note_fault, note_trace
from tui.words.safe_text import has_hidden, safe_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from health.posture import TenantBackupHealth
    from tui.terminal.changed_cells import ChangedCells


def _note_loop_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For a task that nothing awaits: asyncio would print its traceback."""
    if isinstance(error := context.get("exception"), Exception):
        note_fault(error)


def _database_cells(database: Database) -> Sequence[Cell]:
    mark = Cell("PRODUCTION", "absent") if database.production else Cell("")
    return name_cell(database.name), Cell(safe_text(database.label)), mark


class TenantPilotApp(Pilot):
    """One app over one database."""

    TITLE = "TenantPilot"
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False
    CSS = """
    Screen { background: $background; }
    ToastRack { margin-bottom: 0; overflow-y: hidden; }
    Toast { width: 100%; max-width: 100%; margin-top: 0; padding: 0; }
    Input > .input--placeholder { color: $quiet; }
    /* Textual draws it black on white and reverses that: invisible where the terminal is dark. */
    Input:ansi > .input--cursor { color: ansi_default; background: ansi_default; text-style: reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark",
            "show_help",
            "help",
            key_display="?",
            tooltip="help: the keys that work here",
            id="app.help",
        ),
        Binding(
            "ctrl+p",
            "command_palette",
            "commands",
            show=False,
            tooltip="commands: every action and every tenant",
            id="app.palette",
            priority=True,
        ),
        # Where other programs read a command after it: its letters must not be keys here.
        Binding(
            "colon",
            "command_palette",
            "commands",
            show=False,
            key_display=":",
            tooltip="commands: every action and every tenant",
            id="app.colon",
        ),
        Binding(
            "ctrl+s",
            "save_picture",
            "save a picture",
            show=False,
            tooltip="save a picture of the screen",
            id="app.picture",
        ),
        Binding("d", "choose_database", "databases", show=False, tooltip="show another database", id="app.databases"),
        Binding("q", "quit", "quit", tooltip="quit TenantPilot", id="app.quit"),
        Binding("ctrl+q,ctrl+c", "quit", "quit", show=False, id="app.quit_always", priority=True),
        Binding("ctrl+l", "repaint", "draw the screen anew", show=False, id="app.repaint", priority=True),
        Binding(
            "ctrl+z",
            "suspend_process",
            "to the shell",
            show=False,
            tooltip="go to the shell; fg comes back",
            id="app.suspend",
            priority=True,
        ),
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.animation_level = "none"
        self.fault: str | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._numbers = count(1)
        self.keys = KeysInOrder(self, super().on_event)
        self.drawn: ChangedCells | None = None
        self._held = HeldFrames(self, self._draw_held)
        for theme in THEMES:
            self.register_theme(theme)
        own = [
            Binding(each.key, f"own_command('{each.name}')", f"own command {each.name}", show=False,
                    id=f"commands.{each.name}")
            for each in context.commands
        ]  # fmt: skip
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(own)])
        self.set_keymap(dict(context.keymap))
        self.theme = WITHOUT_COLOURS if self.no_color else context.theme
        self._plain = (PlainFilter(codeset_here(os.environ)),) if context.plain else ()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(TERMINALS_OWN)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._plain]

    # Start and end

    def on_load(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        self._own_loop.set_exception_handler(_note_loop_fault)

    def get_default_screen(self) -> Screen[Any]:
        return TenantsScreen(self.context.place)

    def on_ready(self) -> None:
        """Start the reader now: it imports the database's drivers, and the first frame is already on the terminal."""
        self.reader.start()
        # Textual returns from the shell to an empty screen and does not repaint it.
        self.app_resume_signal.subscribe(self, self._back_from_the_shell, immediate=True)
        for screen in opened_at(self.context.place):
            self.push_screen(screen)
        if self.context.place.screen == CAUSES and isinstance(self.screen, TenantsScreen):
            self.screen.action_causes()
        if self.context.refresh:
            self.set_interval(self.context.refresh.total_seconds(), self._refresh_shown)

    def _refresh_shown(self) -> None:
        # The timer goes on while the app closes: then there is no screen any more.
        for screen in self.screen_stack[-1:]:
            if isinstance(screen, FactsScreen) and screen.is_due(self.context.refresh):
                screen.load(in_background=True)

    async def action_quit(self) -> None:
        self._leave_in_turn(0)

    def end(self, exit_code: int) -> None:
        """Leave with an exit code, from a signal handler or another thread. Raises SystemExit before the start."""
        if self._own_loop is None:
            raise SystemExit(exit_code)
        if not self._own_loop.is_closed():
            self._own_loop.call_soon_threadsafe(self.call_later, self._leave_in_turn, exit_code)

    def _leave_in_turn(self, exit_code: int) -> None:
        """Leave after the screen's pending messages: a half-built screen cannot be taken down."""
        if not self.screen.call_later(self._leave, exit_code):
            self._leave(exit_code)

    def _leave(self, exit_code: int) -> None:
        self._remember_visit()
        self.reader.stop()
        self.exit(return_code=exit_code)

    def _remember_visit(self) -> None:
        # With --now the states are those of another instant, so this is not a visit.
        fleet = next((each for each in self.screen_stack if isinstance(each, TenantsScreen)), None)
        if fleet is not None and self.context.fixed_now is None:
            fleet.remember_visit()

    def action_suspend_process(self) -> None:
        if not has_job_control():
            self.say("there is no shell to go back to: q quits")
            return
        with self.suspend():
            stop_the_job()

    # Drawing

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self.drawn is not None:
            if self._held.takes(screen) and self.drawn.hold(renderable, self.console):
                return
            renderable = self.drawn.of(renderable, self.console)
        with in_one_write(self._driver):
            super()._display(screen, renderable)
        self.keys.painted(screen)

    def _draw_held(self) -> None:
        for screen in self.screen_stack[-1:]:  # none while the app closes
            self._display(screen, None)

    def hold_frames(self, screen: Screen[Any]) -> None:
        if self.drawn is not None:
            self._held.hold(screen)

    def draw_when_settled(self, screen: Screen[Any]) -> None:
        self._held.release_when_settled(screen)

    def _back_from_the_shell(self, _app: object) -> None:
        """Draw everything, as old as it is by now: hours may have passed, and what was confirmed may be so no more."""
        for screen in self.screen_stack:
            if isinstance(screen, FactsScreen):
                screen.tick()
        self.action_repaint()

    def action_repaint(self) -> None:
        """Draw everything again: another program may have written on the terminal."""
        if self.drawn is not None:
            self.drawn.forget()
        self.refresh(layout=True)

    # Faults: Textual would print the traceback with every local variable, a password among them

    def _handle_exception(self, error: Exception) -> None:
        sentence = note_fault(error.error if isinstance(error, WorkerFailed) else error)
        if self._exit:
            return  # a fault while the screens are taken down changes nothing
        self.fault = self.fault or sentence
        super()._handle_exception(error)
        self._return_code = EXIT_FAULT

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """End after a fault: an already noted one, or one of the thread that reads the keys, which Rich has kept."""
        for trace in (each.trace for each in renderables if hasattr(each, "trace")):
            self.fault = self.fault or note_trace(trace)
        self._return_code = self._return_code or EXIT_FAULT
        self._close_messages_no_wait()

    async def on_event(self, event: events.Event) -> None:
        """Pass on keys and pastes in their order. Remove hidden characters from a paste, which comes from outside."""
        if isinstance(event, events.Paste):
            event.text = "".join(char for char in event.text if char == "\n" or not has_hidden(char))
        if isinstance(event, events.Resize) and self.drawn is not None:
            self.drawn.forget()
        at_once = event.is_forwarded or (isinstance(event, events.Key) and event.key in AT_ONCE)
        if isinstance(event, events.Key | events.Paste) and not at_once:
            await self.keys.take(event)
        else:
            await super().on_event(event)

    # The way between screens

    def open_screen(self, name: str, *arguments: Any, **named: Any) -> None:
        self._push(screen_named(name, *arguments, **named))

    def choose(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row],
        cells: Callable[[Row], Sequence[Cell]],
        then: Callable[[Row | None], None],
        **named: Any,
    ) -> None:
        self._push(screen_named("choice", columns, rows, cells, **named), then)

    def _push(self, screen: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        # Two key presses in one packet both reach the screen that the first one leaves.
        if type(screen) is not type(self.screen):
            self.push_screen(screen, then)

    def adopt(self, health: TenantBackupHealth) -> TenantBackupHealth:
        for screen in self.screen_stack:
            if isinstance(screen, TenantsScreen):
                return screen.adopt(health)
        return health

    # Several databases

    def action_choose_database(self) -> None:
        if len(self.context.databases) < 2:
            self.say("the settings name no other database: see [databases.NAME] there")
            return
        columns = [Column("NAME", 16), Column("DATABASE", 22, share=1), Column("", 12)]
        shown = self.context.database
        self.choose(
            columns, self.context.databases, _database_cells, self._switch,
            key_of=lambda database: database.name, begin_at=shown.name,
        )  # fmt: skip

    def _switch(self, database: Database | None) -> None:
        """Show another database on new screens with a new reader, so that they cannot show facts of the old one."""
        if database is None or database == self.context.database:
            return
        self._remember_visit()
        self.reader.stop()
        self.context = self.context._replace(database=database, place=Place(), open_first=None, ahead_since=None)
        self.reader = FactsReader(database.open_resolver)
        self.reader.start()
        # A toast about the old database would stay on the new screens for a moment.
        self.clear_notifications()
        left, screens = self.current_mode, self.screen_stack
        shown = f"database {next(self._numbers)}"
        self.add_mode(shown, TenantsScreen)
        self.switch_mode(shown)
        if left != self.DEFAULT_MODE:
            self.remove_mode(left)
            return
        # Textual does not remove the stack the app began with; a mode of our own instead of it would style every
        # widget twice before the first frame.
        for screen in reversed(screens):
            screen.remove()

    # Actions that work everywhere. What only a key needs is imported by it: the first frame does not wait for it.

    def action_save_picture(self) -> None:
        from tui.words.export import picture_alone

        # If the palette or a choice is open, we want the screen below it.
        shown = next((each for each in reversed(self.screen_stack) if isinstance(each, FactsScreen)), None)
        self.save_new(
            self.stem("screen", "" if shown is None else shown.external_id),
            ".svg",
            picture_alone(self.export_screenshot(title="" if shown is None else shown.in_a_picture())),
        )

    def action_own_command(self, name: str) -> None:
        """Run a user's own command for the row under the cursor, in the terminal, which the app leaves meanwhile."""
        from tui.own_commands import NotRun
        from tui.terminal.program import run_in_terminal

        (command,) = (each for each in self.context.commands if each.name == name)
        if not isinstance(self.screen, FactsScreen):
            return
        try:
            values = self.screen.under_cursor()
            arguments = command.arguments(values)
            with self.suspend():
                run_in_terminal(arguments, command.about(values))
        except NotRun as problem:
            self.say(str(problem))
        except SuspendNotSupported:
            self.say(f"{name} was not run: this terminal cannot be left for it")
        else:
            self.refresh(layout=True)

    def action_show_help(self) -> None:
        uses = sorted(
            key_uses(self.screen, plain=self.context.plain), key=lambda use: (is_movement(use), not use.binding.show)
        )
        self._push(screen_named("help", uses), self._use)

    def _use(self, use: KeyUse | None) -> None:
        """Do what a key does, chosen from the help."""
        if use is not None:
            self.call_later(self.run_action, use.binding.action, use.node)

    def action_command_palette(self) -> None:
        if not any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            from tui.palette import PROVIDERS, QuietPalette

            self.push_screen(QuietPalette(PROVIDERS, placeholder="a tenant or an action"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return ()
