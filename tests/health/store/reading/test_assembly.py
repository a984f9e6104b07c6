"""What a fleet takes in memory (health/store/reading/assembly.py): equal facts and repeated text are one object."""

from __future__ import annotations

from itertools import chain
from typing import Any

from health.store.reading.held_connection import FleetRead
from tests.health.making import NOW
from tests.health.store.bare import bare
from tests.health.store.reading.fleets_ahead import MANY, a_fleet, ahead_of, by_id, read_here, resolving_ahead, sent
from tests.oracle.loading import load


def test_a_second_read_keeps_the_objects_of_the_first(database_url: str, reads: list[FleetRead]) -> None:
    """Two fleets in memory would be too much of it."""
    load(database_url, a_fleet(MANY))
    with resolving_ahead(database_url, sent(database_url)) as resolver:
        resolver.refreshed_fleet(NOW)
        first = dict(resolver._kept.facts)
        with bare(database_url) as writer:
            writer.execute("UPDATE tenants SET name = 'Renamed' WHERE id = 2")
            writer.execute("UPDATE backup_schedules SET cron = '0 4 * * *' WHERE tenant_id = 4")
        resolver.refreshed_fleet(NOW)
    (read,) = reads
    found = by_id(read.facts)
    assert found == read_here(database_url)
    assert {number for number, facts in found.items() if facts is not first[number]} == {2, 4}
    assert found[2].schedules[0] is first[2].schedules[0]
    assert found[4].tenant is first[4].tenant


def test_what_many_rows_say_is_one_object(database_url: str) -> None:
    """Text that repeats and the counts of items take a third of a large fleet's memory otherwise."""
    load(database_url, a_fleet(MANY))
    for facts in (ahead_of(sent(database_url)).facts(), read_here(database_url).values()):
        said: dict[Any, Any] = {}
        for each in facts:
            repeated = [(schedule.cron, schedule.timezone, schedule.name) for schedule in each.schedules]
            basis = [(each.basis.name, each.basis.source, each.basis.status, each.tally)] if each.basis else []
            for value in chain(*repeated, *basis):
                assert said.setdefault(value, value) is value
        assert len(said) < 12
