"""The budgets of the screens over a large fleet: keys, bytes, pauses and memory, through a pseudo-terminal."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from statistics import median
from time import sleep
from typing import Final, NamedTuple

from sqlalchemy import text

from bench import walk
from bench.budgets import Result
from bench.keeping import Kept
from bench.start_up import NOW_OPTION, PRODUCT, TRIAGED
from bench.terminal import FRAME_END, Terminal
from bench.timing import percentile, quietest
from health.store.opening.errors import StoreLocked
from health.store.opening.urls import parse_database_url
from health.store.writing.transactions import transaction

ROUND: Final = 30
"""The number of keys that go down and up again within the first page, so that they can be pressed once more."""
_DOWN: Final = b"j"
_CURSOR: Final = b"Tenant "
_NARROWING: Final = (b"/", b"t", b"e", b"n", b"\r", b"\x1b", *(bytes([key]) for key in b"1350ww0sj"), b"\r")
_ESCAPE: Final = b"\x1b[27u"
_NEW_LISTS: Final = (
    (b"/", b"7"),
    (b"\r", _ESCAPE),
    *((b"", key) for key in (b"3", b"5", b"0", b"w", _ESCAPE)),
    (b"sj", b"\r"),
)
"""The keys before a new list, and the key that asks for it."""
_EVERY_SECOND: Final = '[ui]\nrefresh = "1s"\n'


class _Pressed(NamedTuple):
    """Of each key: milliseconds to its frame, milliseconds of the program's CPU time in it, and all bytes written."""

    delays: list[float]
    processor: list[float]
    sizes: list[int]


def measure(fleet: Kept, *, keys: int, engine_only: bool) -> Iterator[Result]:
    """Every budget of the screens on a fleet; with `engine_only` only those that depend on the engine."""
    yield _used(fleet)
    yield _new_lists(fleet)
    if not engine_only:
        yield from _at_rest(fleet, keys)
        yield _narrowed(fleet.url, fleet.where)
        yield from walk.measure(fleet.url)
    yield from _while_refreshing(fleet, keys)


def _at_rest(fleet: Kept, keys: int) -> list[Result]:
    where = fleet.where
    with _opened((PRODUCT,), fleet.url) as terminal:
        pressed = quietest(lambda: _pressed(terminal, keys))
        terminal.settle()
        idle = terminal.listen(10) / 10
        terminal.send(b"\r")
        terminal.wait_for(b"LATEST", FRAME_END)
        opened = terminal.settle()
    return [
        *_keys(where, pressed),
        Result("bytes of a cursor move", "80x24", "", "", median(pressed.sizes) / 1000, "kB", 1.2),
        Result("bytes of a pushed screen", "80x24", "", "", opened / 1000, "kB", 10),
        Result("idle", "80x24", "", "", idle, "B/s", 150),
    ]


def _used(fleet: Kept) -> Result:
    """The most memory while the fleet is read, a tenant is opened and left, narrowed, sorted, and read once more."""
    with _opened((PRODUCT,), fleet.url) as terminal:
        for key in (b"\r", b"\x1b", b"r", b"3", b"0", b"sj\r", b"/ten\r", b"\x1b", b"r"):
            terminal.send(key)
            terminal.settle(0.8)
        return _resident(fleet, fleet.where, terminal.resident_megabytes())


def _keys(where: str, pressed: _Pressed) -> Iterator[Result]:
    """From a key to its frame; and how much of that the program ran, which a busy machine does not change."""
    for of_it, spent in (("", pressed.delays), (", CPU time", pressed.processor)):
        budget = f"key to painted frame{of_it}, 95th percentile"
        yield Result(budget, where, *_spread(spent), percentile(spent, 95), "ms", 16)


def _resident(fleet: Kept, where: str, megabytes: float) -> Result:
    return Result("resident memory", where, "", "", megabytes, "MB", 350 if fleet.is_large else 150)


def _new_lists(fleet: Kept) -> Result:
    """Another filter, posture or order: from the key to the first frame of the new list, which says of how many."""
    of_how_many = f"{fleet.shape.tenants:,}".encode()

    def asked() -> list[float]:
        delays = []
        with _opened((PRODUCT,), fleet.url) as terminal:
            for before, key in _NEW_LISTS:
                if before:
                    terminal.send(before)
                    terminal.settle()
                pressed = terminal.send(key)
                delays.append((terminal.wait_for_frame(of_how_many) - pressed) * 1000)
                terminal.settle()
        return delays

    delays = quietest(asked)
    budget = "key to the first frame of a new list, the slowest"
    return Result(budget, fleet.where, *_spread(delays), max(delays), "ms", 150)


