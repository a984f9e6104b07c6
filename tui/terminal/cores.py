"""How many cores this process may use. A container may be limited in cores and also in its share of time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> float:
    """The cores of this process's affinity, or fewer if its cgroup or an outer one has a CPU quota. May be 1.5.

    `root` has `proc` and `sys`. A quota that cannot be read does not count.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, *_quotas(root))


def _quotas(root: Path) -> Iterator[float]:
    yield inf
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _quotas_around(root / "sys/fs/cgroup", path, ("cpu.max",))
            elif "cpu" in controllers.split(","):
                yield from _quotas_around(root / "sys/fs/cgroup/cpu", path, ("cpu.cfs_quota_us", "cpu.cfs_period_us"))


def _quotas_around(mount: Path, path: str, files: tuple[str, ...]) -> Iterator[float]:
    """The quotas of a cgroup and of the outer ones. A container may see only the mount itself."""
    folder = mount.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
    for group in (folder, *folder.parents):
        with suppress(OSError, ValueError):
            quota, period = " ".join((group / file).read_text() for file in files).split()
            if quota != "max" and int(quota) > 0 and int(period) > 0:
                yield int(quota) / int(period)
        if group == mount:
            return
