"""JSON lines that are refused: at a line and a column, and the whole input with them."""

from __future__ import annotations

import io
import json

import pytest

from health.sources import fact_lines
from health.sources.captured import RefusedInput
from health.sources.fact_lines import read_fact_lines
from tests.health.sources.lines_of_facts import ITEM, SCHEDULE, SET, TENANT, lines, read, read_in, refusal


@pytest.mark.parametrize(
    ("line", "place", "sentence"),
    [
        (b"{\n", "2:2", "not valid JSON"),
        (b'{"kind": }\n', "2:10", "not valid JSON"),
        (b'{"kind": "tenant"} x\n', "2:20", "not valid JSON"),
        (b"[]\n", "2:1", "one JSON object"),
        (b"null\n", "2:1", "one JSON object"),
        (b'{"kind": "item", "payload": NaN}\n', "2:1", "a number that JSON does not have"),
        (b'{"kind": "item", "payload": ' + b"9" * 5000 + b"}\n", "2:1", "too long"),
        (b'{"payload": ' + b"[" * 100_000 + b"\n", "2:1", "nested too deeply"),
        (b'{"kind": "tenant", "name": "caf\xe9"}\n', "2:32", "not UTF-8"),
        ('{"é": 1, "kind": "tenant"}\n'.encode(), "2:2", "a tenant has no"),
        (b'{"kind": "tenant", "name": "a", "name": "b"}\n', "2:20", '"name" is named twice'),
        (b'{"payload": {"a": 1, "a": 2}}\n', "2:1", '"a" is named twice'),
        (b'{"payload": {"a": 1, "a": 2}, "\\q": 3, "a": 4}\n', "2:40", '"a" is named twice'),
        (b'{"name": "Contoso"}\n', "2:1", 'every line has a "kind": "tenant", "schedule", "set", "item"'),
        (b'{"kind": null}\n', "2:1", 'every line has a "kind"'),
        (b'{"kind": "tennant"}\n', "2:2", '"kind" is "tennant", which is not one of'),
        (b'{"kind": ["tenant"]}\n', "2:2", '"kind" is ["tenant"], which is not one of'),
    ],
    ids=lambda value: ascii(value[:40]),
)
def test_a_line_that_is_not_a_fact(line: bytes, place: str, sentence: str) -> None:
    message = refusal(SET, line)
    assert message.startswith(f"{place}: ")
    assert sentence in message