def _narrowed(url: str, where: str) -> Result:
    """A filter letter by letter, a posture, what goes stale within a shift, and each order."""

    def longest_pause() -> float:
        with tempfile.TemporaryDirectory() as folder:
            noted = Path(folder, "longest-pause")
            with _opened((sys.executable, "-m", "bench.probed", str(noted)), url) as terminal:
                noted.unlink()
                for key in (*_NARROWING, b"\x1b"):
                    terminal.send(key)
                    terminal.settle()
                return float(noted.read_text()) * 1000

    pause = quietest(longest_pause)
    return Result("longest pause of the event loop", f"{where}, narrowed and sorted", "", "", pause, "ms", 50)


def _while_refreshing(fleet: Kept, keys: int) -> list[Result]:
    """A writer changes the facts all the time, and the screens refresh every second: each time they read the fleet."""
    url = fleet.url
    with tempfile.TemporaryDirectory() as folder, _written_to(url):
        every_second = Path(folder, "refresh.toml")
        every_second.write_text(_EVERY_SECOND)
        with _opened((PRODUCT,), url, "--config", str(every_second)) as terminal:
            pressed = quietest(lambda: _pressed(terminal, keys))
            sleep(1)
            memory = terminal.resident_megabytes()
        pause = quietest(lambda: _longest_pause(Path(folder, "longest-pause"), url, every_second))
    busy = f"{fleet.where}, refreshing"
    return [
        *_keys(busy, pressed),
        Result("longest pause of the event loop", busy, "", "", pause, "ms", 50),
        _resident(fleet, busy, memory),
    ]


def _longest_pause(noted: Path, url: str, every_second: Path) -> float:
    """In milliseconds, while the screens refresh."""
    probed = (sys.executable, "-m", "bench.probed", str(noted))
    with _opened(probed, url, "--config", str(every_second)) as terminal:
        noted.unlink()
        terminal.listen(6)
        return float(noted.read_text()) * 1000


@contextmanager
def _opened(program: Sequence[str], url: str, *arguments: str) -> Iterator[Terminal]:
    command = (*program, "--database", url, *NOW_OPTION, *arguments)
    with Terminal(command, PYTHONPATH=str(Path(__file__).parent.parent)) as terminal:
        terminal.wait_for(TRIAGED, FRAME_END)
        terminal.settle()
        yield terminal


def _pressed(terminal: Terminal, keys: int) -> _Pressed:
    """From each key to the end of the frame with the cursor on another row.

    The keys go up and down within the first page, so a frame is two rows; the line below the list is a second frame.
    They come faster than a person can type.
    """
    found = _Pressed([], [], [])
    for number in range(keys):
        had_run = terminal.processor_seconds()
        pressed = terminal.send(_DOWN if number % ROUND < ROUND // 2 else b"k")
        found.delays.append((terminal.wait_for_frame(_CURSOR) - pressed) * 1000)
        found.processor.append((terminal.processor_seconds() - had_run) * 1000)
        found.sizes.append(terminal.settle(0.05))
    return found


def _spread(delays: list[float]) -> tuple[str, str]:
    return f"median {median(delays):.1f} ms", f"worst {max(delays):.0f} ms"


@contextmanager
def _written_to(url: str) -> Iterator[None]:
    """Rename the last tenant and back, three times a second, until the block ends."""
    address, ended = parse_database_url(url), threading.Event()
    last = "FROM tenants ORDER BY id DESC LIMIT 1"

    def rename(name: str) -> None:
        with transaction(address) as connection:
            connection.execute(text(f"UPDATE tenants SET name = :name WHERE id = (SELECT id {last})"), {"name": name})

    def write() -> None:
        names = cycle((f"{name} renamed", name))
        while not ended.wait(0.3):
            # A read of 100,000 tenants from SQLite may last longer than a writer waits.
            with suppress(StoreLocked):
                rename(next(names))
        rename(name)

    with transaction(address) as connection:
        name = str(connection.execute(text(f"SELECT name {last}")).scalar_one())
    writer = threading.Thread(target=write, name="bench-writer")
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()
