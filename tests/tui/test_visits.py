"""The last visit: kept whole or not at all, ignored with a sentence if the file is not ours."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from health.answers import FleetAnswer
from tests.health.making import DAY, HOUR, NOW, a_set, judged
from tui.context import visit_file
from tui.visits import VisitUnreadable, changed_since, gone_since, read_visit, write_visit

STALE, HEALTHY, ABSENT = judged(a_set(NOW - 2 * DAY)), judged(a_set(NOW - HOUR)), judged(None)


def answer(*verdicts: Any) -> FleetAnswer:
    """Verdicts of this many tenants."""
    named = (
        health._replace(tenant=health.tenant._replace(id=number, external_id=f"tenant-{number}"))
        for number, health in enumerate(verdicts)
    )
    return FleetAnswer(NOW, tuple(named))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "visits" / "one.json"


def test_a_visit_is_read_back_and_private(file: Path) -> None:
    assert read_visit(file) is None
    write_visit(file, answer(STALE, HEALTHY))
    visit = read_visit(file)
    assert visit is not None
    assert (visit.seen_at, visit.states) == (NOW, {"tenant-0": "stale", "tenant-1": "healthy"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert set(json.loads(file.read_text())) == {"schema", "seen_at", "states"}


def test_changed_tenants_have_another_state_or_are_new(file: Path) -> None:
    write_visit(file, answer(STALE, HEALTHY, ABSENT))
    visit = read_visit(file)
    assert visit is not None
    assert changed_since(visit, answer(STALE, HEALTHY, ABSENT).verdicts) == {}
    assert changed_since(visit, answer(HEALTHY, HEALTHY, STALE, ABSENT).verdicts) == {0: "stale", 2: "absent", 3: "new"}


def test_gone_tenants_were_seen_and_are_not_judged_any_more(file: Path) -> None:
    write_visit(file, answer(STALE, HEALTHY, ABSENT))
    visit = read_visit(file)
    assert visit is not None
    assert gone_since(visit, answer(STALE, HEALTHY, ABSENT, STALE).verdicts) == ()
    assert gone_since(visit, answer(STALE).verdicts) == ("tenant-1", "tenant-2")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"schema": "x"}',
        b'{"schema": "tenantpilot.visit/2", "seen_at": "2026-11-23T09:00:00Z", "states": {}}',
        b'{"schema": "tenantpilot.visit/1", "seen_at": "yesterday", "states": {}}',
        b'{"schema": "tenantpilot.visit/1", "seen_at": "2026-11-23T09:00:00", "states": {}}',
        b'{"schema": "tenantpilot.visit/1", "seen_at": "2026-11-23T09:00:00Z", "states": []}',
        b'{"schema": "tenantpilot.visit/1", "seen_at": "2026-11-23T09:00:00Z", "states": {"a": "calm"}}',
        b'{"schema": "tenantpilot.visit/1", "seen_at": "2026-11-23T09:00:00Z", "states": {"a": ["stale"]}}',
    ],
)  # fmt: skip
def test_a_file_that_is_not_ours_is_reported_and_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(VisitUnreadable, match="of your last visit cannot be read and is ignored"):
        read_visit(file)
    write_visit(file, answer(STALE))
    assert read_visit(file) is not None


def test_a_link_or_a_folder_in_its_place_is_not_followed(file: Path, tmp_path: Path) -> None:
    write_visit(tmp_path / "other.json", answer(STALE))
    file.parent.mkdir()
    file.symlink_to(tmp_path / "other.json")
    with pytest.raises(VisitUnreadable):
        read_visit(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(VisitUnreadable):
        read_visit(file)


def test_each_database_has_its_own_file_that_does_not_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/nowhere")
    one, other = visit_file("fleet@db1"), visit_file("fleet@db2")
    assert one != other
    assert one == visit_file("fleet@db1")
    assert one.parent == Path("/nowhere/tenantpilot/visits")
    assert "fleet" not in one.name


def test_ages_do_not_count_as_changes(file: Path) -> None:
    write_visit(file, answer(HEALTHY)._replace(now=NOW - timedelta(days=400)))
    visit = read_visit(file)
    assert visit is not None
    assert changed_since(visit, answer(HEALTHY).verdicts) == {}
