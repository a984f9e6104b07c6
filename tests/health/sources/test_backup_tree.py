"""An untrusted folder: everything in it is read or reported, and nothing outside it is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from health.sources.backup_tree import MAX_FOLDERS_DEEP, BackupFile, read_tree
from health.sources.captured import RefusedInput
from health.sources.documents import MAX_FILE_BYTES
from tests.health.sources.trees import plant


class EveryJson:
    """Every folder but `skip`, and every `.json` file. `looked_at` runs between a file's listing and its opening."""

    def __init__(self, looked_at: Callable[[str], None] = lambda name: None) -> None:
        self._looked_at = looked_at

    def enters(self, folder: str, name: str) -> bool:
        return name != "skip"

    def takes(self, folder: str, name: str) -> bool:
        self._looked_at(name)
        return name.endswith(".json")

    def may_hide(self, folder: str, name: str) -> bool:
        return self.enters(folder, name)


def read(root: Path, layout: EveryJson | None = None) -> dict[str, BackupFile]:
    files = list(read_tree(root, layout or EveryJson()))
    return {f"{file.folder}/{file.name}": file for file in files}


def test_files_come_with_their_content_in_the_order_of_their_names(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {"B/b.json": "1", "A/z.json": "2", "A/a.json": "3", "A/in/x.json": "4", "top.json": "5", "A/n.txt": "6"},
    )
    plant(tmp_path, {"skip/a.json": "7"})
    files = read(tmp_path)
    assert [(name, file.content) for name, file in files.items()] == [
        ("A/a.json", b"3"),
        ("A/in/x.json", b"4"),
        ("A/z.json", b"2"),
        ("B/b.json", b"1"),
        ("/top.json", b"5"),
    ]
    assert {file.problem for file in files.values()} == {None}


def test_a_file_says_when_it_was_written(tmp_path: Path) -> None:
    plant(tmp_path, {"A/a.json": "1"})
    os.utime(tmp_path / "A/a.json", ns=(0, 1_700_000_000_123_456_789))
    assert read(tmp_path)["A/a.json"].written_ns == 1_700_000_000_123_456_789


def test_a_file_has_a_change_time_that_cannot_be_set_back(tmp_path: Path) -> None:
    path = plant(tmp_path, {"A/a.json": "1"}) / "A/a.json"
    first = read(tmp_path)["A/a.json"].changed_ns
    assert first == path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == first:
        path.write_text("2")
        os.utime(path, ns=(0, 0))
    assert (read(tmp_path)["A/a.json"].changed_ns or 0) > first


def test_symbolic_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"secret.json": "1", "deep/other.json": "2"})
    root = plant(tmp_path / "root", {"A/a.json": "3"})
    (root / "A/link.json").symlink_to(outside / "secret.json")
    (root / "A/skip").symlink_to(outside)
    (root / "Linked").symlink_to(outside)
    (root / "gone").symlink_to(outside / "nowhere")
    files = read(root)
    problem = "it is a symbolic link, which is not followed"
    assert files == {
        "A/a.json": files["A/a.json"],
        "A/link.json": BackupFile("A", "link.json", problem=problem),
        "Linked/Linked": BackupFile("Linked", "Linked", problem=problem, is_folder=True),
        "gone/gone": BackupFile("gone", "gone", problem=problem, is_folder=True),
    }


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    plant(tmp_path / "v2", {"A/a.json": "1"})
    (tmp_path / "latest").symlink_to("v2")
    assert read(tmp_path / "latest")["A/a.json"].content == b"1"


def test_a_root_that_the_user_did_not_name_may_not(tmp_path: Path) -> None:
    plant(tmp_path / "v2", {"A/a.json": "1"})
    (tmp_path / "latest").symlink_to("v2")
    with pytest.raises(RefusedInput, match="cannot be read"):
        list(read_tree(tmp_path / "latest", EveryJson(), follow_root=False))


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    os.mkfifo(tmp_path / "A/pipe.json")
    os.mkfifo(tmp_path / "A/other")
    files = read(tmp_path)
    assert list(files) == ["A/pipe.json"]
    assert files["A/pipe.json"].problem == "it is not a regular file"


