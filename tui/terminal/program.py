"""A program of the user's in the terminal that the app has left for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence


def run_in_terminal(arguments: Sequence[str]) -> None:
    """Run a program, without a shell, and wait for Enter, so that what it printed can be read.

    Ctrl-C is for the program alone. What went wrong is printed where its output stands.
    """
    # A handler of ours, and not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        ended = subprocess.run(arguments, check=False).returncode
        words = f"ended with {ended}"
    except OSError as error:
        words = f"{arguments[0]}: {error.strerror}"
    finally:
        signal.signal(signal.SIGINT, before)
    sys.stderr.write(f"\n[{words}; Enter goes back to TenantPilot] ")
    sys.stderr.flush()
    sys.stdin.readline()
