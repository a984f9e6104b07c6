"""The verdict in words: a number has its noun in the right form."""

from __future__ import annotations

import pytest

from health.quality import BackupQualitySummary
from tui.words.wording import families_in_words


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ({"integrity_warning": 1, "missing_items": 1}, "1 integrity warning, 1 missing item"),
        ({"integrity_warning": 10, "missing_items": 2_000}, "10 integrity warnings, 2,000 missing items"),
        ({"metadata_only": 9, "incomplete_run": 1}, "9 metadata only, incomplete run"),
    ],
)
def test_families_are_counted_in_words(families: dict[str, int], said: str) -> None:
    quality = BackupQualitySummary(10, 10, tuple(families.items()), 0)
    assert families_in_words(quality) == said
