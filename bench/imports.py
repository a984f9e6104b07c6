"""A root of a thousand runs, imported twice: the second time nearly all runs are stored already and are not read."""

from __future__ import annotations

import json
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from bench.budgets import Result, ratio
from bench.start_up import PRODUCT
from bench.terminal import environment
from bench.timing import seconds

_RUNS: Final = 1_000
_POLICIES: Final = 60
_TYPES: Final = ("CompliancePolicies", "ConfigurationPolicies", "DeviceConfigurations")
_SETTINGS: Final = 12
_AGAIN: Final = 3


def measure(engine: str, url: str) -> list[Result]:
    """Import with the program itself, as a crontab does, into a database without tenants."""
    with tempfile.TemporaryDirectory(prefix="tenantpilot-bench-") as folder:
        root = Path(folder)
        for number in range(_RUNS):
            _plant_run(root, datetime(2024, 1, 1, 2, tzinfo=UTC) + timedelta(hours=6 * number))
        whose = ("--tenant", "contoso", "--create-tenant", "Contoso", "--timezone", "UTC")
        command = (PRODUCT, "import", "tenuvault", folder, *whose, "--database", url)

        def run() -> object:
            return subprocess.run(command, check=True, capture_output=True, env=environment())

        first = seconds(run)
        again = median(seconds(run) for _ in range(_AGAIN))
    budget = f"{_RUNS:,} runs imported again, against the first time"
    return [ratio(budget, f"{engine}, {_RUNS * _POLICIES:,} items", again, first, again / first, 0.1)]


def _plant_run(root: Path, began: datetime) -> None:
    run = root / f"backup-{began:%Y-%m-%d-%H%M%S}"
    for number in range(_POLICIES):
        path = run / _TYPES[number % len(_TYPES)] / f"Policy {number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_policy(number, began), indent=2))
    ended = began + timedelta(minutes=3)
    manifest = {
        "StartTime": f"{began:%F %T}",
        "EndTime": f"{ended:%F %T}",
        "DurationSeconds": 180,
        "ItemCounts": dict.fromkeys(_TYPES, _POLICIES // len(_TYPES)),
        "Status": "Success",
    }
    (run / "metadata.json").write_text(json.dumps(manifest))


def _policy(number: int, began: datetime) -> dict[str, object]:
    kind = "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance"
    settings = [
        {
            "id": str(n),
            "settingInstance": {"@odata.type": kind, "settingDefinitionId": f"device_vendor_msft_policy_{n}"},
        }
        for n in range(_SETTINGS)
    ]
    return {
        "displayName": f"Policy {number}",
        "lastModifiedDateTime": began.isoformat(),
        "settingCount": _SETTINGS,
        "settings": settings,
    }
