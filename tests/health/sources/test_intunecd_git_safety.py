"""Reading an untrusted repository: git writes nothing and runs nothing, and an error is one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.intunecd_git import find_runs
from tests.health.sources.reading import asked_of
from tests.health.sources.repositories import Repository
from tests.health.sources.trees import plant, policy


def history_of(root: Path) -> Iterator[CapturedSet]:
    history = find_runs(asked_of(root))
    if history.without is not None:
        raise RefusedInput(history.without)
    return (found.read(with_payload=True) for found in history.sets)


def read(root: Path) -> list[CapturedSet]:
    return list(history_of(root))


def test_only_commits_are_read_and_nothing_is_written(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy("committed")})
    plant(repository.path, {"Roles/a.json": policy("edited"), "Roles/new.json": policy()})

    def state() -> dict[str, tuple[int, bytes]]:
        files = (path for path in repository.path.rglob("*") if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    (captured,) = read(repository.path)
    assert [item.display_name for item in captured.items] == ["committed"]
    assert state() == before


def test_the_environment_cannot_lead_git_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    other.commit({"Filters/other.json": policy()})
    ref = repository.commit({"Roles/a.json": policy()})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_TRACE", "1")
    assert [captured.source_ref for captured in read(repository.path)] == [ref]


def test_programs_that_the_repository_names_are_not_run(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    trap.chmod(0o755)
    repository.commit({"Roles/a.json": policy(), ".gitattributes": "*.json filter=trap diff=trap\n"})
    for key in (
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "filter.trap.smudge",
        "diff.trap.textconv",
        "core.editor",
    ):
        repository.git("config", key, str(trap))
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "core.hooksPath", str(tmp_path))
    assert len(read(repository.path)) == 1
    assert not (tmp_path / "ran").exists()


def test_the_index_is_not_read_because_that_can_run_a_program(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    trap.chmod(0o755)
    repository.commit({"Roles/a.json": policy()})
    repository.git("config", "core.fsmonitor", str(trap))
    repository.git("update-index", "--fsmonitor")
    repository.git("status")
    (tmp_path / "ran").unlink()
    assert len(read(repository.path)) == 1
    assert not (tmp_path / "ran").exists()
    (repository.path / ".git/index").write_bytes(b"damaged")
    assert len(read(repository.path)) == 1


def test_replaced_history_is_ignored(repository: Repository) -> None:
    repository.commit({"Roles/a.json": policy("true")})
    forged = repository.git("hash-object", "-w", "--stdin", stdin=b'{"displayName": "forged"}')
    repository.git("replace", repository.git("rev-parse", "HEAD:Roles/a.json"), forged)
    (captured,) = read(repository.path)
    assert [item.display_name for item in captured.items] == ["true"]


def test_grafted_history_is_ignored(repository: Repository) -> None:
    refs = [repository.commit({"Roles/a.json": policy(str(n))}) for n in range(2)]
    plant(repository.path, {".git/info/grafts": f"{refs[1]}\n"})
    assert [captured.source_ref for captured in read(repository.path)] == refs


def test_stopping_half_way_leaves_no_git_behind(repository: Repository) -> None:
    for n in range(3):
        repository.commit({"Roles/a.json": policy(str(n))})
    history = history_of(repository.path)
    assert isinstance(history, Iterator)
    next(history)
    del history
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        assert "git" not in [Path(f"/proc/{child}/comm").read_text().strip() for child in children.read_text().split()]


# Refusals: at once, in one sentence


def refused(root: Path, why: str) -> None:
    with pytest.raises(RefusedInput, match=why) as refusal:
        history_of(root)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_not_a_repository_is_refused(tmp_path: Path) -> None:
    refused(plant(tmp_path, {"Roles/a.json": policy()}), "not in a git repository")
    refused(tmp_path / "nowhere", "there is no such folder")
    refused(tmp_path / "Roles/a.json", "there is no such folder")


def test_a_repository_without_a_backup_is_refused(repository: Repository) -> None:
    (repository.path / "prod").mkdir()
    refused(repository.path, "no commit yet")
    repository.commit({"Roles/a.json": policy()})
    refused(repository.path / "prod", "no commit changes an item in this folder")


def test_a_shallow_clone_that_would_make_old_backups_new_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"prod/Roles/a.json": policy()})
    repository.commit({"README.md": "x"})
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(clone))
    refused(clone / "prod", "the clone is shallow.*git fetch --unshallow.*fetch-depth: 0")
    refused(clone, "the clone is shallow")


def test_a_machine_without_git_says_so(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"Roles/a.json": policy()})
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(repository.path, "git, which reads a repository, cannot be run: No such file or directory")


def test_another_users_repository_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = r"""fatal: detected dubious ownership in repository at '/srv/backup'
To add an exception for this directory, call:

	git config --global --add safe.directory /srv/backup
"""
    plant(tmp_path, {"said": said, "bin/git": f"#!/bin/sh\n/bin/cat {tmp_path}/said >&2\nexit 128\n"})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    refused(tmp_path, "another user owns it; run: git config --global --add safe.directory /srv/backup$")
    (tmp_path / "said").write_text("fatal: something new\nand more\n", encoding="utf-8")
    refused(tmp_path, r"git cannot read this repository: something new\.$")
