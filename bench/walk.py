"""The common walk at 80 x 24: how many bytes and frames each step writes. On a slow link every byte is time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import mean, median
from typing import Final, NamedTuple

from bench.budgets import Result
from bench.start_up import NOW_OPTION, PRODUCT, TRIAGED
from bench.terminal import FRAME_END, NothingCame, Terminal

_MOVES: Final = 20
_LETTERS: Final = b"degrad"


class Step(NamedTuple):
    """The output of one step of the walk: bytes and frames."""

    name: str
    size: int
    frames: int


_LETTER: Final = "a letter"
_BUDGETS: Final = (("a move", 1.2), (_LETTER, 1.0), ("open", 10.0), ("proof", 10.0), ("palette", 20.0))
"""The limit in kB for each of these steps."""
_PUSHED: Final = ("open", "proof")
_MOST_FRAMES: Final = 3


def measure(url: str) -> Iterator[Result]:
    """The budgets of the steps, and of the whole walk without the palette."""
    steps = list(walked((PRODUCT, "--database", url, *NOW_OPTION)))
    for name, limit in _BUDGETS:
        sizes = [step.size / 1000 for step in steps if step.name == name]
        # A letter that changes every row of the list cannot be written in its budget, so the median and the mean count.
        figures = {"": max(sizes)} if name != _LETTER else {", median": median(sizes), ", mean": mean(sizes)}
        for of_them, figure in figures.items():
            measured = f"largest {max(sizes):.2f} kB" if of_them else ""
            yield Result(f"walk, bytes of {name}{of_them}", "80x24", measured, "", figure, "kB", limit)
        if name in _PUSHED:
            frames = max(step.frames for step in steps if step.name == name)
            yield Result(f"walk, frames of {name}", "80x24", "", "", frames, "frames", _MOST_FRAMES)
    total = sum(step.size for step in steps if "palette" not in step.name)
    yield Result("bytes of the common walk", "80x24", "", "", total / 1000, "kB", 90)


def walked(command: Sequence[str]) -> Iterator[Step]:
    """Start, moves, a page, a filter by six letters, open, proof, back, the palette and back, quit."""
    with Terminal(command, PYTHONPATH=str(Path(__file__).parent.parent)) as terminal:

        def step(name: str, keys: bytes, quiet: float = 0.4) -> Step:
            if keys:
                terminal.send(keys)
            with suppress(NothingCame):  # the last one ends the program
                terminal.wait_for(FRAME_END)
                terminal.settle(quiet)
            return Step(name, len(terminal.written), terminal.written.count(FRAME_END))

        terminal.wait_for(TRIAGED, FRAME_END)
        yield step("start", b"")
        for _ in range(_MOVES):
            yield step("a move", b"j", 0.15)
        yield step("a page", b"\x1b[6~")
        yield step("filter", b"/")
        for letter in _LETTERS:
            yield step(_LETTER, bytes((letter,)))
        yield step("to the list", b"\r")
        yield step("open", b"\r")
        yield step("proof", b"\r")
        yield step("back", b"\x7f")
        yield step("back", b"\x7f")
        yield step("palette", b"\x10")
        yield step("palette closed", b"\x1b[27u")
        yield step("quit", b"q")
