"""The documents of `diff`, `last-good`, `causes` and `coverage` as JSON, a table, CSV and Markdown.

(docs/documents.md, "The other forms")
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from health.answers import CausesAnswer, ComparedSet, CoverageAnswer, LastGoodAnswer
from health.changes import Changes
from health.covered_time import CoveredTime
from health.documents import causes_document, coverage_document, diff_document, last_good_document
from health.posture import TenantBackupHealth
from tui.words.change_words import change_in_words, set_in_words, totals_in_words
from tui.words.durations import format_minute, format_span
from tui.words.render import inert_cell, inert_markdown, table_of
from tui.words.safe_text import safe_text
from tui.words.wording import counted


class Printable(NamedTuple):
    """One document, ready for each form in which it can be printed.

    `cells` makes a CSV row from an entry; its headings are `columns`. `shown` makes a row for people; its headings are
    `headings`.
    """

    document: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    cells: Callable[[Mapping[str, Any]], Sequence[object]]
    title: str
    lines: tuple[str, ...]
    headings: tuple[str, ...]
    shown: Callable[[Mapping[str, Any]], Sequence[object]]


def printed_as(form: str, printable: Printable) -> str:
    """The document as `json`, `csv`, `markdown` or `table`, ending in a newline."""
    match form:
        case "json":
            return json.dumps(printable.document, indent=1) + "\n"
        case "csv":
            return _csv(printable)
        case "markdown":
            return _markdown(printable)
        case _:
            shown = map(printable.shown, printable.entries)
            rows = [[safe_text(_text(cell), limit=1000) for cell in cells] for cells in shown]
            head = [safe_text(line, limit=1000) for line in (printable.title, *printable.lines)]
            return table_of(head, [heading.upper() for heading in printable.headings], rows)


def _text(cell: object) -> str:
    return "-" if cell is None else str(cell)


def _csv(printable: Printable) -> str:
    printed = io.StringIO()
    writer = csv.writer(printed, lineterminator="\n")
    writer.writerow(printable.columns)
    for entry in printable.entries:
        writer.writerow([inert_cell(cell) for cell in printable.cells(entry)])
    return printed.getvalue()


def _markdown(printable: Printable) -> str:
    def row(cells: Iterable[object]) -> str:
        return f"| {' | '.join(inert_markdown(_text(cell)) for cell in cells)} |"

    lines = [f"# {inert_markdown(printable.title)}", ""]
    for line in printable.lines:
        lines += [inert_markdown(line), ""]
    if printable.entries:
        lines += [row(printable.headings), f"|{'---|' * len(printable.headings)}"]
        lines += [row(printable.shown(each)) for each in printable.entries]
    return "\n".join(lines).rstrip("\n") + "\n"


_ITEM: Final = ("policy_type", "policy_identifier", "display_name")
_ITEM_HEADINGS: Final = ("type", "identifier", "name")


def printable_diff(health: TenantBackupHealth, before: ComparedSet, after: ComparedSet, changes: Changes) -> Printable:
    """What changed between two sets of a tenant."""
    document = diff_document(health, before, after, changes)

    def cells(entry: Mapping[str, Any]) -> Sequence[object]:
        return entry["change"], *(entry[name] for name in _ITEM), " ".join(entry["aspects"])

    def shown(entry: Mapping[str, Any]) -> Sequence[object]:
        return change_in_words(entry["change"]), *(entry[name] for name in _ITEM), ", ".join(entry["aspects"]) or None

    return Printable(
        document,
        document["items"],
        ("change", *_ITEM, "aspects"),
        cells,
        f"Changes of {_named(health)}",
        (f"From {set_in_words(before)}", f"to {set_in_words(after)}", totals_in_words(changes)),
        ("change", *_ITEM_HEADINGS, "in"),
        shown,
    )


def _named(health: TenantBackupHealth) -> str:
    return f"{health.tenant.name} ({health.tenant.external_id})"


def printable_last_good(answer: LastGoodAnswer) -> Printable:
    """Where each item that a tenant's basis lacks, or has degraded, was last whole."""
    document = last_good_document(answer)
    found = sum(sought.last_good is not None for sought in answer.items)

    def copy_cells(copy: Mapping[str, Any]) -> tuple[object, ...]:
        return copy["backup_set"], copy["name"], copy["completed_at"], "yes" if copy["content_kept"] else "no"

    def cells(entry: Mapping[str, Any]) -> Sequence[object]:
        copy = entry["last_good"]
        where = (None,) * 4 if copy is None else copy_cells(copy)
        return *(entry[name] for name in _ITEM), " ".join(entry["families"]), *where

    def shown(entry: Mapping[str, Any]) -> Sequence[object]:
        where: tuple[object, ...] = (None,) * 3
        if entry["last_good"] is not None:
            set_id, name, completed_at, kept = copy_cells(entry["last_good"])
            where = completed_at, f"{name} ({set_id})", kept
        families = ", ".join(entry["families"]).replace("_", " ") or "gone"
        return *(entry[name] for name in _ITEM), families, *where

    return Printable(
        document,
        document["items"],
        (*_ITEM, "families", "backup_set", "backup_set_name", "completed_at", "content_kept"),
        cells,
        f"Last good copies of {_named(answer.health)}",
        (
            f"{counted(len(answer.items), 'item')} degraded or gone in the latest backup, {found:,} found whole in an"
            " earlier one. An earlier copy says nothing about now.",
        ),
        (*_ITEM_HEADINGS, "now", "last whole", "in", "content kept"),
        shown,
    )


