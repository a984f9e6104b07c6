"""Through each importer, sets come out as a second implementation of the losses says (docs/concepts.md, "Losses").

Modules: tui.commands.importing, tui.commands.record, tui.commands.sync_import, health.store.writing.admission.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from threading import Event, Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from health.policy import HealthPolicy, LossRule
from health.sources.declaration import Asked
from health.sources.door import Door
from health.sources.listed import source_named
from health.store.opening.urls import DatabaseAddress, parse_database_url
from health.store.writing.roster import have_tenant
from health.store.writing.sets import tenant_id_of
from health.store.writing.transactions import writing
from tests.health.store.losses_stored import sets_as_stored
from tests.oracle.losses import Given, Identity, Item, Store
from tests.tui.commands.folders_of_sets import TOOLS, Tool, days_before, emptied, reference_of
from tui.clock import utc_now
from tui.commands import run
from tui.commands.importing import import_sets
from tui.commands.sync_entries import Entry
from tui.commands.sync_import import Bringing
from tui.settings.sources import SourceSettings

NOW = utc_now()
Step = tuple[list[Given], set[str]]
_numbers = itertools.count()

NAMES = [*itertools.product("A", "1234"), *itertools.product("B", "123"), ("C", "1")]
ABSENT = "absent"
# Each set has most of the items, most of them captured: a loss is three or more. Some names are another tenant's.
each_state = st.sampled_from(["captured", "captured", None, ABSENT])


def named(states: list[str | None], prefix: str) -> dict[Identity, Item]:
    found = zip(NAMES, states, strict=True)
    return {(kind, prefix + name): Item(state) for (kind, name), state in found if state != ABSENT}


some_items = st.builds(
    named, st.lists(each_state, min_size=len(NAMES), max_size=len(NAMES)), st.sampled_from(["", "", "", "other "])
).filter(bool)
some_sets = st.builds(
    Given,
    st.just(""),
    st.integers(0, 3).map(lambda day: days_before(NOW, 9 - day)),
    some_items,
    st.sampled_from(["completed"] * 6 + ["partial", "failed"]),
    st.none(),
)
inputs = st.lists(some_sets, min_size=1, max_size=2, unique_by=lambda each: each.completed_at)
acceptances = st.sampled_from([set(), set(), set(), {"A"}, {"B", "C"}, {"*"}])
steps = st.lists(st.tuples(inputs, acceptances), min_size=2, max_size=3)
each_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def at_most(examples: int) -> settings:
    """The number of examples for each tool: a second or two for all of them."""
    fixtures = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, suppress_health_check=fixtures)


@pytest.fixture(scope="module")
def address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> DatabaseAddress:
    path = tmp_path_factory.mktemp("sources") / "fleet.db"
    copyfile(sqlite_template, path)
    return parse_database_url(f"sqlite:///{path}")


def a_new_tenant(connection: Connection) -> str:
    external_id = f"tenant-{next(_numbers)}"
    have_tenant(connection, external_id, "T", NOW)
    return external_id


def written(tool: Tool, root: Path, steps: list[Step]) -> Iterator[tuple[list[Given], set[str]]]:
    """Write the inputs one after the other. Yields what the importer should read from each, and the accepted types."""
    emptied(root)
    runs: dict[str, Given] = {}
    for together, accepted in steps:
        for each in together:
            reference = reference_of(tool, each)
            if not tool.keeps_runs:
                emptied(root)
                each = each._replace(status="completed")
            tool.write(root, each)
            runs[reference] = tool.as_given(each, reference)
            if not tool.keeps_runs:
                yield [runs[reference]], accepted
        if tool.keeps_runs:
            yield sorted(runs.values(), key=lambda each: each.completed_at), accepted


def as_expected(oracle: Store) -> dict[str, Any]:
    return {name: (kept.status, kept.error, kept.items) for name, kept in oracle.sets.items()}


@each_tool
@at_most(16)
@given(steps=steps)
def test_imported(tool: Tool, address: DatabaseAddress, tmp_path: Path, steps: list[Step]) -> None:
    source, oracle = source_named(tool.name), Store()
    with writing(address) as connection:
        tenant = a_new_tenant(connection)
        for sets, accepted in written(tool, tmp_path / "root", steps):
            at = None if tool.keeps_runs else sets[0].completed_at
            asked = Asked(
                tmp_path / "root", tenant, utc_now(), HealthPolicy(), at, {**source.options_not_given, **tool.options},
                frozenset(accepted),
            )  # fmt: skip
            import_sets(lambda: nullcontext(connection), source, asked, Door(frozenset(accepted)))
            oracle.take(sets, accepted)
            assert sets_as_stored(connection, tenant_id_of(connection, tenant)) == as_expected(oracle)


@each_tool
@at_most(6)
@given(steps=steps)
def test_synchronised(tool: Tool, address: DatabaseAddress, tmp_path: Path, steps: list[Step]) -> None:
    source, oracle = source_named(tool.name), Store()
    bringing = Bringing(address, HealthPolicy(), LossRule(), utc_now(), False, True, Lock(), Event())
    with writing(address) as connection:
        tenant = a_new_tenant(connection)
    # The settings accept no loss.
    for sets, _ in written(tool, tmp_path / "root", steps):
        at = None if tool.keeps_runs else sets[0].completed_at
        described = SourceSettings(kind=tool.name, path="root", tenant=tenant, completed_at=at)
        options = {**source.options_not_given, **tool.options}
        entry = Entry("nightly", described, source, options, tenant, "T", tmp_path / "root")
        assert bringing.one(entry).refusal is None
        oracle.take(sets)
    with writing(address) as connection:
        assert sets_as_stored(connection, tenant_id_of(connection, tenant)) == as_expected(oracle)


@each_tool
@at_most(3)
@given(nights=st.lists(st.tuples(some_items, acceptances), min_size=2, max_size=3))
def test_recorded(
    tool: Tool, address: DatabaseAddress, tmp_path: Path, nights: list[tuple[dict[Any, Any], set[str]]]
) -> None:
    oracle, tenant = Store(), f"tenant-{next(_numbers)}"
    root = emptied(tmp_path / "root")
    for number, (items, accepted) in enumerate(nights):
        # TenuVault names a run's folder by the second: of two runs in one second, the second would not be new.
        each = Given(str(number), days_before(utc_now(), 0) + timedelta(seconds=number), items)
        tool.write(emptied(tmp_path / "made"), each)
        command = f"rm -rf '{root}'/*; cp -R '{tmp_path}/made/.' '{root}'"
        words = ["record", "--tenant", tenant, "--create-tenant", "T", "--schedule", "nightly", "--source", tool.name]
        words += [word for name in sorted(accepted) for word in ("--accept-loss", name)]
        words += ["--database", f"sqlite:///{address.file}", "--path", str(root), "--", "sh", "-c", command]
        assert run(words) == 0
        oracle.take([tool.as_given(each._replace(completed_at=utc_now()), each.reference)], accepted)
    with writing(address) as connection:
        stored = sets_as_stored(connection, tenant_id_of(connection, tenant))
    assert list(stored.values()) == list(as_expected(oracle).values())
