"""The settings file: who may have written it, and the errors for one that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.settings.given import load, refusal
from tui.settings import (
    Settings,
)

# The file


def test_a_named_file_must_exist(cwd: Path) -> None:
    missing = cwd / "no.toml"
    assert refusal(cwd, config=missing) == (
        f"configuration file {missing} does not exist; correct --config, or leave it out"
    )
    assert refusal(cwd, environ={"TENANTPILOT_CONFIG": "no.toml"}) == (
        f"configuration file {missing} does not exist; correct TENANTPILOT_CONFIG, or leave it out"
    )


def test_a_file_that_cannot_be_read_is_refused(cwd: Path) -> None:
    assert f"{cwd} cannot be read (Is a directory)" in refusal(cwd, config=cwd)
    (cwd / "tenantpilot.toml").symlink_to("tenantpilot.toml")
    assert "cannot be read (" in refusal(cwd)
    assert "cannot be read (" in refusal(cwd, config=Path("\0"))


def test_what_is_not_a_file_is_refused_at_once(cwd: Path) -> None:
    """Reading a pipe without a writer would wait for ever."""
    pipe = cwd / "pipe.toml"
    os.mkfifo(pipe, 0o600)
    said = "is not a regular file; write the settings into a file and name that"
    assert refusal(cwd, config=pipe) == f"configuration file {pipe} {said}"
    assert refusal(cwd, environ={"TENANTPILOT_CONFIG": "pipe.toml"}) == f"configuration file {pipe} {said}"
    pipe.rename(cwd / "tenantpilot.toml")
    assert said in refusal(cwd)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o600, ""),
        (0o644, ""),
        (0o602, "can be written by every user; run chmod o-w on it"),
        (0o666, "can be written by every user; run chmod o-w on it"),
        (0o664, "can be written by a group; run chmod g-w on it"),
        (0o620, "can be written by a group; run chmod g-w on it"),
    ],
)
def test_a_file_that_others_can_write_is_refused(cwd: Path, mode: int, why: str) -> None:
    path = cwd / "tenantpilot.toml"
    path.touch()
    path.chmod(mode)
    if not why:
        assert load(cwd).file == path
    else:
        assert refusal(cwd) == f"configuration file {path} {why}"


OTHERS_WRITE = "is in a folder that others can write to; run chmod go-w on the folder, or move the file"


@pytest.mark.parametrize(
    ("mode", "trusted"), [(0o755, True), (0o1777, True), (0o1775, True), (0o777, False), (0o775, False), (0o757, False)]
)
def test_a_file_in_a_folder_that_others_can_write_is_refused(cwd: Path, mode: int, trusted: bool) -> None:
    path = cwd / "tenantpilot.toml"
    path.touch(mode=0o600)
    cwd.chmod(mode)
    if trusted:
        assert load(cwd).file == path
    else:
        assert refusal(cwd) == f"configuration file {path} {OTHERS_WRITE}"


@pytest.mark.parametrize("inner", [False, True], ids=["its own folder", "the folder of what it leads to"])
def test_a_link_is_as_good_as_both_folders(cwd: Path, inner: bool) -> None:
    for name in ("links", "files"):
        (cwd / name).mkdir()
    (cwd / "files" / "real.toml").touch(mode=0o600)
    (cwd / "links" / "tenantpilot.toml").symlink_to("../files/real.toml")
    assert load(cwd / "links").file == cwd / "links" / "tenantpilot.toml"
    (cwd / ("files" if inner else "links")).chmod(0o777)
    assert OTHERS_WRITE in refusal(cwd / "links")


def someone_elses(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Make this file, folder or link count as another user's."""
    number = place.lstat().st_ino
    monkeypatch.setattr("tui.settings.file._is_of_another", lambda status: status.st_ino == number)


@pytest.mark.parametrize("what", ["the file", "a folder on the way", "a second link"])
def test_a_link_of_somebody_else_is_refused(cwd: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (cwd / "real").mkdir()
    (cwd / "real" / "tenantpilot.toml").touch(mode=0o600)
    place, link = cwd, cwd / "tenantpilot.toml"
    if what == "a folder on the way":
        place = link = cwd / "there"
        link.symlink_to("real")
    else:
        link.symlink_to("real/tenantpilot.toml")
    if what == "a second link":
        place = cwd / "second"
        place.mkdir()
        (place / "tenantpilot.toml").symlink_to("../tenantpilot.toml")
    assert load(place).file == place / "tenantpilot.toml"
    someone_elses(monkeypatch, link)
    assert refusal(place) == (
        f"configuration file {place / 'tenantpilot.toml'} is reached by a link of user {link.lstat().st_uid},"
        " neither you nor root; name the file itself"
    )


def test_a_file_in_somebody_elses_folder_is_refused(cwd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cwd / "theirs").mkdir()
    (cwd / "theirs" / "tenantpilot.toml").touch(mode=0o600)
    assert load(cwd / "theirs").file is not None
    someone_elses(monkeypatch, cwd / "theirs")
    assert "is in a folder of user" in refusal(cwd / "theirs")


@pytest.mark.parametrize(("user", "owner", "trusted"), [(1000, 1000, True), (1000, 0, True), (1000, 1001, False)])
def test_a_file_of_somebody_else_is_refused(
    cwd: Path, monkeypatch: pytest.MonkeyPatch, user: int, owner: int, trusted: bool
) -> None:
    path = cwd / "tenantpilot.toml"
    path.touch()
    real = os.fstat

    def owned(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[4] = owner
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", owned)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr("tui.settings.file._untrusted_way", lambda _: None)
    if trusted:
        assert load(cwd).file == path
    else:
        assert f"{path} belongs to user 1001, neither you nor root" in refusal(cwd)


def test_dev_null_means_no_file(cwd: Path) -> None:
    (cwd / "tenantpilot.toml").write_text("[ui]\nmouse = true")
    assert load(cwd, config=Path(os.devnull)).settings == Settings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[ui]\nmouse true", "line 2: Expected '=' after a key in a key/value pair"),
        ("[ui]\nmouse = [\n\n", "line 4: "),
        ("[ui]\n\n[ui]", "line 3: "),
        (b"[ui]\n# \xff", "line 2: this is not UTF-8 text"),
        ("x = " + "[" * 5_000, "line 1: values are nested too deeply"),
    ],
)
def test_invalid_toml_is_refused_with_its_line(cwd: Path, text: str | bytes, problem: str) -> None:
    path = cwd / "tenantpilot.toml"
    assert refusal(cwd, text).startswith(f"configuration file {path} is not valid TOML: {problem}")


def test_the_name_of_a_file_cannot_break_the_sentence(cwd: Path) -> None:
    assert "no␊pe␛.toml" in refusal(cwd, config=Path("no\npe\x1b.toml"))
