"""An IntuneCD repository: the items of each run, and the parts that are read.

Modules: health.sources.intunecd_git, health.sources.git_objects.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources import intunecd_git
from health.sources.backup_tree import BackupFile
from health.sources.captured import CapturedItem, CapturedSet, RefusedInput, StoredSet
from health.sources.door import Door, Reference, states_in
from health.sources.intunecd_git import find_runs
from health.sources.intunecd_policies import item_of
from tests.health.sources.reading import READ_AT, asked_of, having
from tests.health.sources.repositories import START, Repository
from tests.health.sources.trees import policy


def read(
    root: Path,
    *,
    known: tuple[str, ...] = (),
    again: tuple[str, ...] = (),
    expected: set[str] | None = None,
    gone: set[str] | None = None,
    **options: object,
) -> list[CapturedSet]:
    """The runs that are unknown or must be read again, each compared with the last completed one before it."""
    door = Door(gone or set())
    first_types, sets = frozenset(expected or ()), []
    last_completed: Reference | None = None
    for found in find_runs(asked_of(root, options=options)).sets:
        captured = found.read(with_payload=True)
        if found.source_ref in known:
            last_completed = Reference((states_in(captured),))
        admitted = door.admit(captured, last_completed or having(captured, first_types))
        if admitted.status == "completed":
            last_completed = Reference((states_in(admitted),))
        if found.source_ref not in known or found.source_ref in again:
            sets.append(admitted)
    return sets


def stored_as(captured: CapturedSet) -> StoredSet:
    return StoredSet(captured._replace(items=()), len(captured.items), holds_json=True, created_at=READ_AT)


def paths(captured: CapturedSet) -> list[str]:
    return [f"{item.policy_type}/{item.policy_identifier}" for item in captured.items]


def warning_of(captured: CapturedSet, path: str) -> str:
    return str(captured.items[paths(captured).index(path)].integrity_warning)


# Which commits are sets


def test_each_run_is_a_set_at_the_earlier_of_its_dates_oldest_first(repository: Repository) -> None:
    first = repository.commit({"Roles/a.json": policy("one")}, subject="first run")
    second = repository.commit({"Roles/a.json": policy("two"), "Filters/b.json": policy()}, subject="second run")
    older, newer = read(repository.path)
    assert older._replace(items=()) == CapturedSet(
        external_id="contoso",
        name=f"{first[:7]} first run",
        source="intunecd",
        source_ref=first,
        status="completed",
        items=(),
        started_at=datetime(2025, 12, 1, 2, 0, tzinfo=UTC),
        completed_at=datetime(2025, 12, 1, 2, 0, tzinfo=UTC),
    )
    assert [item.display_name for item in older.items] == ["one"]
    assert (newer.source_ref, newer.completed_at) == (second, datetime(2025, 12, 2, 2, 0, tzinfo=UTC))
    assert paths(newer) == ["Filters/b.json", "Roles/a.json"]
    assert newer.items[1].display_name == "two"


@pytest.mark.parametrize("folder", ["a:b", ":(top)x", "a b*[c]?", "-n", 'tab\t"quote"\nline', "üñ"])
def test_a_root_may_have_any_name(repository: Repository, folder: str) -> None:
    repository.commit({f"{folder}/Roles/a.json": policy(), "other/Roles/b.json": policy()})
    (captured,) = read(repository.path / folder)
    assert paths(captured) == ["Roles/a.json"]


def test_a_bare_repository_is_as_good(repository: Repository, tmp_path: Path) -> None:
    ref = repository.commit({"Roles/a.json": policy()})
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    assert [captured.source_ref for captured in read(tmp_path / "bare.git")] == [ref]


def test_a_subject_from_anywhere_is_a_name_that_can_be_stored(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy()}, subject="x" * 5000)
    tree = repository.git("rev-parse", "HEAD^{tree}")
    body = f"tree {tree}\nauthor n <n> {START} +0000\ncommitter n <n> {START} +0000\n\n".encode() + b"caf\xe9\n"
    repository.git(
        "reset", "--quiet", "--hard", repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body)
    )
    (captured,) = read(repository.path)
    assert captured.name.endswith(r"caf\xe9")


TWO_TENANTS = {
    f"{tenant}/{path}": policy() for tenant in ("contoso", "fabrikam") for path in ("Roles/a.json", "Apps/b.json")
}


def test_a_root_above_two_backups_is_refused_and_names_them(repository: Repository) -> None:
    two = {
        f"{tenant}/{path}": policy() for tenant in ("contoso", "fabrikam") for path in ("Roles/a.json", "Apps/b.json")
    }
    repository.commit(two)
    with pytest.raises(RefusedInput, match="it holds several backups, contoso and fabrikam among them"):
        read(repository.path)
    assert len(read(repository.path / "contoso")) == 1


def test_a_run_with_two_backups_under_the_root_is_not_a_basis(repository: Repository) -> None:
    repository.commit(TWO_TENANTS)
    repository.commit({"Roles/a.json": policy(), "Apps/b.json": policy()}, gone=("contoso", "fabrikam"))
    then, now = read(repository.path)
    assert (then.status, now.status) == ("failed", "completed")
    assert then.error == "it held several backups then, contoso and fabrikam among them, and not one"


def test_another_tools_layout_is_refused(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy(), "Roles/Assignments/a.json": "[]"})
    with pytest.raises(RefusedInput, match="import it with 'intunebackup'"):
        read(repository.path)


def test_an_export_of_intunemanagement_is_refused_also_of_then(repository: Repository) -> None:
    repository.commit({"Filters/a.json": policy(), "MigrationTable.json": {"Objects": []}})
    with pytest.raises(RefusedInput, match=r"it holds 'MigrationTable.json', .*: import it with 'intunemanagement'"):
        read(repository.path)
    (repository.path / "MigrationTable.json").unlink()
    repository.commit({"Filters/b.json": policy()})
    then, now = read(repository.path)
    assert (then.status, now.status) == ("failed", "completed")
    assert then.error == (
        "it held another tool's backup at that time, with 'MigrationTable.json' in it: 'intunemanagement' reads that"
    )


# Skipping stored runs, and the expected types


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that become items, one after the other."""
    names: list[str] = []

    def noted(file: BackupFile) -> CapturedItem:
        names.append(file.name)
        return item_of(file)

    monkeypatch.setattr(intunecd_git, "item_of", noted)
    return names


