"""A git repository in, verdicts out: only a run is evidence, even if an earlier version stored other commits too.

Modules: tui.commands.importing, health.store.writing.cancelling, health.sources.intunecd_git.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health.coverage import Coverage
from health.policy import HealthPolicy
from health.resolver import TenantBackupHealthResolver
from health.sources.captured import CapturedSet
from health.sources.intunecd_git import FoundRun
from health.store.opening.urls import parse_database_url
from tests.health.sources.repositories import START, Repository
from tests.health.sources.run_rule import PATHS, Raw, expected_runs, git_history, histories, losing_histories
from tests.health.sources.trees import policy
from tests.health.store.bare import bare
from tests.tui.commands.console import Console
from tui.commands import run
from tui.words.failures import EXIT_REFUSED

CHANGED = '{"displayName": "Changed"}'
NAMES = ("Roles/a.json", "Roles/b.json", "Filters/c.json")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose first commit is a run of three items, 75 hours before the verdict."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    made = Repository(tmp_path / "repository")
    made.commit({name: policy(name) for name in NAMES})
    return made


def at(hours: float) -> tuple[str, str]:
    """The verdict, this many hours after the first run."""
    instant = datetime.fromtimestamp(START, UTC) + timedelta(hours=hours)
    return "--now", instant.isoformat().replace("+00:00", "Z")


def imported(console: Console, path: Path, *more: str) -> str:
    words = ("import", "intunecd", str(path), "--git", "--tenant", "contoso", "--create-tenant", "Contoso")
    found = console.run(*words, *more)
    assert (found.code, found.err) == (0, "")
    return found.out


def verdict(console: Console, hours: float) -> dict[str, Any]:
    (entry,) = console.run("report", *at(hours)).document["tenants"]
    return dict(entry)


def completed_hours(console: Console, hours: float) -> float:
    """How long after the first run the basis was completed."""
    return hours - float(verdict(console, hours)["basis"]["age_seconds"]) / 3600


def sets_of(console: Console) -> dict[str, tuple[str, str | None]]:
    with bare(console.url) as store:
        rows = store.execute("SELECT source_ref, status, error FROM backup_sets")
    return {ref: (status, error) for ref, status, error in rows}


def clicked(repository: Repository, hours: float, message: str = "Squashed (#1)") -> None:
    """A commit that GitHub makes in the name of the user who clicked."""
    who = {"NAME": "GitHub", "EMAIL": "noreply@github.com", "DATE": f"{START + int(hours * 3600)} +0000"}
    identity = repository.identity(0) | {f"GIT_COMMITTER_{name}": value for name, value in who.items()}
    identity |= {"GIT_AUTHOR_DATE": who["DATE"]}
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", message, identity=identity)


def by_hour(repository: Repository, hours: float) -> dict[str, str]:
    when = f"{START + int(hours * 3600)} +0000"
    return repository.identity(0) | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}


@pytest.mark.parametrize("case", ["merge", "readme", "revert", "amend", "rebase", "squash", "workflow"])
def test_what_captured_nothing_makes_no_old_backup_new(console: Console, repository: Repository, case: str) -> None:
    """75 hours after the only run, somebody changes something in the repository, and the verdict does not change."""
    soon = by_hour(repository, 74.5)
    expected = 0.0
    if case == "merge":
        repository.git("switch", "--quiet", "--create", "side", identity=soon)
        (repository.path / "Roles/side.json").write_text(CHANGED)
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "-m", "x", identity=by_hour(repository, 1))
        repository.git("switch", "--quiet", "main")
        repository.git("merge", "--quiet", "--no-ff", "--no-edit", "side", identity=soon)
        expected = 1
    elif case == "revert":
        (repository.path / "Roles/a.json").write_text(CHANGED)
        repository.git("commit", "--quiet", "-am", "x", identity=by_hour(repository, 1))
        repository.git("revert", "--no-edit", "HEAD", identity=soon)
        expected = 1
    elif case == "amend":
        repository.git("commit", "--quiet", "--amend", "-m", "Better", identity=by_hour(repository, 74.5))
    elif case == "rebase":
        repository.git("rebase", "--quiet", "--root", "--force-rebase", identity=soon)
    elif case == "squash":
        (repository.path / "Roles/a.json").write_text('{"displayName": "an old capture"}')
        clicked(repository, 74.5)
    else:
        name = "README.md" if case == "readme" else ".github/workflows/backup.yml"
        (repository.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repository.path / name).write_text("words")
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "-m", "Words", identity=soon)
    imported(console, repository.path)
    found = verdict(console, 75)
    assert (found["posture"], found["primary_reason"]) == ("stale", "latest_backup_stale")
    assert completed_hours(console, 75) == expected


@pytest.mark.parametrize("path", ["Assignment Report/report.json", "backup_summary.json"])
def test_what_only_the_tool_writes_is_evidence(console: Console, repository: Repository, path: str) -> None:
    (repository.path / path).parent.mkdir(parents=True, exist_ok=True)
    (repository.path / path).write_text("words")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "x", identity=by_hour(repository, 74.5))
    imported(console, repository.path)
    assert verdict(console, 75)["posture"] == "healthy"
    assert completed_hours(console, 75) == 74.5


def test_one_commit_for_each_file_is_one_set(console: Console, repository: Repository) -> None:
    for n in range(5):
        (repository.path / f"Roles/{n}.json").write_text(CHANGED)
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "-m", "x", identity=by_hour(repository, 74 + n / 60))
    assert imported(console, repository.path).startswith("contoso: 2 backup sets created")
    basis = verdict(console, 75)["basis"]
    assert (basis["items"], basis["age_seconds"]) == (8, 3600 - 240)


def store_as_an_earlier_version_did(console: Console, repository: Repository) -> None:
    """Each commit as a completed set at its committer date."""
    history = repository.git("log", "--format=%H %ct", "--reverse").splitlines()
    for ref, seconds in (line.split() for line in history):
        console.run("tenant", "add", "contoso", "--name", "Contoso")
        completed_at = datetime.fromtimestamp(int(seconds), UTC)
        with bare(console.url) as store:
            (tenant,) = store.execute("SELECT id FROM tenants")[0]
            store.execute(
                "INSERT INTO backup_sets (tenant_id, name, source, source_ref, status, completed_at, created_at)"
                " VALUES (?, 'x', 'intunecd', ?, 'completed', ?, ?)",
                [tenant, ref, completed_at, completed_at],
            )


def test_what_an_earlier_version_took_for_runs_is_cancelled_and_said(
    any_console: Console, repository: Repository
) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    (repository.path / "Roles/side.json").write_text(CHANGED)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "x", identity=by_hour(repository, 1))
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "side", identity=by_hour(repository, 74.3))
    merge = repository.git("rev-parse", "HEAD")
    (repository.path / "README.md").write_text("words")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "Words", identity=by_hour(repository, 74.5))
    readme = repository.git("rev-parse", "HEAD")
    store_as_an_earlier_version_did(any_console, repository)
    assert verdict(any_console, 75)["posture"] != "stale"
    printed = imported(any_console, repository.path)
    assert printed == (
        "contoso: 0 backup sets created, 2 replaced, 0 unchanged; 7 items written;"
        " 2 sets of earlier imports cancelled: not a run.\n"
    )
    stored = sets_of(any_console)
    assert stored[merge] == ("cancelled", "no run: a merge")
    assert stored[readme] == ("cancelled", "no run: it changes nothing that a run writes")
    assert sorted(status for status, _ in stored.values()) == ["cancelled", "cancelled", "completed", "completed"]
    assert verdict(any_console, 75)["posture"] == "stale"
    assert completed_hours(any_console, 75) == 1
    assert imported(any_console, repository.path) == (
        "contoso: 0 backup sets created, 0 replaced, 2 unchanged; 0 items written.\n"
    )


def test_what_the_ref_does_not_reach_stays_as_it_is(console: Console, repository: Repository) -> None:
    imported(console, repository.path)
    store = sets_of(console)
    repository.git("commit", "--quiet", "--amend", "-m", "Other", identity=by_hour(repository, 2))
    imported(console, repository.path)
    assert store.items() <= sets_of(console).items()
    assert {status for status, _ in sets_of(console).values()} == {"completed"}


def test_a_set_that_the_rule_makes_again_is_completed_again(console: Console, repository: Repository) -> None:
    (repository.path / "Roles/a.json").write_text(CHANGED)
    clicked(repository, 3)
    click = repository.git("rev-parse", "HEAD")
    imported(console, repository.path, "--author", "^nobody <nobody>$")
    before = sets_of(console)
    assert before[click] == ("completed", None)
    assert imported(console, repository.path).endswith("; 1 set of earlier imports cancelled: not a run.\n")
    assert sets_of(console)[click] == ("cancelled", "no run: made by a click on a forge")
    assert " 1 replaced, 1 unchanged" in imported(console, repository.path, "--author", "nobody")
    assert sets_of(console) == before


def test_a_run_that_goes_on_takes_the_place_of_its_part(console: Console, repository: Repository) -> None:
    for minutes in (0, EXIT_REFUSED):
        (repository.path / f"Roles/{minutes}.json").write_text(CHANGED)
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "-m", "x", identity=by_hour(repository, 5 + minutes / 60))
        imported(console, repository.path)
    _, part, last = repository.git("log", "--format=%H", "--reverse").split()
    stored = sets_of(console)
    assert stored[part] == ("cancelled", f"no run: a part of the run that ends with {last[:7]}")
    assert stored[last] == ("completed", None)


def test_a_repository_of_clicks_is_refused_until_its_author_is_named(console: Console, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clicks")
    (repository.path / "Roles").mkdir()
    (repository.path / "Roles/a.json").write_text(CHANGED)
    clicked(repository, 1)
    words = ("import", "intunecd", str(repository.path), "--git", "--tenant", "contoso", "--create-tenant", "C")
    assert "none of the commits is a run of the tool (1 made by a click on a forge)" in console.run(*words).refusal()
    store_as_an_earlier_version_did(console, repository)
    assert imported(console, repository.path).endswith("1 set of earlier imports cancelled: not a run.\n")
    assert verdict(console, 2)["posture"] == "absent"
    assert console.run(*words).refusal().endswith("name their author with --author.")
    imported(console, repository.path, "--author", "nobody")
    assert verdict(console, 2)["posture"] == "healthy"


def test_a_history_goes_on_where_it_was_broken_off(
    console: Console, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (1, 2):
        (repository.path / "Roles/a.json").write_text(f'{{"displayName": "{day}"}}')
        repository.git("commit", "--quiet", "-am", "x", identity=by_hour(repository, 24 * day))
    really_read, reads = FoundRun.read, list[str]()

    def broken_off(each: FoundRun, *, with_payload: bool) -> CapturedSet:
        reads.append(each.source_ref)
        if len(reads) == 3:
            raise KeyboardInterrupt
        return really_read(each, with_payload=with_payload)

    monkeypatch.setattr(FoundRun, "read", broken_off)
    words = ("import", "intunecd", str(repository.path), "--git", "--tenant", "contoso", "--create-tenant", "Contoso")
    assert run([*words, "--database", console.url]) == 130
    stored = set(sets_of(console))
    assert 1 <= len(stored) < 3
    monkeypatch.undo()
    assert f"{3 - len(stored)} backup sets created, 0 replaced, {len(stored)} unchanged" in imported(
        console, repository.path
    ).replace("1 backup set created", "1 backup sets created")


def test_prune_and_coverage_count_runs(console: Console, repository: Repository) -> None:
    for day in (1, 2, 3):
        (repository.path / "Roles/a.json").write_text(f'{{"displayName": "{day}"}}')
        repository.git("commit", "--quiet", "-am", "x", identity=by_hour(repository, 24 * day))
        clicked_at = 24 * day + 10
        (repository.path / "Roles/b.json").write_text(f'{{"displayName": "{day}"}}')
        clicked(repository, clicked_at)
    store_as_an_earlier_version_did(console, repository)
    imported(console, repository.path)
    covered = coverage(console, 83)
    found = console.run("prune", "--keep-last", "2", "--yes", *at(83))
    assert (found.code, found.err) == (0, "")
    # The runs of the last two days, and the time since the first of them.
    assert sorted(status for status, _ in sets_of(console).values()) == ["cancelled"] * 2 + ["completed"] * 2
    imported(console, repository.path)
    with bare(console.url) as store:
        store.execute("DELETE FROM backup_sets WHERE status = 'cancelled'")
    assert coverage(console, 83) == covered


def coverage(console: Console, hours: float) -> Coverage | None:
    """The dashboard's coverage of the past days."""
    with closing(TenantBackupHealthResolver(parse_database_url(console.url), HealthPolicy())) as resolver:
        return resolver.dashboard("contoso", datetime.fromtimestamp(START, UTC) + timedelta(hours=hours)).coverage


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--git", "--author", "("), "is not a regular expression"),
        (("--git", "--run-gap", "soon"), "a duration is whole numbers"),
        (("--git", "--ref", "nowhere"), "the repository has no commit 'nowhere'"),
        (("--completed-at", "2025-12-01T02:00:00Z", "--author", "x"), "--author is about a repository's history"),
        (("--completed-at", "2025-12-01T02:00:00Z", "--run-gap", "1m"), "--run-gap is about a repository's history"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    console: Console, repository: Repository, words: tuple[str, ...], sentence: str
) -> None:
    found = console.run("import", "intunecd", str(repository.path), "--tenant", "t", "--create-tenant", "T", *words)
    assert sentence in found.err
    assert found.code != 0
    assert sets_of(console) == {}


def test_a_root_above_two_tenants_and_a_shallow_clone_are_refused(console: Console, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "two")
    repository.commit({f"{tenant}/{name}": policy(name) for tenant in ("contoso", "fabrikam") for name in NAMES})
    words = ("--git", "--tenant", "contoso", "--create-tenant", "Contoso")
    sentence = console.run("import", "intunecd", str(repository.path), *words).refusal()
    assert "it holds several backups, contoso and fabrikam among them" in sentence
    repository.commit({"contoso/Roles/a.json": policy("2")})
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(shallow))
    sentence = console.run("import", "intunecd", str(shallow / "contoso"), *words).refusal()
    assert "the clone is shallow" in sentence
    assert "fetch-depth: 0" in sentence
    assert sets_of(console) == {}
    imported(console, repository.path / "contoso")
    assert len(sets_of(console)) == 2


