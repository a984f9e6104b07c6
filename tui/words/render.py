"""Verdicts as text for people and spreadsheets: a table, CSV and Markdown.

(docs/documents.md, "The other forms")
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from health.facts import BackupSet
from health.policy import HealthPolicy
from health.posture import TenantBackupHealth
from health.report import (
    NOTHING_BESIDE,
    Beside,
    FleetTotals,
    basis_named,
    report_head,
    rfc3339,
    tenant_entry,
    whole_seconds,
)
from tui.words.columns import degraded_share, goes_stale, latest_backup, states_counted
from tui.words.durations import format_minute
from tui.words.known_words import known_in_words
from tui.words.safe_text import safe_text, whole_text
from tui.words.wording import counted, reason_sentence, state_of, why, window_in_words

if TYPE_CHECKING:
    from rich.table import Table

_NARROWEST: Final = 60
_ROOMY: Final = 80
"""From this width up, a name may take a quarter of the columns; below it, only `_SHORTEST_NAME`."""
_SHORTEST_NAME: Final = 12
_WITH_FORECAST: Final = 100
"""From this width up, a table says when each latest backup goes stale, as the screen does."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

CSV_COLUMNS: Final = (
    "tenant", "name", "posture", "confirmed", "reasons", "basis_id", "basis_completed_at", "freshness",
    "items", "degraded_items", "families", "schedules_enabled", "follow_up", "unreadable",
)  # fmt: skip


def report_as(
    form: str,
    verdicts: Sequence[TenantBackupHealth],
    policy: HealthPolicy,
    now: datetime,
    only: str = "",
    beside: Beside = NOTHING_BESIDE,
) -> Iterator[str]:
    """The report as `json`, `csv`, `markdown` or `table`, part by part, ending in a newline.

    `only` says which tenants a forecast lists. A report's CSV has fixed columns without a place for it; an export's has
    more columns.
    """
    match form:
        case "json":
            yield from json_report(verdicts, policy, now, beside)
        case "csv":
            yield csv_report(verdicts, _csv_of_an_export(policy, now, only) if beside.names_bases else None)
        case "markdown":
            yield markdown_report(verdicts, policy, now, only, beside)
        case _:
            yield table_report(verdicts, policy, now, only, beside)


def json_report(
    verdicts: Sequence[TenantBackupHealth], policy: HealthPolicy, now: datetime, beside: Beside
) -> Iterator[str]:
    """The document in parts, one tenant a line, because memory may not hold a second copy of a large fleet."""
    head = json.dumps(report_head(verdicts, policy, now, beside))
    yield f'{head.removesuffix("}")},\n "tenants": ['
    for place, health in enumerate(verdicts):
        entry = json.dumps(tenant_entry(health, now, beside.known_of(health)))
        yield f"{',' if place else ''}\n  {entry}"
    yield "]"
    if beside.names_bases:
        # Beside the tenants, whose fields are fixed.
        named = (json.dumps(each) for each in map(basis_named, verdicts) if each is not None)
        yield ',\n "bases": ['
        yield from (f"{',' if place else ''}\n  {each}" for place, each in enumerate(named))
        yield "]"
    if beside.attempts:
        yield f',\n "attempts": {json.dumps(beside.attempts)}'
    yield "}\n"


def table_report(
    verdicts: Sequence[TenantBackupHealth],
    policy: HealthPolicy,
    now: datetime,
    only: str,
    beside: Beside = NOTHING_BESIDE,
) -> str:
    """A table as wide as the terminal. Above it are the totals, and which tenants it lists."""
    # `check` imports this module, prints no table, and must start fast: so Rich is imported here.
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    width = _width()
    forecast = ("GOES STALE",) if only or width >= _WITH_FORECAST else ()
    for heading in ("POSTURE", "TENANT", "LATEST BACKUP", *forecast, "DEGRADED"):
        # A long name would leave no room for the posture and the reasons, which matter most.
        name = width // 4 if width >= _ROOMY else _SHORTEST_NAME
        most = name if heading == "TENANT" else None
        least = max((len(state_of(health).label) for health in verdicts), default=0) if heading == "POSTURE" else None
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=least, max_width=most)
    table.add_column("WHY", overflow="fold")
    for health in verdicts:
        cells = (
            state_of(health).label,
            safe_text(health.tenant.name),
            latest_backup(health, now),
            *(goes_stale(health, policy, now) for _ in forecast),
            degraded_share(health),
            safe_text(
                "; ".join(filter(None, (why(health, policy, now), known_in_words(beside.known_of(health), now))))
            ),
        )
        table.add_row(*(Text(cell) for cell in cells))
    window = window_in_words(policy.freshness_window)
    then = AS_OF_LIMIT if beside.as_of else ""
    narrowed = "".join(f"; {words}" for words in (only, narrowed_in_words(beside.narrowed_by), then) if words)
    head = (totals_line(FleetTotals.of(verdicts)), f"judged at {rfc3339(now)}, window {window}{narrowed}")
    return _printed(head, table, width)