def test_known_commits_are_skipped_unread(repository: Repository, files_read: list[str]) -> None:
    refs = [repository.commit({"Roles/a.json": policy(str(n)), f"Filters/{n}.json": policy()}) for n in range(4)]
    stored = [stored_as(found.read(with_payload=True)) for found in find_runs(asked_of(repository.path)).sets]
    files_read.clear()
    for found, known in zip(find_runs(asked_of(repository.path)).sets, stored, strict=True):
        if found.source_ref == refs[3]:
            found.read(with_payload=True)
        assert found.is_stored(known, with_payload=True, now=READ_AT)
        assert not found.is_stored(None, with_payload=True, now=READ_AT)
        assert not found.is_stored(known, with_payload=False, now=READ_AT)
        assert found.is_stored(known._replace(holds_json=False), with_payload=False, now=READ_AT)
        partial = known._replace(frame=known.frame._replace(status="partial"))
        assert not found.is_stored(partial, with_payload=True, now=READ_AT)
        lost = partial._replace(frame=partial.frame._replace(error="Filters: 1 of 1 items gone"))
        assert found.is_stored(lost, with_payload=True, now=READ_AT)
    assert sorted(files_read) == ["0.json", "1.json", "2.json", "3.json", "a.json"]


def test_a_file_that_stays_the_same_is_read_once(repository: Repository, files_read: list[str]) -> None:
    for n in range(3):
        repository.commit(
            {"Roles/same.json": policy(), "Roles/changing.json": policy(str(n)), "Filters/same.json": "[1]"}
        )
    sets = read(repository.path)
    assert [len(captured.items) for captured in sets] == [3, 3, 3]
    assert sorted(files_read) == ["changing.json"] * 3 + ["same.json"] * 2


