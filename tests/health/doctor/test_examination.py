"""All findings together, in the order of the page."""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta

from health.doctor import examination, of_database, of_fleet, of_intervals, of_settings
from health.doctor.facts import DatabaseFacts, FleetFacts, SettingsFacts
from health.doctor.finding import Trouble
from tests.health.making import NOW, POLICY, a_schedule, a_set, judged

LIMIT = timedelta(seconds=90)


def test_nothing_is_found_where_all_is_well() -> None:
    fleet = FleetFacts(NOW, POLICY, [judged(a_set(), a_schedule(cron="0 */6 * * *"))])
    assert examination.findings_of(fleet, DatabaseFacts(), SettingsFacts(), LIMIT) == ()


def test_the_order_is_that_of_the_troubles() -> None:
    database = DatabaseFacts(could_write=True, open_to_others=True)
    settings = SettingsFacts(empty_groups=["gold"], passwords=["database.url"])
    found = examination.findings_of(FleetFacts(NOW, POLICY, []), database, settings, LIMIT)
    assert [each.trouble for each in found] == [
        Trouble.ROLE_COULD_WRITE,
        Trouble.FILE_OPEN_TO_OTHERS,
        Trouble.PASSWORD_IN_SETTINGS,
        Trouble.NO_TENANT,
        Trouble.GROUP_WITHOUT_TENANT,
    ]


def test_every_trouble_is_looked_for() -> None:
    used = ast.walk(ast.parse(inspect.getsource(examination.findings_of)))
    called = {node.attr for node in used if isinstance(node, ast.Attribute)}
    for room in (of_database, of_fleet, of_intervals, of_settings):
        looks = {name for name in vars(room) if name in set(Trouble)}
        assert looks
        assert looks <= called
    assert {trouble.value for trouble in Trouble} <= called
