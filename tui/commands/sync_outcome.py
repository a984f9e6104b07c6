"""The outcome of a `sync` as text and JSON: a line for each source, and one for each tenant with a problem."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import click

from tui.commands.sync_import import Outcome
from tui.words.safe_text import safe_text
from tui.words.wording import counted

_WORDS: Final = ("new", "unchanged", "refused")


class Report(NamedTuple):
    """The outcomes in the order of the settings, why sources have no entries, and schedules without a source."""

    outcomes: Sequence[Outcome]
    empty: Mapping[str, str]
    schedules: Sequence[tuple[str, str]]
    pruned: bool
    only_tried: bool


def echo_report(report: Report, form: str) -> None:
    """Print the report on standard output as `text` or `json`."""
    if form == "json":
        click.echo(json.dumps(_document(report), ensure_ascii=False, indent=1))
        return
    for line in _lines(report):
        indent = "  " if line.startswith(" ") else ""
        click.echo(indent + safe_text(line.strip(), limit=2000))


def _lines(report: Report) -> Iterator[str]:
    for source, group in groupby(report.outcomes, lambda outcome: outcome.entry.source):
        outcomes = list(group)
        numbers = Counter(outcome.word for outcome in outcomes)
        said = ", ".join(f"{numbers[word]:,} {word}" for word in _WORDS if numbers[word])
        yield f"{source}: {counted(len(outcomes), 'tenant')}: {said}"
        for outcome in outcomes:
            if outcome.refusal is not None:
                yield f"  {outcome.entry.tenant}: refused: {outcome.refusal}"
            elif outcome.doubt is not None:
                yield f"  {outcome.entry.tenant}: {outcome.doubt}"
    for source, why in report.empty.items():
        yield f"{source}: refused: {why}"
    for source, pairs in groupby(report.schedules, lambda pair: pair[0]):
        tenants = [tenant for _, tenant in pairs]
        named = ", ".join(tenants[:3]) + (f" and {len(tenants) - 3:,} more" if len(tenants) > 3 else "")
        done = "disabled" if report.pruned else "still judged; --prune-schedules disables them"
        yield f"{source}: no longer a source in the settings; {counted(len(tenants), 'schedule')} ({named}) {done}"
    if report.only_tried:
        yield "Nothing was written: --dry-run."


def _document(report: Report) -> dict[str, Any]:
    numbers = Counter(outcome.word for outcome in report.outcomes)
    return {
        "schema": "tenantpilot.sync/1",
        "dry_run": report.only_tried,
        "totals": {"tenants": len(report.outcomes), **{word: numbers[word] for word in _WORDS}},
        "tenants": [
            {
                "source": outcome.entry.source,
                "tenant": outcome.entry.tenant,
                "path": str(outcome.entry.path),
                "outcome": outcome.word,
                "sets": {
                    "created": outcome.summary.sets_created,
                    "replaced": outcome.summary.sets_replaced,
                    "unchanged": outcome.summary.sets_unchanged,
                    "cancelled": outcome.summary.sets_cancelled,
                },
                "why": outcome.refusal or outcome.doubt,
            }
            for outcome in report.outcomes
        ],
        "refused_sources": [{"source": source, "why": why} for source, why in report.empty.items()],
        "schedules_without_source": [
            {"source": source, "tenant": tenant, "disabled": report.pruned} for source, tenant in report.schedules
        ],
    }
