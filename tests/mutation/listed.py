"""The modules that mutants change, and the mutants that docs/proofs.md explains."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PAGE: Final = Path(__file__).parents[2] / "docs" / "proofs.md"
_LISTED: Final = re.compile(r"^- `(?P<module>[\w/]+\.py)`: `(?P<before>.*)` → `(?P<after>.*)`$", re.MULTILINE)

MODULES: Final = {
    "health/instants.py": ("tests/health/test_instants.py",),
    "health/freshness.py": ("tests/health/test_freshness.py",),
    "health/quality.py": ("tests/health/test_quality.py",),
    "health/slots.py": ("tests/health/test_slots.py",),
    "health/schedules.py": ("tests/health/test_schedules.py", "tests/health/test_schedules_evaluation.py"),
    "health/posture.py": ("tests/health/test_posture.py",),
    "tui/words/safe_text.py": ("tests/tui/words/test_safe_text.py",),
}
"""The changed modules, each with its own tests: they come first, because they find most."""


def listed() -> set[tuple[str, str, str]]:
    """The mutants that docs/proofs.md gives a reason for: module, lines before, lines after."""
    found = _LISTED.finditer(_PAGE.read_text(encoding="utf-8"))
    return {(match["module"], match["before"], match["after"]) for match in found}