def table_of(head: Iterable[str], headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines, and rows under them, as wide as the terminal. Long cells wrap."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return _printed(head, table, _width())


def _printed(head: Iterable[str], table: Table, width: int) -> str:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=io.StringIO(), highlight=False, markup=False, emoji=False, width=width)
    for line in head:
        console.print(Text(line))
    console.print(table)
    printed = console.file
    assert isinstance(printed, io.StringIO)
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines()) + "\n"


AS_OF_LIMIT: Final = "as it was then, from what is kept: schedules and deletions are not known, nothing is confirmed"
"""What a report says if it is as of an instant in the past."""


def narrowed_in_words(narrowed_by: Mapping[str, str]) -> str:
    """What narrowed a report: `only group gold, filter weekly`; empty if nothing did."""
    words = ", ".join(f"{name} {value}" for name, value in narrowed_by.items())
    return words and safe_text(f"only {words}", limit=1000)


def _width() -> int:
    return max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)


def totals_line(totals: FleetTotals) -> str:
    """The number of tenants, then every state with its count, worst first."""
    counts = (f"{state.label} {count:,}" for state, count in states_counted(totals) if count)
    return "  ".join((counted(totals.tenants, "tenant"), *counts))


def csv_report(verdicts: Sequence[TenantBackupHealth], judged: Mapping[str, object] | None = None) -> str:
    """One line a tenant. A cell that a spreadsheet would read as a formula gets a leading quote.

    With `judged`, which an export has, every line also names the rest of the basis's row, and has these values. Without
    tenants they stand alone.
    """
    printed = io.StringIO()
    writer = csv.writer(printed, lineterminator="\n")
    more = () if judged is None else (*_CSV_OF_BASIS, *judged)
    writer.writerow([*CSV_COLUMNS, *more])
    for health in verdicts:
        named = (judged is not None and basis_named(health)) or {}
        beside = () if judged is None else (*map(named.get, _CSV_OF_BASIS.values()), *judged.values())
        writer.writerow([inert_cell(cell) for cell in (*_csv_cells(health), *beside)])
    if judged is not None and not verdicts:
        writer.writerow(
            [inert_cell(cell) for cell in (*[None] * (len(CSV_COLUMNS) + len(_CSV_OF_BASIS)), *judged.values())]
        )
    return printed.getvalue()


_CSV_OF_BASIS: Final = {f"basis_{name}": name for name in ("source", "source_ref", "status")}


def _csv_of_an_export(policy: HealthPolicy, now: datetime, only: str) -> dict[str, object]:
    """When it was judged, by which window, and which tenants it has: the same in every line, so that a single line is
    complete."""
    window = whole_seconds(policy.freshness_window)
    return {"evaluated_at": rfc3339(now), "freshness_window_seconds": window, "part": only}


def _csv_cells(health: TenantBackupHealth) -> tuple[object, ...]:
    basis, quality = health.basis, health.quality
    completed_at = None if basis is None else basis.completed_at
    follow_up = (f"{each.schedule.name}: {' '.join(each.conditions)}" for each in health.follow_ups)
    return (
        health.tenant.external_id,
        health.tenant.name,
        health.posture or "unreadable",
        "yes" if health.confirmed else "no",
        " ".join(health.reasons),
        None if basis is None else basis.id,
        None if completed_at is None else rfc3339(completed_at),
        health.freshness,
        None if quality is None else quality.items,
        None if quality is None else quality.degraded_items,
        None if quality is None else " ".join(f"{name}={count}" for name, count in quality.families),
        None if health.posture is None else len(health.schedules),
        "; ".join(follow_up),
        None if health.unreadable is None else health.unreadable.message,
    )


def inert_cell(cell: object) -> str:
    """The text of a CSV cell. What looks like a formula gets a leading quote, so that no spreadsheet computes it."""
    if cell is None:
        return ""
    text = str(cell)
    shown = whole_text(text)
    return f"'{shown}" if text.startswith(_FORMULA) or shown.lstrip().startswith(_FORMULA) else shown


