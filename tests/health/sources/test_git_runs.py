"""The rule of runs, without git: sentence by sentence, and against a second implementation over random histories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health.sources.git_runs import RUN_GAP, Commit, Selection, runs_of
from tests.health.sources.run_rule import Expected, Raw, expected_runs, histories, kind_of

LONGEST_RUN = timedelta(hours=6)
START = datetime(2025, 12, 1, 2, tzinfo=UTC)


def commit(ref: str, *parents: str, at: timedelta = timedelta(0), items: int = 1, **more: object) -> Commit:
    return Commit(ref, parents, START + at, items, **more)  # type: ignore[arg-type]


def selected(*commits: Commit) -> Selection:
    return runs_of(commits, RUN_GAP, LONGEST_RUN)


def runs_in(*commits: Commit) -> list[str]:
    return [run.last.ref for run in selected(*commits).runs]


MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def test_one_commit_a_file_is_one_run() -> None:
    commits = [
        commit("a"),
        commit("b", "a", at=MINUTE),
        commit("c", "b", at=2 * MINUTE),
        commit("d", "c", at=timedelta(days=1)),
    ]
    first, second = selected(*commits).runs
    assert first == (commits[2], START, START + 2 * MINUTE)
    assert second == (commits[3], START + timedelta(days=1), START + timedelta(days=1))
    part = "a part of the run that ends with c"
    assert selected(*commits).no_runs == {"a": part, "b": part}


@pytest.mark.parametrize("back", [1, -1], ids=["after", "before"])
def test_a_commit_continues_a_run_within_the_gap_on_either_side(back: int) -> None:
    assert runs_in(commit("a"), commit("b", "a", at=back * RUN_GAP)) == ["b"]
    assert set(runs_in(commit("a"), commit("b", "a", at=back * (RUN_GAP + SECOND)))) == {"a", "b"}


def test_a_clock_that_was_set_back_moves_the_start_and_not_the_end() -> None:
    (run,) = selected(commit("a"), commit("b", "a", at=-10 * MINUTE), commit("c", "b", at=-2 * MINUTE)).runs
    assert (run.last.ref, run.started_at, run.completed_at) == ("c", START - 10 * MINUTE, START - 2 * MINUTE)


def test_the_whole_run_stays_within_the_longest_run() -> None:
    steps = [n * RUN_GAP for n in range(25)]
    line = [commit("0"), *(commit(str(n), str(n - 1), at=at) for n, at in enumerate(steps) if n)]
    assert steps[-1] == LONGEST_RUN
    assert runs_in(*line) == ["24"]
    assert runs_in(*line, commit("25", "24", at=LONGEST_RUN + SECOND)) == ["24", "25"]


@pytest.mark.parametrize(("items", "of_the_tool"), [(2, False), (0, True), (1, True)])
def test_a_commit_of_more_than_one_item_ends_a_run(items: int, of_the_tool: bool) -> None:
    first = commit("a", items=items, of_the_tool=of_the_tool)
    assert runs_in(first, commit("b", "a", at=MINUTE)) == ["a", "b"]
    # The rule looks at the earlier commit. The last one of a run may change anything.
    last = commit("b", "a", at=MINUTE, items=items, of_the_tool=of_the_tool)
    assert runs_in(commit("a"), last) == ["b"]


def test_commits_that_do_not_count_do_not_divide_a_run() -> None:
    between = [commit("x", "a", at=MINUTE, items=0), commit("y", "x", at=MINUTE, excluded="a revert")]
    found = selected(commit("a"), *between, commit("b", "y", at=2 * MINUTE))
    assert [run.last.ref for run in found.runs] == ["b"]
    assert found.no_runs == {
        "a": "a part of the run that ends with b",
        "x": "it changes nothing that a run writes",
        "y": "a revert",
    }


def test_a_merge_leads_to_its_first_parent_alone() -> None:
    line = [
        commit("a", items=2),
        commit("side", "a", at=MINUTE),
        commit("b", "a", at=2 * MINUTE),
        commit("m", "b", "side", at=3 * MINUTE, excluded="a merge"),
        commit("c", "m", at=4 * MINUTE),
    ]
    assert runs_in(*line) == ["a", "side", "c"]


def test_of_two_next_commits_the_one_on_the_refs_line_continues() -> None:
    line = [commit("a"), commit("b", "a", at=MINUTE), commit("c", "a", at=2 * MINUTE)]
    merged_into_c = commit("m", "c", "b", at=timedelta(hours=1), excluded="a merge")
    merged_into_b = commit("m", "b", "c", at=timedelta(hours=1), excluded="a merge")
    assert selected(*line, merged_into_c).no_runs["a"].endswith("with c")
    assert selected(*line, merged_into_b).no_runs["a"].endswith("with b")
    assert set(runs_in(*line, merged_into_c)) == {"b", "c"}


@pytest.mark.parametrize(("b_at", "winner"), [(2, "c"), (1, "b"), (0, "b")])
def test_else_the_earlier_one_continues_then_the_smaller_id(b_at: int, winner: str) -> None:
    line = [
        commit("a"),
        commit("b", "a", at=b_at * MINUTE),
        commit("c", "a", at=MINUTE),
        commit("z", "a", at=timedelta(hours=1), items=2),
        commit("m", "z", "b", "c", at=timedelta(hours=2), excluded="a merge"),
    ]
    found = selected(*line)
    assert found.no_runs["a"].endswith(f"with {winner}")
    assert {run.last.ref for run in found.runs} == {"b", "c", "z"}


@pytest.mark.parametrize("bad", [{"date": None}, {"problem": "git cannot tell", "items": 0}])
def test_a_commit_without_a_date_is_a_run_of_its_own(bad: dict[str, object]) -> None:
    line = [commit("a"), commit("b", "a")._replace(**bad), commit("c", "b")]  # type: ignore[arg-type]
    assert set(runs_in(*line)) == {"a", "b", "c"}
    assert runs_in(commit("a")._replace(**bad), commit("b", "a"))[-1] == "b"  # type: ignore[arg-type]
    assert len(runs_in(commit("a")._replace(**bad), commit("b", "a"))) == 2  # type: ignore[arg-type]


def test_nothing_has_no_runs() -> None:
    assert selected() == Selection((), {})


def as_commits(history: Sequence[Raw], ids: Sequence[str]) -> list[Commit]:
    commits = []
    for raw, ref in zip(history, ids, strict=True):
        kinds = [kind_of(path) for path in raw.paths]
        excluded = None
        if len(raw.parents) > 1:
            excluded = "a merge"
        elif "This reverts" in raw.message:
            excluded = "a revert"
        elif "noreply@github.com" in raw.committer:
            excluded = "a click"
        parents = tuple(ids[parent] for parent in raw.parents)
        date = datetime.fromtimestamp(raw.date, UTC)
        commits.append(Commit(ref, parents, date, kinds.count("item"), "tool" in kinds, excluded))
    return commits


@settings(max_examples=150)
@given(histories(), st.randoms())
def test_a_second_implementation_finds_the_same_runs(history: list[Raw], random: object) -> None:
    ids = [f"{n:040x}" for n in range(len(history))]
    random.shuffle(ids)  # type: ignore[attr-defined]
    found = selected(*as_commits(history, ids))
    runs = {
        Expected(run.last.ref, int(run.started_at.timestamp()), int(run.completed_at.timestamp()))
        for run in found.runs
        if run.started_at is not None and run.completed_at is not None
    }
    assert runs == expected_runs(history, ids)
    assert [run.completed_at for run in found.runs] == sorted(run.completed_at for run in found.runs)  # type: ignore[type-var]
    # Every commit is in a run, or there is a word for it.
    assert {run.last.ref for run in found.runs} | set(found.no_runs) == set(ids)
    assert {run.last.ref for run in found.runs}.isdisjoint(found.no_runs)