def test_a_type_that_went_missing_is_partial_until_it_is_back(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy(), "Filters/b.json": policy()})
    repository.commit({}, gone=("Filters",))
    repository.commit({"Roles/a.json": policy("still without")})
    repository.commit({"Filters/c.json": policy()})
    sets = read(repository.path)
    assert [captured.status for captured in sets] == ["completed", "partial", "partial", "completed"]
    assert sets[1].error == sets[2].error == "Filters: 1 of 1 items gone"


def test_a_type_accepted_as_missing_is_not_expected_again(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy(), "Filters/b.json": policy()})
    repository.commit({}, gone=("Filters",))
    repository.commit({"Roles/a.json": policy("2")})
    assert [captured.status for captured in read(repository.path, gone={"Filters"})] == ["completed"] * 3


def test_the_first_commit_is_judged_against_what_is_stored(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy()})
    repository.commit({"Roles/a.json": policy("2"), "Filters/b.json": policy()})
    first, second = read(repository.path, expected={"Roles", "Filters"})
    assert (first.status, second.status) == ("partial", "completed")


def test_the_next_commit_is_compared_with_a_known_one(repository: Repository) -> None:
    first = repository.commit({"Roles/a.json": policy(), "Filters/b.json": policy()})
    repository.commit({}, gone=("Filters",))
    (captured,) = read(repository.path, known=(first,))
    assert (captured.status, captured.error) == ("partial", "Filters: 1 of 1 items gone")


def test_a_known_commit_replaces_the_reference_before_it(repository: Repository) -> None:
    first = repository.commit({"Roles/a.json": policy()})
    repository.commit({"Roles/a.json": policy("2")})
    (captured,) = read(repository.path, known=(first,), expected={"Roles", "Accepted as missing"})
    assert captured.status == "completed"


def test_a_known_commit_that_is_to_be_read_again_stays_whole(repository: Repository) -> None:
    """Its missing type was accepted when it was written. The next one is compared with its items."""
    repository.commit({"Roles/a.json": policy(), "Filters/b.json": policy()})
    accepted = repository.commit({}, gone=("Filters",))
    repository.commit({"Roles/a.json": policy("2")})
    sets = read(repository.path, known=(accepted,), again=(accepted,), expected={"Apps"})
    assert [captured.status for captured in sets] == ["partial", "completed", "completed"]
    assert read(repository.path, known=(accepted,), expected={"Apps"}) == [sets[0], sets[2]]


def test_a_commit_that_empties_the_root_is_an_empty_set(repository: Repository) -> None:
    repository.commit({"prod/README.md": "x"})
    repository.commit({"prod/Roles/a.json": policy()})
    repository.commit({}, gone=("prod/Roles",))
    whole, emptied = read(repository.path / "prod")
    assert (whole.status, len(whole.items)) == ("completed", 1)
    assert (emptied.status, emptied.items) == ("partial", ())


# The items of a commit


def test_layout_and_names_are_those_of_a_folder(repository: Repository) -> None:
    repository.commit(
        {
            os.fsdecode(b"Roles/caf\xe9.json"): policy(),
            'Roles/tab\t"quote"\nline.json': policy(),
            "Roles/notes.md": "x",
            "Roles/backup_summary.json": "{}",
            "notes.md/x.json": policy(),
            "Script Data/x.json": "{}",
            "__archive__/t/x.json": "{}",
            ".github/workflows/x.yml": "a: 1",
            "azure-pipelines.yml": "a: 1",
            "Applications/iOS/.x_iosVppApp.yaml": "displayName: x\n",
        }
    )
    (captured,) = read(repository.path)
    assert sorted(paths(captured)) == [
        "Applications/iOS/.x_iosVppApp.yaml",
        "Roles/caf\\xe9.json",
        'Roles/tab\t"quote"\nline.json',
        "notes.md/x.json",
    ]


