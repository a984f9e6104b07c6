"""`tenantpilot metrics` as a process: once, into a file, and over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.health.making import DAY, HOUR, LONG_AGO, NOW
from tests.health.store.bare import bare
from tests.oracle.loading import load, sqlite_path
from tests.oracle.rows import ItemRow, Rows, SetRow, TenantRow
from tests.preloaded import Forked
from tests.tui.commands.recorder import TENANTPILOT, Recorder
from tests.waiting import DEADLINE

AT = ("--now", "2026-11-23T09:00:00Z")


def fill(machine: Recorder) -> None:
    """One tenant confirmed, one stale, one absent."""
    tenants = [TenantRow(number, f"tenant-{number}", f"Tenant {number}", LONG_AGO) for number in (1, 2, 3)]
    sets = [
        SetRow(number, number, completed_at=NOW - age, created_at=NOW - age)
        for number, age in ((1, HOUR), (2, 9 * DAY))
    ]
    load(machine.url, Rows(tenants, sets, [ItemRow(each.id, each.tenant_id, each.id) for each in sets], []))


def states(text: str) -> dict[str, float]:
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert families["tenantpilot_facts_readable"].samples[0].value == 1
    counts = {sample.labels["state"]: sample.value for sample in families["tenantpilot_tenants"].samples}
    return {state: count for state, count in counts.items() if count}


UNREADABLE = """\
# HELP tenantpilot_facts_readable Whether the facts could be read: 1 or 0.
# TYPE tenantpilot_facts_readable gauge
tenantpilot_facts_readable 0.0
# EOF
"""


# Once


def test_once_to_standard_output(any_recorder: Recorder) -> None:
    fill(any_recorder)
    done = any_recorder.tenantpilot("metrics", *AT)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert states(text) == {"confirmed": 1, "stale": 1, "absent": 1}
    assert 'tenantpilot_basis_age_seconds{tenant="tenant-1"} 3600.0' in text.splitlines()
    totals = any_recorder.tenantpilot("metrics", "--totals-only", *AT).stdout.decode()
    assert states(totals) == states(text)
    assert "tenant-1" not in totals


def test_once_into_a_file_that_the_collector_may_read(recorder: Recorder) -> None:
    fill(recorder)
    before = os.umask(0o077)
    try:
        done = recorder.tenantpilot("metrics", "--output", "tenantpilot.prom", *AT)
    finally:
        os.umask(before)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    file = recorder.folder / "tenantpilot.prom"
    assert states(file.read_text()) == {"confirmed": 1, "stale": 1, "absent": 1}
    assert file.stat().st_mode & 0o777 == 0o644
    first = file.stat().st_ino
    recorder.tenantpilot("metrics", "--output", "tenantpilot.prom", *AT)
    # A new file takes its place: a reader that has the old one open reads it to the end.
    assert file.stat().st_ino != first
    assert not list(recorder.folder.glob(".tenantpilot-*"))


def test_facts_that_cannot_be_read_are_an_error_and_a_metric(recorder: Recorder) -> None:
    Path(sqlite_path(recorder.url)).write_bytes(b"no database at all")
    done = recorder.tenantpilot("metrics")
    assert (done.returncode, done.stdout.decode()) == (3, UNREADABLE)
    assert "is damaged or not a SQLite database" in done.stderr.decode()
    into = recorder.tenantpilot("metrics", "--output", "tenantpilot.prom")
    assert (into.returncode, into.stdout) == (3, b"")
    assert (recorder.folder / "tenantpilot.prom").read_text() == UNREADABLE


def test_a_fifo_and_a_device_are_written_into(recorder: Recorder) -> None:
    fill(recorder)
    fifo = recorder.folder / "fifo"
    os.mkfifo(fifo)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(fifo.read_text)
        done = recorder.tenantpilot("metrics", "--output", "fifo", *AT)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert states(read.result(DEADLINE)) == {"confirmed": 1, "stale": 1, "absent": 1}
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert recorder.tenantpilot("metrics", "--output", "/dev/null", *AT).returncode == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("linked", [False, True])
def test_the_text_never_takes_the_place_of_the_database(recorder: Recorder, end: str, linked: bool) -> None:
    fill(recorder)
    database = Path(sqlite_path(recorder.url))
    before = database.read_bytes()
    link = recorder.folder / "link.db"
    link.symlink_to(database)
    named = ("--database", f"sqlite:///{link}") if linked else ()
    done = recorder.tenantpilot("metrics", "--output", f"{database}{end}", *named, *AT)
    assert (done.returncode, done.stdout) == (1, b"")
    why = "this command reads its facts or settings there"
    assert done.stderr.decode() == f"tenantpilot: {database}{end} cannot be written: {why}.\n"
    assert database.read_bytes() == before
    assert not end or not Path(f"{database}{end}").exists()
    beside = recorder.tenantpilot("metrics", "--output", f"{database}.prom", *named, *AT)
    assert (beside.returncode, beside.stderr) == (0, b"")


def test_the_text_never_takes_the_place_of_the_settings(recorder: Recorder) -> None:
    fill(recorder)
    settings, known = recorder.folder / "own.toml", recorder.folder / "known.toml"
    settings.write_text('[known]\nfile = "known.toml"\n')
    known.write_text("")
    for file in (settings, known):
        before = file.read_text()
        done = recorder.tenantpilot("metrics", "--config", "own.toml", "--output", file.name, *AT)
        assert (done.returncode, file.read_text()) == (1, before)
        assert f"{file.name} cannot be written: this command reads its facts or settings there." in done.stderr.decode()


@pytest.mark.parametrize("kind", ["link", "link to nothing", "folder", "socket"])
def test_a_place_that_is_not_a_file_is_refused_and_left_alone(recorder: Recorder, kind: str) -> None:
    fill(recorder)
    place = recorder.folder / "x.prom"
    why = "it is neither a file nor a FIFO nor a character device"
    if kind.startswith("link"):
        why = "it is a link, name the file itself"
        target = recorder.folder / "target"
        place.symlink_to(target)
        if kind == "link":
            target.write_text("kept")
    elif kind == "folder":
        place.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place))
    before = place.lstat()
    done = recorder.tenantpilot("metrics", "--output", "x.prom", *AT)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"tenantpilot: x.prom cannot be written: {why}.\n"
    assert (place.lstat().st_ino, place.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert kind != "link" or (recorder.folder / "target").read_text() == "kept"


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_it_is_utf_8_whatever_the_locale(recorder: Recorder, locale: str) -> None:
    load(recorder.url, Rows([TenantRow(1, "münchen-東京", "x", LONG_AGO)], [], [], []))
    env = {**recorder.env, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([TENANTPILOT, "metrics", *AT], env=env, cwd=recorder.folder, capture_output=True, check=True)
    assert 'tenant="münchen-東京"' in done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    "command", ["metrics", "report", "check", "tenant list", "config", "causes", "coverage", "db status", "--help"]
)
def test_an_answer_on_a_closed_output_is_a_failure(recorder: Recorder, command: str) -> None:
    """`>&-` closes standard output."""
    load(recorder.url, Rows([TenantRow(1, "x", "x", LONG_AGO)], [], [], []))
    done = subprocess.run(
        ["sh", "-c", f"exec '{TENANTPILOT}' {command} >&-"],
        env=recorder.env, cwd=recorder.folder, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    assert done.returncode == (3 if command == "check" else 1)
    assert done.stderr.decode() == (
        "tenantpilot: Standard output does not take the answer (it is closed): give the command somewhere to print"
        " to.\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--output", "x.prom", "--serve", "0"), 2, "Give either --output FILE or --serve HOST:PORT"),
        (("--output", "nowhere/x.prom"), 1, "nowhere/x.prom cannot be written: No such file or directory."),
        (("--serve", "127.0.0.1:65536"), 2, "is not an address to serve at: write it as 127.0.0.1:9718"),
        (("--serve", "here"), 2, "is not an address to serve at"),
        (("--serve", "a b:80"), 2, "is not an address to serve at"),
        (("--serve", "[::1"), 2, "is not an address to serve at"),
        (("--serve", "192.0.2.1:0"), 1, "192.0.2.1:0: cannot listen there: Cannot assign requested address."),
        (("--serve", "no-such-host.invalid:0"), 1, "no-such-host.invalid:0: cannot listen there"),
        (("--database", "mysql://x"), 2, "not supported"),
    ],
)
def test_what_is_refused(recorder: Recorder, words: tuple[str, ...], code: int, why: str) -> None:
    done = recorder.tenantpilot("metrics", *words)
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (code, b"")
    assert why in line
    assert not list(recorder.folder.glob("*.prom"))


def test_a_port_that_is_taken_is_reported(recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = recorder.tenantpilot("metrics", "--serve", str(port))
    assert done.returncode == 1
    assert done.stderr.decode() == f"tenantpilot: 127.0.0.1:{port}: cannot listen there: Address already in use.\n"


# Over HTTP


class Served:
    """A running server and its address."""

    def __init__(self, process: Forked, stderr: IO[bytes]) -> None:
        self.process = process
        self.sentence = stderr.readline().decode()
        self.url = self.sentence.split()[2].rstrip(".,")

    def get(self, path: str = "") -> tuple[int, str, str]:
        """Status, content type and body of one request."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()


