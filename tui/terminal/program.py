"""Run a user's program in the terminal while the app is suspended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence


def run_in_terminal(arguments: Sequence[str], about: str) -> None:
    """Run a program, without a shell, and wait for Enter, so that what it printed can be read.

    `about` is printed before its output: what runs and for whom, because the terminal may still show an earlier output.
    Ctrl-C goes to the program only. If the program fails, that is printed after its output.
    """
    sys.stderr.write(f"\n[{about}]\n")
    sys.stderr.flush()
    # We use our own handler, because the program would inherit SIG_IGN.
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