@pytest.mark.parametrize(("kind", "why"), [("link", "symbolic links"), ("pipe", "not a regular file")])
def test_a_file_swapped_in_before_the_opening_is_not_read(tmp_path: Path, kind: str, why: str) -> None:
    plant(tmp_path, {"secret.txt": "s", "A/a.json": "1"})
    path = tmp_path / "A/a.json"

    def swap(name: str) -> None:
        if name == "a.json":
            path.unlink()
            if kind == "link":
                path.symlink_to(tmp_path / "secret.txt")
            else:
                os.mkfifo(path)

    file = read(tmp_path, EveryJson(swap))["A/a.json"]
    assert file.content is None
    assert why in str(file.problem)


@pytest.mark.parametrize(
    ("at", "problem"),
    [("a.json", "it cannot be looked at"), ("b.json", "the file cannot be read")],
    ids=["listed", "seen"],
)
def test_a_file_that_vanishes_is_reported(tmp_path: Path, at: str, problem: str) -> None:
    plant(tmp_path, {"A/a.json": "1", "A/b.json": "2"})

    def vanish(name: str) -> None:
        if name == at:
            (tmp_path / "A/b.json").unlink(missing_ok=True)

    assert read(tmp_path, EveryJson(vanish))["A/b.json"].problem == f"{problem}: No such file or directory"


def test_a_file_is_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    plant(tmp_path, {"A/fits.json": "", "A/large.json": "", "A/endless.json": ""})
    for name, size in (("fits", MAX_FILE_BYTES), ("large", MAX_FILE_BYTES + 1), ("endless", 1024**4)):
        os.truncate(tmp_path / f"A/{name}.json", size)
    files = read(tmp_path)
    assert len(files["A/fits.json"].content or b"") == MAX_FILE_BYTES
    assert files["A/large.json"].problem == files["A/endless.json"].problem == "the file is larger than 16 MiB"


@pytest.mark.parametrize(("closed", "told"), [("a.json", "A/a.json"), ("A", "A/A"), ("in", "A/in/in")])
def test_a_file_that_may_not_be_opened_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str, told: str
) -> None:
    plant(tmp_path, {"A/a.json": "1", "A/in/x.json": "2", "B/b.json": "3"})
    really_open = os.open

    def guarded(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags, mode, dir_fd=dir_fd)

    # The file's mode would not do: the tests may run as root, who may open everything.
    monkeypatch.setattr(os, "open", guarded)
    files = read(tmp_path)
    assert str(files[told].problem).endswith("cannot be read: Permission denied")
    assert files[told].is_folder is (closed != "a.json")
    assert files["B/b.json"].content == b"3"


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"A/a.json": "1", "B/b.json": "3"})
    really_scandir, listed = os.scandir, 0

    def failing_second(descriptor: int) -> object:
        nonlocal listed
        listed += 1
        if listed == 2:
            raise OSError(5, "Input/output error")
        return really_scandir(descriptor)

    monkeypatch.setattr(os, "scandir", failing_second)
    files = read(tmp_path)
    assert files["A/A"].problem == "the folder cannot be read: Input/output error"
    assert files["B/b.json"].content == b"3"


def test_folders_are_entered_as_deep_as_the_limit_and_no_deeper(tmp_path: Path) -> None:
    deepest = "/".join(["d"] * (MAX_FOLDERS_DEEP - 1))
    plant(tmp_path, {f"{deepest}/a.json": "1", f"{deepest}/d/b.json": "2"})
    files = read(tmp_path)
    assert files[f"{deepest}/a.json"].content == b"1"
    beyond = files[f"{deepest}/d/d"]
    assert beyond.is_folder
    assert "inside more than" in str(beyond.problem)
    assert len(files) == 2


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_no_descriptor_stays_open_when_the_reader_stops_half_way(tmp_path: Path) -> None:
    plant(tmp_path, {"A/in/a.json": "1", "A/in/b.json": "2"})
    before = open_descriptors()
    reading = read_tree(tmp_path, EveryJson())
    next(reading)
    del reading
    assert open_descriptors() == before


def test_names_that_are_not_utf8_are_written_out(tmp_path: Path) -> None:
    plant(tmp_path, {os.fsdecode(b"T\xff/caf\xe9.json"): "1"})
    files = read(tmp_path)
    assert list(files) == ["T\\xff/caf\\xe9.json"]
    assert files["T\\xff/caf\\xe9.json"].content == b"1"


def test_a_root_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"file": "1"})
    with pytest.raises(RefusedInput, match=r"nowhere: this folder cannot be read: No such file or directory\."):
        read(tmp_path / "nowhere")
    with pytest.raises(RefusedInput, match=r"file: this folder cannot be read: Not a directory\."):
        read(tmp_path / "file")
