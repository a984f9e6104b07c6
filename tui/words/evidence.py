"""A screen's evidence: the tenant, the set, when and by which window it was judged, and how it is narrowed.

(docs/screens.md, "Whose it is")
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from health.answers import JudgedSchedule, ListedSet
from health.changes import LastGoodCopy, SoughtCopy
from health.facts import BackupItem, BackupSet, UnreadableEvidence
from health.policy import HealthPolicy
from health.quality import BackupQualityResolver
from health.report import rfc3339, whole_seconds
from tui.words.render import inert_cell, inert_markdown

SCHEMA: Final = "tenantpilot.evidence/1"
_PRINTABLE: Final = range(0x20, 0x7F)


class RawJson(str):
    """JSON as it was captured: handed on with its digits and its order."""

    __slots__ = ()


class Evidence(NamedTuple):
    """The subject, which is the same for all rows, and the rows: plain values, instants as RFC 3339 in UTC."""

    title: str
    about: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


def evidence_as(form: str, evidence: Evidence) -> str:
    """Evidence as `json`, `csv` or `markdown`, with its last newline."""
    match form:
        case "json":
            return _json({**evidence.about, "rows": list(evidence.rows)}) + "\n"
        case "csv":
            return _csv(evidence)
        case _:
            return _markdown(evidence)


def captured_json(text: str | None) -> RawJson | str | None:
    """The captured content: as JSON if it is JSON, else as text."""
    if text is None:
        return None
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return RawJson(text)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def head(
    screen: str, whose: tuple[str, str] | None, database: str, now: datetime, policy: HealthPolicy, part: str
) -> dict[str, Any]:
    """The head of a screen's evidence: screen, tenant (id and name), when (UTC) and by which window it was judged.

    `part` says which part of the rows it has, if it is not all of them.
    """
    return {
        "schema": SCHEMA,
        "screen": screen,
        **({} if whose is None else {"tenant": whose[0], "name": whose[1]}),
        "database": database,
        "evaluated_at": rfc3339(now),
        "freshness_window_seconds": whole_seconds(policy.freshness_window),
        **({"part": part} if part else {}),
    }


# Rows


def set_entry(listed: ListedSet) -> dict[str, Any]:
    """A set of a list, with its part in the verdict and its quality."""
    stored, quality = listed.backup_set, listed.quality
    entry = {"id": listed.key.set_id, "name": listed.name, "status": listed.status}
    entry |= dict.fromkeys(_SET_FIELDS) if stored is None else stored_set_entry(stored)
    return {
        **entry,
        "in_the_verdict": listed.part.value,
        "items": None if quality is None else quality.items,
        "degraded_items": None if quality is None else quality.degraded_items,
        "families": None if quality is None else {name: count for name, count in quality.families if count},
        "unreadable": _unreadable(listed.unreadable),
    }


_SET_FIELDS: Final = ("source", "source_ref", "started_at", "completed_at", "created_at", "error")


def stored_set_entry(stored: BackupSet | LastGoodCopy) -> dict[str, Any]:
    """A stored set; for a last good copy the known values of its set."""
    if isinstance(stored, LastGoodCopy):
        return {
            "id": stored.backup_set,
            "name": stored.name,
            "status": stored.status,
            "source": stored.source,
            "source_ref": stored.source_ref,
            "completed_at": rfc3339(stored.completed_at),
        }
    values = (getattr(stored, name) for name in ("id", "name", "status", *_SET_FIELDS))
    named = dict(zip(("id", "name", "status", *_SET_FIELDS), values, strict=True))
    return {name: _instant(value) if isinstance(value, datetime) else value for name, value in named.items()}


def item_entry(item: BackupItem, sought: SoughtCopy | None = None) -> dict[str, Any]:
    """An item with the families it is in, its warning, and its last good copy."""
    return {
        "policy_type": item.policy_type,
        "policy_identifier": item.policy_identifier,
        "display_name": item.display_name,
        "platform": item.platform,
        "families": list(BackupQualityResolver.families_of(item)),
        "capture_mode": item.capture_mode,
        "assignments_state": item.assignments_state,
        "orphaned_assignments": item.orphaned_assignments,
        "integrity_warning": item.integrity_warning,
        "captured_at": _instant(item.captured_at),
        "payload_digest": item.payload_digest,
        "last_good": None if sought is None else copy_entry(sought.last_good),
        "unreadable": _unreadable(item.unreadable),
    }


def gone_entry(sought: SoughtCopy) -> dict[str, Any]:
    """An item that the set before had and this one lacks, in the columns of items."""
    wanted = sought.wanted
    entry: dict[str, Any] = {
        "policy_type": wanted.policy_type,
        "policy_identifier": wanted.policy_identifier,
        "display_name": wanted.display_name,
        "platform": None,
        "families": [],
        "gone": True,
    }
    return entry | {"last_good": copy_entry(sought.last_good)}


def copy_entry(copy: LastGoodCopy | None) -> dict[str, Any] | None:
    """Where an item was last whole."""
    return None if copy is None else stored_set_entry(copy) | {"content_kept": copy.content_kept}


def schedule_entry(judged: JudgedSchedule) -> dict[str, Any]:
    """A stored schedule, with its conditions."""
    schedule, assessment = judged.schedule, judged.assessment
    if schedule is None:
        return {"unreadable": _unreadable(judged.unreadable)}
    return {
        "id": schedule.id,
        "name": schedule.name,
        "is_enabled": schedule.is_enabled,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "last_run_at": _instant(schedule.last_run_at),
        "last_run_status": schedule.last_run_status,
        "next_run_at": _instant(schedule.next_run_at),
        "due": None if assessment is None else _instant(assessment.due),
        "conditions": [] if assessment is None else list(assessment.conditions),
        "problem": None if assessment is None else assessment.problem,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _unreadable(evidence: UnreadableEvidence | None) -> str | None:
    return None if evidence is None else evidence.message


# Forms


def _json(value: Any, indent: str = "") -> str:
    """Like `json.dumps`, but captured JSON is not changed. The text is ASCII, so that it cannot act on a terminal."""
    inner = f"{indent} "
    if isinstance(value, RawJson):
        return "".join(char if ord(char) in _PRINTABLE or char in "\r\n\t" else _escaped(char) for char in value)
    if isinstance(value, Mapping) and value:
        parts = [f"{inner}{json.dumps(key)}: {_json(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _json(each, inner) for each in value) + f"\n{indent}]"
    return json.dumps(value)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv(evidence: Evidence) -> str:
    """Every row has the subject, so that a copied row says whose it is. Without rows the subject stands alone."""
    about, columns = dict(_flat(evidence.about)), _columns(evidence.rows)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    # A set's own columns may have the same names as the tenant's.
    writer.writerow([*(f"about_{name}" if name in columns else name for name in about), *columns])
    for row in evidence.rows or ({},):
        writer.writerow([inert_cell(_text(each)) for each in (*about.values(), *(row.get(name) for name in columns))])
    return written.getvalue()


def _flat(about: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in about.items():
        if isinstance(value, Mapping) and name != "narrowed_by":
            yield from ((f"{name}_{key}", each) for key, each in value.items())
        else:
            yield name, value


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return value


def _markdown(evidence: Evidence) -> str:
    lines = [f"# {inert_markdown(evidence.title)}", ""]
    lines += [f"- {name}: {_shown(value)}" for name, value in _flat(evidence.about) if value not in (None, {})]
    columns = [name for name in _columns(evidence.rows) if not _has_json(evidence.rows, name)]
    if columns:
        lines += ["", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
        lines += [f"| {' | '.join(_shown(row.get(name)) for name in columns)} |" for row in evidence.rows]
    else:
        lines += ["", "no rows"]
    for row in evidence.rows:
        for name, value in row.items():
            if isinstance(value, RawJson):
                lines += ["", f"{name}:", "", *(f"    {line}" for line in _json(value).splitlines())]
    return "\n".join(lines) + "\n"


def _has_json(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(isinstance(row.get(name), RawJson) for row in rows)


def _shown(value: Any) -> str:
    text = _text(value)
    return "-" if text is None or text == "" else inert_markdown(str(text))