@pytest.mark.parametrize(
    ("fact", "key", "nearest"),
    [
        (TENANT, "Name", "name"),
        (TENANT, "archived", "archived_at"),
        (SCHEDULE, "enabled", "is_enabled"),
        (SET, "completedAt", "completed_at"),
        (SET, "items", "item_count"),
        (SET, "started", "started_at"),
        (ITEM, "identifier", "policy_identifier"),
        (ITEM, "orphaned", "orphaned_assignments"),
        (SET, "tenant_id", "external_id"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(fact: dict[str, str], key: str, nearest: str) -> None:
    message = refusal(fact | {key: 1})
    column = json.dumps(fact | {key: 1}).index(f'"{key}"') + 1
    assert message == f'1:{column}: a {fact["kind"]} has no "{key}"; the nearest key is "{nearest}".'


def test_the_column_is_of_the_key_and_not_of_a_like_value() -> None:
    line = b'{"payload": {"odd": 1, "x": "\\"odd\\": 2"}, "platform": "odd", "kind": "item", "odd": 3}\n'
    assert refusal(line).startswith(f"1:{line.rindex(b'odd')}: ")


def test_an_endless_key_is_shown_short() -> None:
    assert len(refusal(TENANT | {"\x1b" * 100_000: 1})) < 200


@pytest.mark.parametrize("fact", [TENANT, SCHEDULE, SET, ITEM])
def test_every_required_key_is_required_and_not_null(fact: dict[str, str]) -> None:
    for key in fact.keys() - {"kind", "completed_at"}:
        kept = {name: value for name, value in fact.items() if name != key}
        assert refusal(kept) == f'1:1: a {fact["kind"]} has to name its "{key}".'
        assert f'"{key}" must not be null' in refusal(fact | {key: None})


@pytest.mark.parametrize("key", ["is_enabled", "timezone"])
def test_a_key_with_a_default_may_be_left_out_but_not_null(key: str) -> None:
    assert f'"{key}" must not be null' in refusal(SCHEDULE | {key: None})


@pytest.mark.parametrize("status", ["completed", "partial"])
@pytest.mark.parametrize("given", [{}, {"completed_at": None}])
def test_a_set_with_something_kept_says_when_it_was_complete(status: str, given: dict[str, None]) -> None:
    without = {key: value for key, value in SET.items() if key != "completed_at"} | {"status": status} | given
    column = json.dumps(without).index('"status"') + 1
    assert refusal(without) == f'1:{column}: a set that is "{status}" has to name its "completed_at".'
    assert read(without | {"status": "failed"}).sets[0].completed_at is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2026-03-29T02:30:00", "the clocks of Europe/Berlin skipped"),
        ("2026-02-31T02:30:00", "is not a local time"),
        ("2026-11-23T02:10:60", "is not a local time"),
        ("2026-11-23", "RFC 3339"),
    ],
)
def test_a_local_time_that_the_zone_never_had_is_refused(written: str, why: str) -> None:
    with pytest.raises(RefusedInput, match=why):
        read_in("Europe/Berlin", SET | {"completed_at": written})


def test_the_refusal_of_a_local_time_names_the_option_and_no_offset() -> None:
    """If a user in Delhi appended a Z, a backup of 29 hours would look like one of 23."""
    said = refusal(SET | {"completed_at": "2026-11-23T02:10:00"})
    assert "--timezone" in said
    assert '00Z"' not in said


def test_a_tenant_is_named_once() -> None:
    assert "both name the tenant" in refusal(TENANT | {"tenant": "contoso"})


@pytest.mark.parametrize(
    ("fact", "key", "value", "why"),
    [
        (SET, "completed_at", 1_764_000_000, "RFC 3339"),
        (SET, "completed_at", "2026-11-23T02:10:00", "has no offset from UTC: name the time zone"),
        (SET, "completed_at", "2026-02-31T00:00:00", "has no offset from UTC"),
        (SET, "completed_at", "2026-11-23", "RFC 3339"),
        (SET, "completed_at", "2026-11-23T02:10Z", "RFC 3339"),
        (SET, "completed_at", "2026-11-23T02:10:00.1234567890Z", "RFC 3339"),
        (SET, "completed_at", "2026-11-23T02:10:00.Z", "RFC 3339"),
        (SET, "completed_at", "2026-11-23T24:00:00Z", "RFC 3339"),
        (SET, "completed_at", "2026-11-23T02:10:00Z\n", "RFC 3339"),
        (SET, "completed_at", "２０２６-11-23T02:10:00Z", "RFC 3339"),
        (SET, "completed_at", "infinity", "RFC 3339"),
        (SET, "completed_at", "", "RFC 3339"),
        (SET, "completed_at", "2026-02-31T00:00:00Z", "a real date and time"),
        (SET, "completed_at", "2026-11-23T02:10:60Z", "a real date and time"),
        (SET, "completed_at", "0000-01-01T00:00:00Z", "a real date and time"),
        (SET, "completed_at", "0001-01-01T00:00:00+01:00", "a real date and time"),
        (SET, "completed_at", "9999-12-31T23:59:59-01:00", "a real date and time"),
        (SET, "completed_at", "2026-11-23T02:10:00+99:00", "a real date and time"),
        (SET, "item_count", -1, "a whole number"),
        (SET, "item_count", 2**31, "a whole number"),
        (SET, "item_count", 1.0, "a whole number"),
        (SET, "item_count", True, "a whole number"),
        (SET, "item_count", "3", "a whole number"),
        (ITEM, "orphaned_assignments", -1, "a whole number"),
        (SCHEDULE, "is_enabled", 1, "true or false"),
        (SCHEDULE, "is_enabled", "true", "true or false"),
        (SCHEDULE, "cron", 5, "a string"),
        (SET, "status", True, "a string"),
        (SET, "name", ["nightly"], "a string"),
        (TENANT, "name", "", "not be empty"),
        (TENANT, "external_id", " ", "not be empty"),
        (TENANT, "external_id", "a\nb", "the control character U+000A"),
        (TENANT, "name", "\x1b[2J", "the control character U+001B"),
        (SCHEDULE, "name", "a\x7f", "the control character U+007F"),
        (SET, "name", "a\x85", "the control character U+0085"),
        (SET, "source", "\t", "not be empty"),
        (SET, "source_ref", "a\tb", "the control character U+0009"),
        (SET, "source_ref", "r" * 1001, "not be longer than 1000 bytes"),
        (ITEM, "policy_type", "é" * 501, "not be longer than 1000 bytes"),
        (TENANT, "name", "\0", "holds U+0000"),
        (ITEM, "display_name", "a\0", "holds U+0000"),
        (ITEM, "integrity_warning", "\ud800", "holds U+D800"),
        (SET, "error", "\0", "holds U+0000"),
    ],
)
def test_a_value_that_its_column_cannot_hold(fact: dict[str, object], key: str, value: object, why: str) -> None:
    line = fact | {key: value}
    column = json.dumps(line).index(f'"{key}"') + 1
    message = refusal(line)
    assert message.startswith(f"1:{column}: ")
    assert f'"{key}" ' in message
    assert why in message


def test_a_payload_that_cannot_be_stored_is_refused() -> None:
    deep = json.dumps(ITEM)[:-1].encode() + b', "payload": ' + b"[" * 250 + b"]" * 250 + b"}\n"
    assert "deeper than 200 levels" in refusal(SET, deep)
    infinite = json.dumps(ITEM)[:-1].encode() + b', "payload": 1e999}\n'
    assert "a value that JSON does not have" in refusal(SET, infinite)


@pytest.mark.parametrize("fact", [TENANT, SCHEDULE, SET, ITEM])
def test_the_same_thing_twice_is_refused_at_the_second(fact: dict[str, str]) -> None:
    again = fact | ({"name": fact["name"]} if "name" in fact else {"display_name": "again"})
    assert refusal(fact, b"\n", again) == f"3:1: line 1 is about the same {fact['kind']}."


def test_items_without_their_set_are_refused() -> None:
    assert refusal(SET, ITEM, ITEM | {"source_ref": "other"}).startswith("3:1: the item's set is not in this input")


@pytest.mark.parametrize("text", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_input_without_facts_is_refused(text: bytes) -> None:
    assert refusal(text) == "1:1: there are no facts in it."


def test_a_line_is_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_lines, "MAX_LINE_BYTES", len(lines(TENANT)))
    assert read(TENANT).tenants
    assert refusal(TENANT, TENANT | {"name": "Contosos"}).startswith("2:1: the line is longer than")


def test_a_text_stream_that_is_not_utf8_is_refused() -> None:
    stream = io.TextIOWrapper(io.BytesIO(b'{"kind": "\xff"}\n'), encoding="utf-8")
    with pytest.raises(RefusedInput, match=r"stdin:1:1: .*not UTF-8"):
        read_fact_lines(stream, "stdin")
