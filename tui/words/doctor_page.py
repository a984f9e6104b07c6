"""The doctor's page, as its document and in the other forms (docs/doctor.md)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from health.doctor.finding import Finding
from health.report import rfc3339
from tui.words.documents import Printable, printed_as
from tui.words.durations import format_minute
from tui.words.findings import named, said_of
from tui.words.safe_text import safe_text
from tui.words.wording import counted

SCHEMA: Final = "tenantpilot.doctor/1"
_NAMES_SHOWN: Final = 5
_WIDEST: Final = 100


def doctor_document(findings: Sequence[Finding], tenants: int, now: datetime) -> dict[str, Any]:
    """The findings in the order of the page; `tenants` is how many are judged."""
    return {
        "schema": SCHEMA,
        "evaluated_at": rfc3339(now),
        "totals": {"tenants": tenants, "findings": len(findings)},
        "findings": [_entry(finding) for finding in findings],
    }


def _entry(finding: Finding) -> dict[str, Any]:
    said = said_of(finding)
    groups = {"groups": [list(group) for group in finding.groups]} if finding.groups else {}
    return {
        "finding": finding.trouble.value,
        "names": list(finding.names),
        **groups,
        "figures": dict(finding.figures),
        "found": said.found,
        "mend": said.mend,
    }


def printed_doctor(form: str, findings: Sequence[Finding], tenants: int, now: datetime, width: int) -> str:
    """The page as `json`, `csv`, `markdown`, or as lines of at most `width` columns; with its last newline."""
    title = (
        f"TenantPilot doctor, {format_minute(now)}: {counted(tenants, 'tenant')}, {counted(len(findings), 'finding')}"
    )
    if form == "table":
        return "\n".join(_lines(title, findings, min(width, _WIDEST))) + "\n"
    document = doctor_document(findings, tenants, now)

    def cells(entry: Mapping[str, Any]) -> Sequence[object]:
        return entry["finding"], " ".join(entry["names"]), entry["found"], entry["mend"]

    columns = ("finding", "names", "found", "mend")
    return printed_as(form, Printable(document, document["findings"], columns, cells, title, (), columns, cells))


def _lines(title: str, findings: Sequence[Finding], width: int) -> list[str]:
    lines = textwrap.wrap(title, width)
    for number, finding in enumerate(findings, start=1):
        said = said_of(finding)
        names = named(finding, _NAMES_SHOWN)
        lines += ["", *_wrapped(f"{number:2}. ", said.found, width), *_wrapped("    ", names, width)]
        lines += _wrapped("  > ", said.mend, width)
    if not findings:
        limit = "Nothing was found. It looks at how backups are watched, and says nothing of a restore."
        lines += textwrap.wrap(limit, width)
    return lines


def _wrapped(indent: str, text: str, width: int) -> list[str]:
    safe = safe_text(text, limit=2000)
    return textwrap.wrap(
        safe, width, initial_indent=indent, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
