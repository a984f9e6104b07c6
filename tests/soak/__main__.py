"""`python -m tests.soak`: one run after the other, each with its own seed, until the time is up or one fails."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import click

from tests.soak.run import SoakFailed, soak


@click.command()
@click.option("--seed", default=1, show_default=True, help="The first seed; each run of --minutes takes the next.")
@click.option("--steps", default=300, show_default=True, help="Steps of one run.")
@click.option("--minutes", type=float, help="Run after run for this long.")
def main(seed: int, steps: int, minutes: float | None) -> None:
    """Soak the screens. If they show something wrong: exit status 1 and the seed."""
    end = time.monotonic() + (minutes or 0) * 60
    total, passed = 0, timedelta()
    while True:
        try:
            with tempfile.TemporaryDirectory() as folder:
                passed += soak(Path(folder), seed, lambda done: done < steps)
        except SoakFailed as error:
            click.echo(f"seed {seed}: {error}")
            sys.exit(1)
        total += steps
        hours = passed // timedelta(hours=1)
        click.echo(f"seed {seed}: {steps} steps, nothing wrong; in all {total:,} steps and {hours:,} simulated hours")
        seed += 1
        if time.monotonic() >= end:
            return


if __name__ == "__main__":
    main()