@contextmanager
def serving(machine: Recorder, *words: str) -> Iterator[Served]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stderr, os.fdopen(writing, "wb"), Path(os.devnull).open("r+b") as nothing:
        streams = (nothing.fileno(), nothing.fileno(), writing)
        command = ("metrics", "--serve", *words)
        process = Forked(command, streams, env=machine.env, cwd=machine.folder, login=True)
        try:
            yield Served(process, stderr)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_each_scrape_is_one_new_reading(any_recorder: Recorder) -> None:
    fill(any_recorder)
    with serving(any_recorder, "0", *AT) as served:
        assert served.sentence.startswith("tenantpilot: Serving http://127.0.0.1:")
        assert "password" not in served.sentence
        status, content_type, text = served.get()
        assert (status, content_type) == (200, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        assert states(text) == {"confirmed": 1, "stale": 1, "absent": 1}
        with bare(any_recorder.url) as database:
            database.execute("UPDATE backup_sets SET deleted_at = created_at WHERE id = 1")
        assert states(served.get()[2]) == {"stale": 1, "absent": 2}
        assert states(served.get("?x=1")[2]) == {"stale": 1, "absent": 2}


def test_there_is_nothing_else_to_ask_for(recorder: Recorder) -> None:
    with serving(recorder, "127.0.0.1:0") as served:
        for path in ("/", "x", "/../../etc/passwd"):
            status, _, body = served.get(path)
            assert status == 404
            assert "There is only /metrics here" in body
        assert states(served.get()[2]) == {}


def test_a_database_that_goes_and_comes_back_is_read_again(recorder: Recorder) -> None:
    fill(recorder)
    file = Path(sqlite_path(recorder.url))
    with serving(recorder, "0", *AT) as served:
        assert states(served.get()[2])["confirmed"] == 1
        file.rename(file.with_suffix(".away"))
        assert served.get() == (200, "application/openmetrics-text; version=1.0.0; charset=utf-8", UNREADABLE)
        file.with_suffix(".away").rename(file)
        assert states(served.get()[2])["confirmed"] == 1


def test_a_client_that_goes_away_does_not_block_the_others(recorder: Recorder) -> None:
    fill(recorder)
    with serving(recorder, "0", *AT) as served:
        port = int(served.url.split(":")[2].split("/")[0])
        for request in (
            b"",
            b"\x16\x03\x01 not HTTP\r\n\r\n",
            b"GET /metrics HTTP/1.0\r\n\r\n",
            b"POST / HTTP/1.0\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as client:
                client.sendall(request)
        assert served.get()[0] == 200
        assert served.process.poll() is None


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_on_ipv6_too(recorder: Recorder) -> None:
    with serving(recorder, "[::1]:0") as served:
        assert served.sentence.startswith("tenantpilot: Serving http://[::1]:")
        assert served.get()[0] == 200


def test_an_address_that_others_can_reach_is_reported(recorder: Recorder) -> None:
    with serving(recorder, "0.0.0.0:0") as served:
        assert served.sentence.endswith("/metrics, without a password, to everybody who can reach this address.\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_when_it_is_told_to(recorder: Recorder, number: signal.Signals, code: int) -> None:
    with serving(recorder, "0") as served:
        served.get()
        served.process.send_signal(number)
        assert served.process.wait(timeout=DEADLINE) == code