def test_links_and_submodules_are_items_that_say_so(repository: Repository) -> None:
    head = repository.commit({"Roles/a.json": policy(), "secret.json": policy()})
    (repository.path / "Roles/link.json").symlink_to("../secret.json")
    (repository.path / "Filters").symlink_to("Roles")
    repository.git("add", "--all")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},Applications")
    repository.commit({}, staged=True)
    _, captured = read(repository.path, expected={"Filters"})
    assert paths(captured) == ["Applications/Applications", "Filters/Filters", "Roles/a.json", "Roles/link.json"]
    assert "submodule" in warning_of(captured, "Applications/Applications")
    assert "symbolic link" in warning_of(captured, "Filters/Filters")
    assert "symbolic link" in warning_of(captured, "Roles/link.json")
    assert str(captured.error).startswith("Filters: 1 of 1 items gone")


def test_a_file_that_is_too_large_is_not_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    fits, large = (policy("x" * length) for length in (99, 100))
    repository.commit({"Roles/fits.json": fits, "Roles/large.json": large})
    monkeypatch.setattr(intunecd_git, "MAX_FILE_BYTES", len(json.dumps(fits)))
    (captured,) = read(repository.path)
    assert warning_of(captured, "Roles/fits.json") == "None"
    assert "larger than" in warning_of(captured, "Roles/large.json")


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_damaged_file_damages_only_its_own_item(repository: Repository, damage: str) -> None:
    repository.commit({f"Roles/{name}.json": policy(name) for name in "abc"})
    blob = repository.object("HEAD:Roles/b.json")
    blob.chmod(0o644)
    if damage == "missing":
        blob.unlink()
    else:
        blob.write_bytes(blob.read_bytes()[:-9] + b"corrupted")
    (captured,) = read(repository.path)
    assert [item.capture_mode for item in captured.items] == ["full", None, "full"]
    assert "git does not have the file's content" in warning_of(captured, "Roles/b.json")


def test_a_damaged_commit_damages_itself_and_the_next_one(repository: Repository) -> None:
    first, second, third, fourth = (
        repository.commit({"Filters/f.json": policy(str(n)), "Roles/a.json": policy(str(n))}) for n in range(4)
    )
    repository.object(f"{second}:Roles").unlink()
    sets = {captured.source_ref: captured for captured in read(repository.path)}
    assert (sets[first].status, sets[fourth].status) == ("completed", "completed")
    assert (sets[second].status, sets[second].items) == ("failed", ())
    assert "git cannot list this commit's files: " in str(sets[second].error)
    assert (sets[third].status, len(sets[third].items)) == ("failed", 2)
    assert "git cannot tell what this commit changes: " in str(sets[third].error)


def test_a_history_that_git_cannot_follow_is_refused(repository: Repository) -> None:
    first = repository.commit({"Roles/a.json": policy("1")})
    repository.commit({"Roles/a.json": policy("2")})
    repository.object(first).unlink()
    with pytest.raises(RefusedInput, match="git cannot read the history"):
        read(repository.path)


@pytest.mark.parametrize("date", ["99999999999999 +0000", "nonsense", "-5 +0000"])
def test_a_commit_whose_date_is_not_an_instant_is_not_a_basis(repository: Repository, date: str) -> None:
    sound = repository.commit({"Roles/a.json": policy()})
    repository.commit({"Roles/b.json": policy()})
    tree = repository.git("rev-parse", "HEAD^{tree}")
    body = f"tree {tree}\nparent {sound}\nauthor n <n> 1 +0000\ncommitter n <n> {date}\n\nodd\n"
    odd = repository.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=body.encode())
    repository.git("update-ref", "refs/heads/main", odd)
    sets = {captured.source_ref: captured for captured in read(repository.path)}
    assert sets[sound].status == "completed"
    assert (sets[odd].status, sets[odd].completed_at, len(sets[odd].items)) == ("failed", None, 2)
    assert sets[odd].error == "the commit's author date or committer date is not an instant"


def test_without_payload_and_with_progress_over_all_commits(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy(assignments=[]), "Roles/b.json": policy()})
    repository.commit({"Roles/c.json": policy()})
    seen: list[int] = []
    found = find_runs(asked_of(repository.path, progress=seen.append)).sets
    sets = [each.read(with_payload=False) for each in found]
    assert seen == [1, 2, 3, 4, 5]
    assert {(item.payload, item.assignments) for captured in sets for item in captured.items} == {(None, None)}
    assert sets[0].items[0].assignments_state == "captured"
