"""Backup folders made by the tests: IntuneCD's layout, small and written here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

GROUP = "#microsoft.graph.groupAssignmentTarget"
EXCLUSION = "#microsoft.graph.exclusionGroupAssignmentTarget"
ALL_DEVICES = "#microsoft.graph.allDevicesAssignmentTarget"


def plant(root: Path, files: Mapping[str, object]) -> Path:
    """Write files under a root: bytes and text as they are, anything else as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return root


def policy(name: str = "A policy", **more: object) -> dict[str, object]:
    """A policy as Graph describes it."""
    return {"displayName": name, **more}


def assigned_to(kind: str, **target: object) -> dict[str, object]:
    """One assignment, as IntuneCD writes it: without ids, and with the group's name where it found one."""
    return {"source": "direct", "target": {"@odata.type": kind, **target}}