def test_a_head_without_a_policy_is_refused_and_nothing_is_stored(console: Console, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "none")
    repository.commit({"A/x.json": '{"q": 1}', "B/y.json": '{"z": 2}'})
    words = ("--git", "--tenant", "contoso", "--create-tenant", "Contoso")
    assert "no object in it has an" in console.run("import", "intunecd", str(repository.path), *words).refusal()
    assert sets_of(console) == {}
    repository.commit({name: policy(name) for name in NAMES})
    imported(console, repository.path)
    assert sorted(status for status, _ in sets_of(console).values()) == ["completed", "failed"]


def stored_runs(console: Console) -> set[tuple[Any, ...]]:
    """Every set that counts, with the number of its items and their names."""
    with bare(console.url) as store:
        return set(
            store.execute(
                "SELECT s.external_id, b.source_ref, b.status, b.error, b.started_at, b.completed_at, i.policy_type,"
                " i.policy_identifier, i.display_name FROM backup_sets b JOIN tenants s ON s.id = b.tenant_id"
                " LEFT JOIN backup_items i ON i.backup_set_id = b.id AND i.tenant_id = b.tenant_id"
                " WHERE b.status <> 'cancelled'"
            )
        )


def in_steps_and_at_once(console: Console, repository: Path, steps: list[str]) -> None:
    """Import up to each of some commits, then everything. The result must be the same as everything at once."""
    words = ("import", "intunecd", str(repository), "--git", "--create-tenant", "T", "--tenant", "t")
    found = []
    for refs in ([], steps):
        with bare(console.url) as store:
            for table in ("backup_items", "backup_sets", "captured_payloads", "tenants"):
                store.execute(f"DELETE FROM {table}")
        for more in (*(("--ref", ref) for ref in refs), ()):
            assert console.run(*words, *more).code in (0, EXIT_REFUSED)
        found.append(stored_runs(console))
    assert found[0] == found[1]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(histories(most=9), st.data())
def test_any_number_of_steps_gives_the_same_sets_as_one(
    console: Console, tmp_path: Path, history: list[Raw], data: st.DataObject
) -> None:
    # The first commit has every item, because losses when a branch arrives late are another rule.
    history[0] = history[0]._replace(paths=PATHS)
    with TemporaryDirectory(dir=tmp_path) as folder:
        ids = git_history(Path(folder) / "h", history)
        steps = data.draw(st.lists(st.sampled_from(ids), max_size=5))
        in_steps_and_at_once(console, Path(folder) / "h", steps)
        assert {row[1] for row in stored_runs(console)} == {run.ref for run in expected_runs(history, ids)}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(losing_histories(), st.data())
def test_so_it_does_where_items_are_lost(
    console: Console, tmp_path: Path, history: list[Raw], data: st.DataObject
) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        ids = git_history(Path(folder) / "h", history)
        # Each step goes further than the one before, night after night.
        steps = sorted(data.draw(st.sets(st.sampled_from(range(len(ids))), min_size=1)))
        in_steps_and_at_once(console, Path(folder) / "h", [ids[n] for n in steps])
        assert {row[1] for row in stored_runs(console)} == {run.ref for run in expected_runs(history, ids)}