def printable_causes(answer: CausesAnswer) -> Printable:
    """Why tenants need attention, grouped."""
    document = causes_document(answer)

    def examples(entry: Mapping[str, Any]) -> str:
        return ", ".join(
            each["tenant"] if each["backup_set"] is None else f"{each['tenant']} (set {each['backup_set']})"
            for each in entry["examples"]
        )

    def cells(entry: Mapping[str, Any]) -> Sequence[object]:
        return entry["tenants"], entry["first_at"], entry["cause"], examples(entry)

    return Printable(
        document,
        document["causes"],
        ("tenants", "first_at", "cause", "examples"),
        cells,
        f"Causes at {format_minute(answer.now)}",
        (causes_totals_in_words(answer),),
        ("tenants", "since", "cause", "for example"),
        cells,
    )


def causes_totals_in_words(answer: CausesAnswer) -> str:
    """`41 tenants in need of attention, 5 causes`."""
    tenants = sum(len(cause.tenants) for cause in answer.causes)
    return f"{counted(tenants, 'tenant')} in need of attention, {counted(len(answer.causes), 'cause')}"


def printable_coverage(answer: CoverageAnswer) -> Printable:
    """How long each tenant of a fleet was covered in a period."""
    document = coverage_document(answer)
    seconds = "protected_seconds", "degraded_seconds", "uncovered_seconds", "unknown_seconds"

    def cells(entry: Mapping[str, Any]) -> Sequence[object]:
        return entry["tenant"], entry["name"], *(entry[name] for name in seconds)

    def shown(entry: Mapping[str, Any]) -> Sequence[object]:
        time = CoveredTime(*(entry[name] for name in seconds))
        spans = (format_span(timedelta(seconds=each)) for each in time)
        return entry["name"], entry["tenant"], protected_share(time), *spans

    return Printable(
        document,
        document["tenants"],
        ("tenant", "name", *seconds),
        cells,
        f"Backup coverage from {format_minute(answer.begin)} to {format_minute(answer.end)}",
        (
            "Protected: the latest backup at that moment was recent and complete. Degraded: it was recent, but not"
            " complete. Uncovered: it was not recent, or there was none. Unknown: the evidence is no longer kept, or"
            " the time is before the first backup.",
            "The share is of the known time, rounded down. It is history and does not prove that a restore will"
            " succeed.",
        ),
        ("name", "tenant", "protected share", "protected", "degraded", "uncovered", "unknown"),
        shown,
    )


def protected_share(time: CoveredTime) -> str:
    """The protected share of the known time, in tenths of a percent, rounded down; `-` if no time is known."""
    known = time.protected + time.degraded + time.uncovered
    tenths = time.protected * 1000 // known if known else 0
    return f"{tenths // 10}.{tenths % 10} %" if known else "-"
