"""`tenantpilot prune` as a process: its plan, the pruning with --yes only, and its refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.oracle.loading import load
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.tui.commands.recorder import Recorder

AT = ("--now", "2026-11-23T09:00:00Z")


def fill(machine: Recorder, ages: dict[int, list[timedelta]]) -> None:
    """Numbered tenants with sets of these ages, each set with one item."""
    sets = [
        SetRow(100 * number + n, number, completed_at=NOW - age, created_at=NOW - age)
        for number, of_tenant in ages.items()
        for n, age in enumerate(of_tenant)
    ]
    tenants = [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO) for number in ages]
    load(machine.url, Rows(tenants, sets, [ItemRow(each.id, each.tenant_id, each.id) for each in sets], []))


def said(machine: Recorder, *words: str) -> list[str]:
    done = machine.tenantpilot("prune", *words, *AT)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def sets_of(machine: Recorder) -> list[str]:
    return [row["id"] for row in machine.sets]


def test_what_would_go_is_reported_and_goes_only_with_yes(any_recorder: Recorder) -> None:
    fill(any_recorder, {1: [30 * DAY, 20 * DAY, HOUR], 2: [30 * DAY], 3: [9 * DAY, 8 * DAY]})
    table = ["TENANT    BACKUP SETS  ITEMS", "tenant-1  2            2", "tenant-3  1            1"]
    assert said(any_recorder, "--keep-days", "7") == [
        *table,
        "Would remove 3 backup sets with 3 items of 2 tenants; nothing was removed. Add --yes to remove it.",
    ]
    assert sets_of(any_recorder) == ["100", "101", "102", "200", "300", "301"]
    assert said(any_recorder, "--keep-days", "7", "--yes") == [
        *table,
        "Removed 3 backup sets with 3 items of 2 tenants; every tenant's verdict is the same as before.",
    ]
    assert sets_of(any_recorder) == ["102", "200", "301"]
    assert said(any_recorder, "--keep-days", "7", "--yes") == ["Nothing to remove."]


def test_by_number_and_only_of_a_tenant(recorder: Recorder) -> None:
    fill(recorder, {1: [3 * DAY, 2 * DAY, DAY], 2: [3 * DAY, 2 * DAY, DAY]})
    said(recorder, "--keep-last", "2", "--tenant", "tenant-2", "--yes")
    assert sets_of(recorder) == ["100", "101", "102", "201", "202"]


def test_only_the_captured_json(recorder: Recorder) -> None:
    fill(recorder, {1: [30 * DAY, HOUR]})
    assert said(recorder, "--keep-days", "7", "--payloads-only") == ["Nothing to remove."]
    recorder.tenantpilot("import", "facts", "--as-given", "-", stdin=FACTS)
    (_, line, verdict) = said(recorder, "--keep-days", "7", "--payloads-only", "--yes")
    assert line.split() == ["other", "1", "1"]
    assert verdict.startswith("Removed the captured JSON of 1 item in 1 backup set of 1 tenant; ")
    assert len(sets_of(recorder)) == 4


FACTS = b"""\
{"kind": "tenant", "tenant": "other", "name": "O"}
{"kind": "set", "tenant": "other", "source": "s", "source_ref": "1", "name": "n", "status": "completed", \
"completed_at": "2026-01-01T00:00:00Z"}
{"kind": "item", "tenant": "other", "source": "s", "source_ref": "1", "policy_type": "t", "policy_identifier": "i", \
"display_name": "i", "payload": {"a": 1}}
{"kind": "set", "tenant": "other", "source": "s", "source_ref": "2", "name": "n", "status": "completed", \
"completed_at": "2026-01-02T00:00:00Z"}
"""


def test_tenants_that_are_left_alone_are_named(recorder: Recorder) -> None:
    fill(recorder, {number: [30 * DAY, HOUR] for number in range(1, 6)})
    garbage = [SetRow(900 + number, number, completed_at="never", created_at=NOW) for number in range(1, 6)]
    load(recorder.url, Rows([], garbage, [], []), unchecked=True)
    assert said(recorder, "--keep-days", "7", "--yes") == [
        "Left alone, because their evidence cannot be read: tenant-1, tenant-2, tenant-3 and 2 more.",
        "Nothing to remove.",
    ]


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "Say what to keep: either --keep-days N or --keep-last N."),
        (("--keep-days", "7", "--keep-last", "7"), 2, "Say what to keep"),
        (("--keep-days", "0"), 2, "0 is not in the range"),
        (("--keep-last", "-1"), 2, "-1 is not in the range"),
        (("--keep-days", "a week"), 2, "is not a valid integer range"),
        (("--keep-days", "7", "--tenant", "nobody"), 1, "There is no tenant 'nobody'"),
        (("--keep-days", "7", "--tenant", "nobody", "--yes"), 1, "There is no tenant 'nobody'"),
        (("--keep-days", "7", "--database", "sqlite:///nowhere.db"), 3, "There is no database at nowhere.db"),
    ],
)
def test_what_is_refused(recorder: Recorder, words: tuple[str, ...], code: int, why: str) -> None:
    fill(recorder, {1: [30 * DAY, HOUR]})
    done = recorder.tenantpilot("prune", *words)
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (code, b"")
    assert why in line
    assert sets_of(recorder) == ["100", "101"]


def test_the_most_days_that_can_be_asked_for(recorder: Recorder) -> None:
    fill(recorder, {1: [30 * DAY, HOUR]})
    assert said(recorder, "--keep-days", "1000000") == ["Nothing to remove."]
