"""Pictures of the screens: each is an SVG file that was looked at, and is compared with what is drawn now."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App
from textual.pilot import Pilot

# Fonts come from addresses, but what is committed names no host. The number in a name is another one each time.
_FONT_ADDRESS = re.compile(r",?\s*url\(\"https?://[^\"]*\"\)(?: format\(\"\w+\"\))?")
_NUMBERED = re.compile(r"\bterminal-\d+-([\w-]+)")


class _Picture(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def snap_compare(snapshot: SnapshotAssertion, tmp_path: Path) -> Callable[..., bool]:
    """Whether an app is drawn as in its picture, after `run_before`; `--snapshot-update` takes what is drawn.

    If it is not, the test fails and names the file of what is drawn.
    """
    accepted = snapshot.use_extension(_Picture)

    def compare(
        app: App[str], terminal_size: tuple[int, int], run_before: Callable[[Pilot[Any]], Awaitable[None]]
    ) -> bool:
        async def draw(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            await pilot.pause()
            app.exit(app.export_screenshot(simplify=True))

        svg = app.run(headless=True, auto_pilot=draw, size=terminal_size)
        assert svg is not None
        drawn = _FONT_ADDRESS.sub("", _NUMBERED.sub(r"terminal-\1", svg))
        if accepted == drawn:
            return True
        new = tmp_path / "drawn.svg"
        new.write_text(drawn, encoding="utf-8")
        pytest.fail(f"the screen is not drawn as in its picture; see {new}")

    return compare
