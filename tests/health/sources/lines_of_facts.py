"""Lines of facts, one of each kind, and what reading them gives: facts or a refusal."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from health.sources.captured import CapturedFacts, RefusedInput
from health.sources.fact_lines import read_fact_lines

TENANT = {"kind": "tenant", "external_id": "contoso", "name": "Contoso"}
SCHEDULE = {"kind": "schedule", "external_id": "contoso", "name": "nightly"}
SET = {
    "kind": "set",
    "external_id": "contoso",
    "source": "restic",
    "source_ref": "4bba301e",
    "name": "nightly",
    "status": "completed",
    "completed_at": "2026-11-23T02:10:00Z",
}
ITEM = {
    "kind": "item",
    "external_id": "contoso",
    "source": "restic",
    "source_ref": "4bba301e",
    "policy_type": "path",
    "policy_identifier": "/srv",
    "display_name": "/srv",
}
AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)


def lines(*facts: object) -> bytes:
    return b"".join(fact if isinstance(fact, bytes) else json.dumps(fact).encode() + b"\n" for fact in facts)


def read(*facts: object) -> CapturedFacts:
    return in_memory(read_fact_lines(io.BytesIO(lines(*facts)), "facts.jsonl"))


def in_memory(facts: CapturedFacts) -> CapturedFacts:
    """The facts with the items of their sets, which are on disk."""
    return facts._replace(sets=tuple(each._replace(items=tuple(each.items)) for each in facts.sets))


def refusal(*facts: object) -> str:
    with pytest.raises(RefusedInput) as refused:
        read(*facts)
    message = str(refused.value)
    assert message.startswith("facts.jsonl:")
    assert message.endswith(".")
    assert message.isprintable()
    return message.removeprefix("facts.jsonl:")


def read_in(zone: str, *facts: object) -> CapturedFacts:
    return read_fact_lines(io.BytesIO(lines(*facts)), "facts.jsonl", zone=ZoneInfo(zone))