def markdown_report(
    verdicts: Sequence[TenantBackupHealth],
    policy: HealthPolicy,
    now: datetime,
    only: str,
    beside: Beside = NOTHING_BESIDE,
) -> str:
    """A note for a colleague: the totals, the causes, then every unconfirmed tenant with each of its reasons.

    With `only`, which a forecast has, it lists every tenant and when it goes stale.
    """
    totals = FleetTotals.of(verdicts)
    lines = [
        f"# Backup health at {format_minute(now)}",
        "",
        f"{totals_line(totals)}. Freshness window: {window_in_words(policy.freshness_window)}.",
        "",
    ]
    for words in (only, narrowed_in_words(beside.narrowed_by)):
        if words:
            lines.extend((f"Here is {inert_markdown(words)}.", ""))
    if beside.as_of:
        lines.extend((f"{AS_OF_LIMIT[0].upper()}{AS_OF_LIMIT[1:]}.", ""))
    lines += _causes_and_groups(verdicts, beside)
    for health in verdicts:
        if health.confirmed and not only:
            continue
        name, external_id = inert_markdown(health.tenant.name), inert_markdown(health.tenant.external_id)
        lines.append(f"- **{state_of(health).label}** {name} ({external_id})")
        if health.unreadable is not None:
            lines.append(f"  - {inert_markdown(why(health, policy, now))}")
        lines.extend(f"  - {inert_markdown(reason_sentence(health, reason, policy, now))}" for reason in health.reasons)
        if beside.names_bases and health.basis is not None:
            lines.append(f"  - Basis: {_basis_in_words(health.basis)}")
        if known := known_in_words(beside.known_of(health), now):
            lines.append(f"  - {inert_markdown(known)}")
        if only:
            lines.append(f"  - Goes stale {goes_stale(health, policy, now)}")
    if beside.attempts:
        lines += ["", "Latest attempts:", "", *map(_attempt_in_words, beside.attempts)]
    if totals.confirmed:
        confirmed = f"Confirmed: {counted(totals.confirmed, 'tenant')}"
        lines.extend(("", f"{confirmed}. That does not prove that a restore will succeed."))
    return "\n".join(lines) + "\n"


def _basis_in_words(basis: BackupSet) -> str:
    """Which row it is, where it came from, and when it was completed: absolute, because a note is read later."""
    origin = f"{basis.source} {basis.source_ref or ''}".rstrip()
    completed_at = "" if basis.completed_at is None else f" at {rfc3339(basis.completed_at)}"
    return f"{inert_markdown(f'{basis.name}, set {basis.id} from {origin}, {basis.status}')}{completed_at}"


def _attempt_in_words(said: Mapping[str, Any]) -> str:
    """One set of a tenant, as `evidence.set_entry` has it."""
    at = next((f" {verb} at {said[f'{verb}_at']}" for verb in ("completed", "started") if said[f"{verb}_at"]), "")
    origin = " ".join(filter(None, (said["source"], said["source_ref"])))
    words = f"set {said['id']}, {said['name']}" + (f", from {origin}" if origin else "")
    why_not = said["error"] or said["unreadable"]
    error = f": {inert_markdown(why_not)}" if why_not else ""
    return f"- **{inert_markdown(said['status'])}**{at}, {inert_markdown(words)}{error}"


def _causes_and_groups(verdicts: Sequence[TenantBackupHealth], beside: Beside) -> Iterator[str]:
    # A cause without `first_at` comes from no set. It only repeats the reasons, which the totals already show.
    if causes := [each for each in beside.causes if each.first_at is not None]:
        yield from (f"- {counted(len(each.tenants), 'tenant')}: {inert_markdown(each.cause)}" for each in causes)
        yield ""
    by_group: dict[str, list[TenantBackupHealth]] = {}
    for health in verdicts:
        if (group := beside.groups.get(health.tenant.external_id)) is not None:
            by_group.setdefault(group, []).append(health)
    if by_group:
        yield from (f"- {group}: {totals_line(FleetTotals.of(by_group[group]))}" for group in sorted(by_group))
        yield ""


# What Markdown reads as markup, and GitHub in addition: addresses, mentions, mathematics, emoji names.
# The colon in a time of day such as 02:30 is not escaped: no emoji has a name of two digits.
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>#|~!&@$]|(?!(?<=\d\d):\d\d\b):(?=\S)|(?<=www)\.)", re.IGNORECASE | re.ASCII)


def inert_markdown(text: str) -> str:
    """Text from outside as one line of Markdown, with all markup escaped."""
    return _MARKUP.sub(r"\\\1", whole_text(text))
