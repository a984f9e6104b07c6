"""The commits of an IntuneCD repository that are runs, as git has them.

Modules: health.sources.git_history, health.sources.intunecd_policies.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.intunecd_git import FoundRun, find_runs
from tests.health.sources.reading import asked_of
from tests.health.sources.repositories import Repository
from tests.health.sources.run_rule import Expected, Raw, expected_runs, git_history, histories
from tests.health.sources.trees import policy


def read(root: Path, **options: object) -> list[CapturedSet]:
    """Every run as a set, the oldest first."""
    return [found.read(with_payload=True) for found in find_runs(asked_of(root, options=options)).sets]


def test_only_commits_that_change_an_item_under_the_root_count(repository: Repository) -> None:
    first = repository.commit({"prod/Roles/a.json": policy(), "test/Roles/a.json": policy(), "prod/Roles/b.json": "{}"})
    repository.commit({"test/Roles/a.json": policy("changed"), "prod/README.md": "x", "prod/top.json": "{}"})
    repository.commit({"prod/.github/workflows/x.yml": "a: 1", "prod/Roles/notes.md": "x"})
    fourth = repository.commit({"prod/Roles/b.json": policy()})
    repository.commit({}, subject="an empty commit")
    sets = read(repository.path / "prod")
    assert [captured.source_ref for captured in sets] == [first, fourth]


@pytest.mark.parametrize(
    "path",
    [
        "Assignment Report/report.json",
        "Scripts/Powershell/Script Data/a.ps1",
        "Device Configurations/mobileconfig/a.mobileconfig",
        "__archive__/2025/Roles/a.json",
        "backup_summary.json",
    ],
)
def test_a_commit_of_files_that_only_the_tool_writes_is_a_run(repository: Repository, path: str) -> None:
    first = repository.commit({"prod/Roles/a.json": policy(), "prod/Roles/b.json": policy()})
    second = repository.commit({f"prod/{path}": "{}"})
    repository.commit({path: "{}"})
    assert [captured.source_ref for captured in read(repository.path / "prod")] == [first, second]


def test_a_changed_file_mode_does_not_count_as_a_change(repository: Repository) -> None:
    ref = repository.commit({"Roles/a.json": policy()})
    repository.git("update-index", "--chmod=+x", "Roles/a.json")
    repository.commit({}, staged=True)
    assert [captured.source_ref for captured in read(repository.path)] == [ref]


def test_a_renamed_item_is_two_that_changed(repository: Repository) -> None:
    base = repository.commit({"Roles/a.json": policy(), "Filters/b.json": policy()})
    repository.commits = 0
    (repository.path / "Roles/a.json").rename(repository.path / "Roles/new.json")
    renamed = repository.commit({})
    repository.commits = 0
    after = repository.commit({"Filters/b.json": policy("2")})
    assert [captured.source_ref for captured in read(repository.path)] == [base, renamed, after]


def no_runs(root: Path, **options: object) -> dict[str, str]:
    return dict(find_runs(asked_of(root, options=options)).no_sets)


def test_a_merge_is_not_a_run_but_both_its_sides_are(repository: Repository) -> None:
    base = repository.commit({"Roles/a.json": policy()})
    repository.git("switch", "--quiet", "--create", "side")
    side = repository.commit({"Roles/side.json": policy()})
    repository.git("switch", "--quiet", "main")
    main = repository.commit({"Roles/main.json": policy()})
    repository.git("merge", "--quiet", "--no-edit", "side", identity=repository.identity(9))
    merge = repository.git("rev-parse", "HEAD")
    assert [captured.source_ref for captured in read(repository.path)] == [base, side, main]
    assert no_runs(repository.path) == {merge: "a merge"}


def test_a_revert_is_not_a_run(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy()})
    repository.commit({"Roles/a.json": policy("2")})
    repository.git("revert", "--no-edit", "HEAD", identity=repository.identity(9))
    revert = repository.git("rev-parse", "HEAD")
    assert no_runs(repository.path) == {revert: "a revert"}
    assert revert in no_runs(repository.path, author=re.compile("nobody"))


def committed_by(repository: Repository, committer: str, author: str = "Ann <ann@contoso.com>") -> str:
    """A commit of a new file by these people."""
    (a_name, a_mail), (c_name, c_mail) = (who.removesuffix(">").split(" <") for who in (author, committer))
    repository.commit({f"Roles/{repository.commits}.json": policy()})
    who = {
        "GIT_AUTHOR_NAME": a_name,
        "GIT_AUTHOR_EMAIL": a_mail,
        "GIT_COMMITTER_NAME": c_name,
        "GIT_COMMITTER_EMAIL": c_mail,
    }
    identity = repository.identity(repository.commits - 1) | who
    repository.git("commit", "--quiet", "--amend", "--no-edit", "--reset-author", identity=identity)
    return repository.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("committer", "clicked"),
    [
        ("GitHub <noreply@github.com>", True),
        ("GitLab <noreply@gitlab.com>", True),
        ("Anything <no-reply@codeberg.org>", True),
        ("GitHub Enterprise <noreply@git.contoso.com>", True),
        ("Somebody <noreply@gitlab.contoso.com>", True),
        ("github-actions <41898282+github-actions[bot]@users.noreply.github.com>", False),
        ("bitbucket-pipelines <commits-noreply@bitbucket.org>", False),
        ("Intune backup <noreply@contoso.com>", False),
        ("github-actions <noreply@contoso.com>", False),
        ("Ann <ann@github.com>", False),
    ],
)
def test_a_click_on_a_forge_is_not_a_run(repository: Repository, committer: str, clicked: bool) -> None:
    sound = committed_by(repository, "Ann <ann@contoso.com>")
    ref = committed_by(repository, committer)
    assert [captured.source_ref for captured in read(repository.path)] == ([sound] if clicked else [sound, ref])
    assert no_runs(repository.path) == ({ref: "made by a click on a forge"} if clicked else {})


def test_author_names_whose_commits_are_captures_even_clicks(repository: Repository) -> None:
    other = committed_by(repository, "Bob <bob@contoso.com>", "Bob <bob@contoso.com>")
    clicked = committed_by(repository, "GitHub <noreply@github.com>", "Backup <backup@contoso.com>")
    own = committed_by(repository, "Bob <bob@contoso.com>", "Backup <backup@contoso.com>")
    by = re.compile(r"^Backup <backup@.*>$")
    assert [captured.source_ref for captured in read(repository.path, author=by)] == [clicked, own]
    assert no_runs(repository.path, author=by) == {other: "not by an author that --author names"}


def test_amended_and_rebased_commits_keep_the_date_of_the_capture(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy()})
    repository.git("commit", "--quiet", "--amend", "--no-edit", identity={**repository.identity(80)})
    (captured,) = read(repository.path)
    assert captured.completed_at == datetime(2025, 12, 1, 2, 0, tzinfo=UTC)


def test_one_commit_a_file_is_one_set_and_the_gap_can_be_set(repository: Repository) -> None:
    refs = []
    for n in range(4):
        repository.commits = 0
        refs.append(repository.commit({f"Roles/{n}.json": policy()}, minute=10 * n))
    (captured,) = read(repository.path)
    assert (captured.source_ref, len(captured.items)) == (refs[3], 4)
    assert captured.started_at == datetime(2025, 12, 1, 2, 0, tzinfo=UTC)
    assert captured.completed_at == datetime(2025, 12, 1, 2, 30, tzinfo=UTC)
    assert len(read(repository.path, run_gap=timedelta(minutes=10))) == 1
    assert len(read(repository.path, run_gap=timedelta(minutes=9))) == 4


def test_only_commits_that_the_ref_reaches_are_read(repository: Repository) -> None:
    base = repository.commit({"Roles/a.json": policy()})
    repository.git("switch", "--quiet", "--create", "side")
    side = repository.commit({"Roles/a.json": policy("2")})
    repository.git("switch", "--quiet", "main")
    main = repository.commit({"Roles/a.json": policy("3")})
    assert [captured.source_ref for captured in read(repository.path)] == [base, main]
    for ref in ("side", side, "refs/heads/side"):
        assert [captured.source_ref for captured in read(repository.path, ref=ref)] == [base, side]
    for ref in ("nowhere", "--all", "HEAD:Roles", "a\0b", ""):
        with pytest.raises(RefusedInput, match=r"has no commit .*; --ref names a branch, a tag or a commit"):
            read(repository.path, ref=ref)


def test_a_history_without_a_run_says_what_it_holds_instead(repository: Repository) -> None:
    committed_by(repository, "GitHub <noreply@github.com>")
    committed_by(repository, "GitHub <noreply@github.com>")
    history = find_runs(asked_of(repository.path))
    assert (list(history.sets), len(history.no_sets)) == ([], 2)
    assert "none of the commits is a run of the tool (2 made by a click on a forge); if" in str(history.without)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(histories())
def test_git_and_a_second_implementation_agree_on_random_histories(tmp_path: Path, history: list[Raw]) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        ids = git_history(Path(folder), history)
        for author in (None, re.compile("^backup ")):
            found = find_runs(asked_of(Path(folder), options={"author": author}))
            runs = {
                Expected(each.frame.source_ref, int(started.timestamp()), int(completed.timestamp()))
                for each in found.sets
                if isinstance(each, FoundRun)
                and (started := each.frame.started_at) is not None
                and (completed := each.frame.completed_at) is not None
            }
            by = None if author is None else (lambda who: who.startswith("backup "))
            assert runs == expected_runs(history, ids, by)
