"""What all screens that show facts share: asking for facts, their age, failures, and handing them on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, cast

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from health.again import OfOneTenant, tenant_again
from health.instants import LATEST
from tui.asking import Answer, Asking, FactsArrived, FactsFailed, GaveWay
from tui.place import FLEET, Place
from tui.reader import Question, Request
from tui.screens.framed_screen import FramedScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.header_line import HeaderLine
from tui.widgets.row_list import Cell, Column, RowList
from tui.words.database_time import DatabaseTime
from tui.words.durations import format_span
from tui.words.safe_text import a_line_each, safe_text

if TYPE_CHECKING:
    from health.resolver import TenantBackupHealthResolver

_SHORTEST: Final = 0.01
"""The shortest wait of a timer, in seconds: none may be 0."""
_PATIENCE: Final = 0.05
"""How many seconds an answer may take before the screen is drawn without it. A near database is faster."""


class FactsScreen(FramedScreen, Generic[Answer]):
    """A screen over one answer of the resolver. A failed refresh keeps the last answer, its age and the cause."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "back", key_display="esc", tooltip="go back one screen", id="screen.back"),
        Binding("r", "refresh_facts", "refresh", tooltip="read the facts again", id="screen.refresh"),
        Binding("y", "copy_name", "copy", show=False, tooltip="copy the id or name under the cursor", id="screen.copy"),
        Binding(
            "Y",
            "copy_command",
            "copy command",
            show=False,
            tooltip="copy the command that opens this place",
            id="screen.copy_command",
        ),
        Binding("e", "export", "export", show=False, tooltip="export what is on the screen", id="screen.export"),
    ]

    answer: reactive[Answer | None] = reactive(None, init=False)
    unconfirmed: reactive[bool] = reactive(False, init=False)
    """The facts are too old for a confirmation (docs/concepts.md, "Evidence that cannot be read"), or clocks differ."""
    clocks_differ: reactive[bool] = reactive(False, init=False)
    """The database's clock is not this machine's: no age is certain (docs/reading.md, "How old the facts are")."""

    def __init__(self) -> None:
        super().__init__()
        self.asking = Asking()
        self._minutes_old = 0

    @property
    def facts(self) -> Answer:
        """The last answer. Only for use after the first one has come."""
        assert self.answer is not None
        return self.answer

    @property
    def reading(self) -> bool:
        """Whether the last question is still unanswered."""
        return self.asking.under_way

    def is_due(self, refresh: timedelta) -> bool:
        """Whether an automatic refresh is due."""
        return self.asking.is_due(refresh, self.pilot.boot_seconds())

    # What each screen defines

    @classmethod
    def at(cls, tenant: str, place: Place) -> Self:
        """A new screen of a tenant, by its id, as a command line opens it. Its name comes with the first answer."""
        raise NotImplementedError

    def question(self) -> Question[Answer]:
        """What this screen asks the resolver. Made for each load, from the latest state of the screen."""
        raise NotImplementedError

    def note(self) -> str:
        """What is unknown about the past, and why the facts are doubtful. Every age depends on that."""
        context = self.pilot.context
        # The instant once more: beside a long name of a database it is cut.
        then = f"as of {self.pilot.fixed_instant()}: schedules and deletions unknown, nothing confirmed"
        past = (then,) if context.as_of else ()
        return "; ".join((*past, *self.asking.database_time.doubts(context.policy, context.confirmation_limit)))

    def name_under_cursor(self) -> str | None:
        """What `y` copies."""
        return None

    def place(self) -> Place:
        """This place, so that a command line can open it."""
        raise NotImplementedError

    def exported(self, form: str) -> str:
        """What `e` writes in one of the formats: evidence (docs/screens.md, "Whose it is")."""
        from tui.words.evidence import Evidence, evidence_as, head  # asked for by a key: the first frame does not wait

        way, policy = " > ".join(self.way_here()), self.pilot.context.policy
        whose = (self.external_id, self.called()) if self.external_id else None
        about = head(way, whose, self.query_one(HeaderLine).place, self.facts.now, policy, self.part_exported())
        return evidence_as(form, Evidence(way, about | self.about(), self.evidence()))

    def evidence(self) -> list[dict[str, Any]]:
        """The rows that `e` writes: plain values, instants absolute."""
        raise NotImplementedError

    def about(self) -> dict[str, Any]:
        """What `e` writes about all rows of this screen: their set, and how they are narrowed."""
        return {}

    def under_cursor(self) -> dict[str, str]:
        """The ids and names of the tenant, the set and the item of this place, if it has them."""
        place, found = self.place(), {}
        if self.external_id:
            found = {"tenant": self.external_id, "name": self.called()}
        if place.set:
            found["set"] = str(place.set[-1])
        if place.item is not None:
            found |= {"type": place.item.policy_type, "item": place.item.policy_identifier}
        return found

    def in_a_picture(self) -> str:
        """The title of a picture, also of the help or a list over it: the tenant, the place, and when it was judged."""
        at = "" if self.answer is None else f", judged at {self.facts.now:%Y-%m-%d %H:%M:%S} UTC"
        return safe_text(f"{' > '.join(self.way_here())}, {self.query_one(HeaderLine).place}{at}", limit=400)

    def part_exported(self) -> str:
        """Which part of the rows `exported` returns, in words; empty if it is all of them."""
        return ""

    def on_mount(self) -> None:
        if self not in self.app.screen_stack or not self.query(HeaderLine):
            return  # keys that are faster than frames have closed it already, or ended the app
        self.show_crumbs()
        self.set_interval(1, self.tick)
        self.tick()
        self.load()
        if self._is_opened:
            self.pilot.hold_frames(self)
            self.set_timer(_PATIENCE, self._show_without_answer)

    @property
    def _is_opened(self) -> bool:
        """Whether it was opened by a key. The first screen is drawn part by part: no other stays in its place."""
        return self.app.screen_stack[0] is not self

    def _show_without_answer(self) -> None:
        if self.answer is None:
            self.show_meanwhile()
            self.pilot.draw_when_settled(self)

    def show_meanwhile(self) -> None:
        """Show what is known before the first answer, which takes its time."""

    def on_screen_resume(self) -> None:
        if self not in self.app.screen_stack or not self.query(HeaderLine):
            return
        self.show_crumbs()
        self.tick()
        if self.answer is not None:
            self.load()

    def on_unmount(self) -> None:
        self.pilot.reader.give_up(self)

    # Asking

    def load(self, *, in_background: bool = False) -> None:
        """Ask again. An unanswered question of this screen is cancelled.

        A refresh `in_background` gives way to every question that a person waits for (docs/reading.md, "Deadlines").
        """
        number = self.asking.begin(self.asked_from())
        question, clock = self.question(), self.pilot.context.clock
        waited = self.pilot.boot_seconds() - self.asking.asked_at
        asked_at = clock() - timedelta(seconds=waited)
        if self.answer is None:
            # The clock's own ticks come at any part of a second: the first to say how far it is could be a second late.
            self.set_timer(max(_SHORTEST, 1 - waited), self.tick)

        def ask(resolver: TenantBackupHealthResolver) -> tuple[Answer, DatabaseTime, str | None]:
            answer = question(resolver)
            return answer, DatabaseTime.of(resolver.own_time(), asked_at, clock()), resolver.connected_to()

        self.pilot.reader.ask(
            Request(
                self,
                ask,
                lambda found: self._post(FactsArrived(number, *found)),
                lambda sentence: self._post(FactsFailed(number, sentence)),
                (lambda: self._post(GaveWay(number))) if in_background else None,
            )
        )

    def asked_from(self) -> float:
        """When the current question was asked, in seconds of the clock that also runs in suspend."""
        return self.pilot.boot_seconds()

    def _post(self, message: Message) -> None:
        """Post a message from the reader thread. A closed screen needs none."""
        if self.is_running:
            self.post_message(message)

    def _is_awaited(self, number: int) -> bool:
        """Whether an answer belongs to the last question, and this screen is still open."""
        return number == self.asking.number and self in self.app.screen_stack

    def on_facts_arrived(self, message: FactsArrived[Answer]) -> None:
        message.stop()
        if not self._is_awaited(message.number):
            return
        first = self.answer is None
        self.asking.answered(self.facts_from(message.answer), message.database_time, self.pilot.boot_seconds())
        if first and self._is_opened:
            self.pilot.hold_frames(self)
        if first:
            # We set classes on these two widgets, not on the screen: Textual restyles all below the changed node.
            self.query_one("#waiting").add_class("-over")
            self.query_one("#body").remove_class("-waiting")
            # We ask the screen itself: a widget's request would come a frame later.
            self.refresh(repaint=False, layout=True)
        self.tick()
        self.answer = message.answer
        header = self.query_one(HeaderLine)
        header.note = self.note()
        header.place = self.pilot.place_words(message.connected_to)
        # A tenant opened by its external id gets its name only now. The screen on top shows it too.
        if isinstance(self.app.screen, FactsScreen):
            self.app.screen.show_crumbs()
        if first:
            # If the user is typing, the focus stays: otherwise the next letters would run as commands.
            if not isinstance(self.focused, FilterInput):
                self.first_focus()
            self.call_after_refresh(self._show_focused)
            self.pilot.draw_when_settled(self)

    def _show_focused(self) -> None:
        """Scroll to the focus: in a small window too, the proof of a reason is never below the edge."""
        if self.focused is not None:
            self.focused.scroll_visible(animate=False, immediate=True)

    def on_facts_failed(self, message: FactsFailed) -> None:
        message.stop()
        if not self._is_awaited(message.number):
            return
        self.asking.failed(message.sentence)
        if self.answer is None:
            waiting = self.query_one("#waiting", Static)
            waiting.add_class("-failed")
            waiting.update(Content(a_line_each(message.sentence)))
        self.tick()
        self.pilot.draw_when_settled(self)

    def on_gave_way(self, message: GaveWay) -> None:
        message.stop()
        if self._is_awaited(message.number):
            # We ask again, so that the age counts from now and not from before the wait.
            self.load(in_background=True)

    def facts_from(self, answer: Answer) -> float:
        """When the facts of an answer were asked for: they are as old as that question."""
        return self.asking.asked_at

    def first_focus(self) -> None:
        """Set the focus when the first answer has arrived."""
        self.query(RowList).first().focus()

    def now(self) -> datetime:
        """The instant for the ages shown (UTC): when the facts were judged, plus the time since they were asked for.

        It never passes the last instant at which the shown answer holds: an age would contradict the verdict beside it.
        """
        if self.answer is None:
            return self.pilot.evaluation_instant()
        # Whole seconds, so that an age does not depend on how fast the answer came.
        now = self.answer.now + timedelta(seconds=self._since_judged() // timedelta(seconds=1))
        return max(self.answer.now, min(now, self.holds_until(self.answer)))

    def _since_judged(self) -> timedelta:
        if self.pilot.context.fixed_now is not None:
            return timedelta(0)
        return self.asking.since_judged(self.pilot.boot_seconds())

    # A verdict ends when it ends

    def holds_until(self, answer: Answer) -> datetime:
        """The last instant (UTC) at which an answer is judged as it is, if no fact changes."""
        return answer.health.holds_until if isinstance(answer, OfOneTenant) else LATEST

    def judged_again(self, answer: Answer, now: datetime) -> Answer:
        """An answer judged at a later instant, from the facts in it."""
        if not isinstance(answer, OfOneTenant):
            return answer
        return cast(Answer, tenant_again(answer, self.pilot.context.policy, now))

    def _judge_what_is_over(self) -> None:
        """Judge again what is shown, if it no longer holds (docs/reading.md, "A verdict ends when it ends")."""
        if self.answer is None:
            return
        now = self.answer.now + self._since_judged()
        if now > self.holds_until(self.answer):
            self.asking.judged_at = self.pilot.boot_seconds()
            self.answer = self.judged_again(self.answer, now)

    def tick(self) -> None:
        """Once a second: update the age of the facts, and whether they are too old to confirm."""
        if not (headers := self.query(HeaderLine)):
            return  # a screen's parts go before it, also when the app ends while a screen opens
        header = headers.first()
        self._judge_what_is_over()
        context, at = self.pilot.context, self.pilot.boot_seconds()
        if (age := self.asking.age(at)) is not None:
            too_old = self.asking.too_old(at, context.confirmation_limit, context.refresh)
            self.clocks_differ = self.asking.database_time.clocks_differ(context.policy)
            self.unconfirmed = too_old or self.clocks_differ
        if not self._is_seen:
            return
        if self.answer is None and self.asking.under_way:
            self._say_how_far(timedelta(seconds=at - self.asking.asked_at))
        header.problem = self.asking.problem if age is not None else ""
        header.set_class(self.unconfirmed, "-doubted")
        if age is not None:
            header.age = f"facts {format_span(age)} old"
            if (minutes := age // timedelta(minutes=1)) != self._minutes_old:
                self._minutes_old = minutes
                self.show_ages()
        else:
            header.age = "no facts" if self.asking.problem else "reading"

    def _say_how_far(self, waited: timedelta) -> None:
        """From the first second on, show the progress of the first read, or how long it has taken."""
        if waited >= timedelta(seconds=1):
            what = self.how_far() or f"for {format_span(waited)}"
            self.query_one("#waiting", Static).update(Content(f"reading the facts ... {what}"))

    def how_far(self) -> str:
        """The progress of the running read, in words; empty if it is unknown."""
        return ""

    def show_ages(self) -> None:
        """Once a minute: show every age again, because facts grow older even without a refresh."""
        for each in self.query(RowList):
            each.refresh()

    @property
    def _is_seen(self) -> bool:
        """Whether it is on top, or under the palette. A change on a hidden screen makes Textual redraw the top one."""
        top = self.app.screen
        return top is self or top.styles.background.a < 1

    # Keys

    def action_refresh_facts(self) -> None:
        self.load()

    def action_copy_name(self) -> None:
        self.pilot.copy_text(self.name_under_cursor(), "nothing to copy here")

    def action_export(self) -> None:
        """Ask for the format. Facts too old to confirm a verdict are too old to hand on."""
        from tui.words.export import SUFFIXES

        if self.answer is None:
            self.pilot.say("nothing to export yet")
        elif self.unconfirmed:
            why = "of uncertain age while clocks differ" if self.clocks_differ else "too old to hand on"
            self.pilot.say(f"not exported: these facts are {why}")
        else:
            columns = [Column("EXPORT AS", 16, share=1)]
            self.pilot.choose(columns, tuple(SUFFIXES.items()), lambda chosen: (Cell(chosen[0]),), self._export)

    def _export(self, chosen: tuple[str, str] | None) -> None:
        if chosen is not None:
            form, suffix = chosen
            self._judge_what_is_over()
            stem = self.pilot.stem(type(self).__name__.removesuffix("Screen").lower(), self.external_id)
            self.pilot.save_new(stem, suffix, self.exported(form), self.part_exported())

    def action_copy_command(self) -> None:
        self.pilot.copy_command(self.place().over(self._fleet_behind()).arguments())

    def _fleet_behind(self) -> Place:
        """How the fleet behind this screen is narrowed and sorted: the copied command goes back to the same list."""
        fleet = next(each for each in self.app.screen_stack if isinstance(each, FactsScreen))
        behind = FLEET if fleet is self else fleet.place()
        # On the screen of a set the filter's words are for its items.
        return behind._replace(filter=None) if self.place().named_screen() == "backup_set" else behind
