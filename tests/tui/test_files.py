"""Files that we write are private and whole or not there, and never go through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.files import new_file, replace_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_never_takes_an_existing_name(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "x.csv").symlink_to(victim)
    (tmp_path / "x-2.csv").symlink_to(tmp_path / "nowhere")
    path = new_file(tmp_path, "x", ".csv", "text\n")
    assert path == tmp_path / "x-3.csv"
    assert (path.read_text(), mode_of(path)) == ("text\n", 0o600)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_replaced_whole_and_a_link_is_replaced_itself(tmp_path: Path, mode: int) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(victim)
    replace_file(link, "new", mode=mode)
    assert (link.read_text(), link.is_symlink(), mode_of(link)) == ("new", False, mode)
    assert victim.read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "victim"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "old").write_text("old")
    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(tmp_path / "old", "new")
    with pytest.raises(OSError, match="No space left"):
        new_file(tmp_path, "x", ".csv", "text")
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"
