"""How many cores this process may use: the smallest of its affinity and the quotas of its cgroups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.terminal.cores import usable_cores


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may run on four cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("cores", [{0}, {0, 5}])
def test_the_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: set[int]) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    assert usable_cores(tmp_path) == len(cores)


def test_without_an_affinity_every_core_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores(tmp_path) == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(tmp_path) == 1


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 4),
        ("100000 100000\n", 1),
        ("100001 100000\n", 1.00001),
        ("150000 100000\n", 1.5),
        ("50000 100000\n", 0.5),
        ("800000 100000\n", 4),
        ("nonsense", 4),
        ("", 4),
        ("1 0\n", 4),
    ],
)
def test_the_quota_of_cgroup_2(tmp_path: Path, quota: str, cores: float) -> None:
    write(tmp_path, {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": quota})
    assert usable_cores(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", 4), ("100000", 1), ("150000", 1.5), ("0", 4)])
def test_the_quota_of_cgroup_1(tmp_path: Path, quota: str, cores: float) -> None:
    group = "sys/fs/cgroup/cpu/a"
    write(
        tmp_path,
        {
            "proc/self/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/a\n0::/\n",
            f"{group}/cpu.cfs_quota_us": f"{quota}\n",
            f"{group}/cpu.cfs_period_us": "100000\n",
        },
    )
    assert usable_cores(tmp_path) == cores


@pytest.mark.parametrize("place", ["", "slice/", "slice/unit/"])
def test_the_smallest_quota_of_the_cgroups_counts(tmp_path: Path, place: str) -> None:
    """A container sees its own cgroup at the mount, whatever its name is outside."""
    files = {"proc/self/cgroup": "0::/slice/unit\n", "sys/fs/cgroup/slice/unit/cpu.max": "300000 100000"}
    write(tmp_path, {**files, f"sys/fs/cgroup/{place}cpu.max": "200000 100000"})
    assert usable_cores(tmp_path) == 2


def test_a_cgroup_beside_it_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, {"proc/self/cgroup": "0::/../a\n", "sys/fs/cgroup/b/cpu.max": "1000 100000", "cpu.max": "1 100000"})
    assert usable_cores(tmp_path) == 4
