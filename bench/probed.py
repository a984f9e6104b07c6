"""The product with a probe in its event loop: `python -m bench.probed FILE ARGUMENT...` notes the longest pause.

Whoever removes FILE gets the longest pause since then.

This is a separate run, because the probe wakes the loop every two milliseconds and would disturb other measurements.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import Final

_EVERY: Final = 0.002
_FILE = Path(sys.argv[1])


def main() -> None:
    """Run the command line with the arguments after FILE."""
    import tui.app
    from tui.commands import run

    class ProbedApp(tui.app.TenantPilotApp):
        """Measures how late the loop wakes up, and writes the longest delay so far, in seconds."""

        def on_ready(self) -> None:
            self._probe = asyncio.create_task(self._watch())

        async def _watch(self) -> None:
            longest = 0.0
            while True:
                began = perf_counter()
                await asyncio.sleep(_EVERY)
                pause = perf_counter() - began - _EVERY
                longest = longest if _FILE.exists() else 0.0
                if pause > longest:
                    longest = pause
                    _FILE.write_text(f"{longest}")

    tui.app.TenantPilotApp = ProbedApp  # type: ignore[misc]
    sys.exit(run(sys.argv[2:]))


if __name__ == "__main__":
    main()
