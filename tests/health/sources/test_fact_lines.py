"""JSON lines from any tool, taken whole and exactly: every column, instants, captured JSON."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from health.digests import digest_of
from health.sources.captured import (
    NOT_DELETED,
    CapturedFacts,
    CapturedItem,
    CapturedSchedule,
    CapturedSet,
    CapturedTenant,
)
from health.sources.fact_lines import read_fact_lines
from tests.health.sources.lines_of_facts import AT, ITEM, SCHEDULE, SET, TENANT, in_memory, lines, read, read_in


def test_each_kind_becomes_its_fact_with_the_schemas_defaults() -> None:
    assert read(TENANT, SCHEDULE, SET, ITEM) == CapturedFacts(
        tenants=(CapturedTenant("contoso", "Contoso"),),
        schedules=(CapturedSchedule("contoso", "nightly", is_enabled=True, timezone="UTC"),),
        sets=(
            CapturedSet(
                external_id="contoso",
                name="nightly",
                source="restic",
                source_ref="4bba301e",
                status="completed",
                items=(CapturedItem("path", "/srv", "/srv"),),
                completed_at=AT,
            ),
        ),
    )


def test_every_column_is_taken() -> None:
    instant = "2026-11-23T02:10:00Z"
    facts = read(
        TENANT | {"created_at": instant, "archived_at": instant},
        SCHEDULE
        | {"is_enabled": False, "cron": "10 2 * * *", "timezone": "Europe/Berlin", "last_run_status": "success"}
        | dict.fromkeys(("last_run_at", "next_run_at", "created_at", "enabled_at", "deleted_at"), instant),
        SET
        | {"item_count": 3, "error": "e", "schedule": "nightly", "source_tenant": "contoso.onmicrosoft.com"}
        | dict.fromkeys(("started_at", "created_at", "deleted_at"), instant),
        ITEM
        | {"platform": "linux", "capture_mode": "full", "assignments_state": "captured", "orphaned_assignments": 2}
        | {"integrity_warning": "w", "captured_at": instant, "deleted_at": instant}
        | {"assignments": [1], "payload": {"a": "é"}, "payload_digest": "sha256:aa"},
    )
    (tenant,), (schedule,), (captured,) = facts
    assert tenant == CapturedTenant("contoso", "Contoso", AT, AT)
    assert schedule == CapturedSchedule(
        "contoso", "nightly", False, "10 2 * * *", "Europe/Berlin", AT, "success", AT, AT, AT, AT
    )
    assert captured[6:] == (3, "e", AT, AT, AT, AT, "nightly", "contoso.onmicrosoft.com")
    # If there is content, the content's own digest counts.
    assert captured.items == (
        CapturedItem(
            *(
                "path",
                "/srv",
                "/srv",
                "linux",
                "full",
                "captured",
                2,
                "w",
                AT,
                AT,
                "[1]",
                '{"a":"\\u00e9"}',
                digest_of('{"a":"é"}'),
            )
        ),
    )


def test_a_digest_alone_is_kept_and_without_payload_it_stays() -> None:
    (given,) = read(SET, ITEM | {"payload_digest": "blake2:aa"}).sets[0].items
    assert (given.payload, given.payload_digest) == (None, "blake2:aa")
    stream = io.BytesIO(lines(SET, ITEM | {"payload": {"secret": 1}}))
    (item,) = read_fact_lines(stream, "stdin", with_payload=False).sets[0].items
    assert (item.payload, item.payload_digest) == (None, digest_of('{"secret":1}'))


def test_optional_keys_may_be_null_and_a_null_payload_is_none() -> None:
    nulls = dict.fromkeys(("item_count", "error", "started_at", "completed_at", "created_at", "schedule"), None)
    facts = read(SET | nulls | {"status": "running"}, ITEM | {"platform": None, "payload": None, "assignments": None})
    assert facts.sets[0].status == "running"
    assert facts.sets[0].items == (CapturedItem("path", "/srv", "/srv"),)


def test_a_deletion_that_is_null_differs_from_one_left_out() -> None:
    null = {"deleted_at": None}
    (said,) = read(SET | null, ITEM | null).sets
    assert (said.deleted_at, said.items[0].deleted_at) == (NOT_DELETED, NOT_DELETED)
    (silent,) = read(SET, ITEM).sets
    assert (silent.deleted_at, silent.items[0].deleted_at) == (None, None)
    # A deleted schedule never comes back: its name belongs to a new schedule.
    assert read(SCHEDULE | null) == read(SCHEDULE)


def test_lines_come_in_any_order_and_blank_ones_are_skipped() -> None:
    assert read(b"\n", ITEM, b"  \r\n", SET, SCHEDULE, TENANT) == read(TENANT, SCHEDULE, SET, ITEM)


@pytest.mark.parametrize("fact", [TENANT, SCHEDULE, SET])
def test_a_tenant_may_be_called_as_the_report_calls_it(fact: dict[str, str]) -> None:
    renamed = {("tenant" if key == "external_id" else key): value for key, value in fact.items()}
    assert read(renamed) == read(fact)


def test_text_bytes_byte_order_marks_and_a_missing_newline_are_alike() -> None:
    text = lines(TENANT, SET).decode()
    for stream in (
        io.StringIO(text),
        io.BytesIO(text.strip().encode()),
        io.BytesIO(b"\xef\xbb\xbf" + text.encode()),
        io.StringIO("\ufeff" + text),
        io.BytesIO(text.replace("\n", "\r\n").encode()),
    ):
        assert in_memory(read_fact_lines(stream, "stdin")) == read(TENANT, SET)


def test_facts_may_be_bad_and_are_judged_later() -> None:
    facts = read(
        SCHEDULE | {"cron": "not a cron", "timezone": "Mars/Olympus", "last_run_status": ""},
        SET | {"status": "Completed?", "started_at": "2030-01-01T00:00:00Z", "item_count": 99, "error": ""},
        ITEM | {"capture_mode": "psychic", "assignments_state": "", "display_name": "", "policy_type": "\x1b[2J"},
    )
    assert facts.schedules[0].cron == "not a cron"
    assert (facts.sets[0].status, facts.sets[0].error) == ("Completed?", "")
    assert facts.sets[0].items[0].capture_mode == "psychic"


def test_sets_are_apart_by_tenant_source_and_reference() -> None:
    others = [{"external_id": "fabrikam"}, {"source": "borg"}, {"source_ref": "other"}]
    facts = read(SET, ITEM, *(SET | other for other in others), *(ITEM | other for other in others))
    assert [len(captured.items) for captured in facts.sets] == [1, 1, 1, 1]


def test_counts_and_names_reach_up_to_their_limits() -> None:
    longest = {"source_ref": "r" * 1000}
    facts = read(SET | longest | {"item_count": 2**31 - 1}, ITEM | longest | {"policy_type": "é" * 500})
    assert facts.sets[0].item_count == 2**31 - 1
    assert len(facts.sets[0].items) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T02:10:00Z", AT),
        ("2026-11-23t02:10:00z", AT),
        ("2026-11-23 02:10:00+00:00", AT),
        ("2026-11-23T03:40:00+01:30", AT),
        ("2026-11-22T21:10:00-05:00", AT),
        ("2026-11-23T02:10:00.5Z", AT.replace(microsecond=500_000)),
        ("2026-11-23T02:10:00.123456789Z", AT.replace(microsecond=123_456)),
        ("2026-11-23T02:10:00.999999999+00:00", AT.replace(microsecond=999_999)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_instants_are_rfc_3339_with_an_offset(text: str, expected: datetime) -> None:
    (captured,) = read(SET | {"completed_at": text}).sets
    assert captured.completed_at == expected
    assert captured.completed_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "written", "instant"),
    [
        ("Asia/Kolkata", "2026-11-23T02:10:00.123456", datetime(2026, 11, 22, 20, 40, 0, 123456, tzinfo=UTC)),
        ("Asia/Kolkata", "2026-11-23 02:10:00", datetime(2026, 11, 22, 20, 40, tzinfo=UTC)),
        ("Asia/Kolkata", "2026-11-23T02:10:00Z", AT),
        ("Asia/Kolkata", "2026-11-23T02:10:00-01:00", datetime(2026, 11, 23, 3, 10, tzinfo=UTC)),
        # The clock showed it twice. The earlier instant counts, so that no backup looks younger than it may be.
        ("Europe/Berlin", "2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("UTC", "2026-11-23T02:10:00", AT),
    ],
)
def test_an_instant_without_an_offset_is_of_the_named_zone(zone: str, written: str, instant: datetime) -> None:
    (only,) = read_in(zone, SET | {"completed_at": written}).sets
    assert only.completed_at == instant


def test_without_payload_only_the_captured_json_is_left_out() -> None:
    stream = io.BytesIO(
        lines(SET, ITEM | {"assignments": [1], "payload": {"secret": 1}, "assignments_state": "captured"})
    )
    (item,) = read_fact_lines(stream, "stdin", with_payload=False).sets[0].items
    assert item == CapturedItem(
        "path", "/srv", "/srv", assignments_state="captured", payload_digest=digest_of('{"secret":1}')
    )


@pytest.mark.parametrize("warning", [None, "from the tool"])
def test_json_that_no_database_keeps_is_escaped_with_a_warning(warning: str | None) -> None:
    more = {"integrity_warning": warning, "payload": {"a": "\0"}, "assignments": ["\ud800"]}
    (item,) = read(SET, ITEM | more).sets[0].items
    assert (item.payload, item.assignments) == ('{"a":"\\\\u0000"}', '["\\\\ud800"]')
    warnings = str(item.integrity_warning).split("; ")
    assert len(warnings) == (1 if warning is None else 2)
    assert "a character that no text has" in warnings[-1]
