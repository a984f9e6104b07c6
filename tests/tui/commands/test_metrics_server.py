"""The server of `metrics --serve`, with clients that send slowly, stay, come in crowds, or do not read the answer."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.waiting import DEADLINE
from tui.commands import metrics_server
from tui.commands.metrics_server import MOST_AT_ONCE, MetricsServer, OneAtATime

ANSWER = "x 1\n# EOF\n"
SOON = 0.2
"""Seconds that a client has in these tests, instead of ten."""


@contextmanager
def serving(text: Callable[[], str]) -> Iterator[int]:
    """A running server; yields its port."""
    with MetricsServer(("127.0.0.1", 0), text) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=DEADLINE) as answer:
        text: str = answer.read().decode()
        return text


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)


def test_clients_that_say_nothing_keep_no_scrape_waiting() -> None:
    with serving(lambda: ANSWER) as port, ExitStack() as open_clients:
        for _ in range(MOST_AT_ONCE // 2):
            client = open_clients.enter_context(connect(port))
            client.sendall(b"GET /metr")
        assert scrape(port) == ANSWER


def test_a_request_that_trickles_in_has_one_deadline_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "REQUEST_SECONDS", SOON)
    with serving(lambda: ANSWER) as port, connect(port) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\nX: ")
        client.settimeout(SOON / 10)
        for _ in range(1000):
            # Send a byte whenever a tenth of the time has passed without an answer: never silent, and never finished.
            with suppress(TimeoutError):
                assert client.recv(100) == b""
                break
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(b"x")
        else:
            raise AssertionError("the server waits as long as a byte comes now and then")
        assert scrape(port) == ANSWER


def test_a_client_that_takes_no_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "REQUEST_SECONDS", SOON)
    huge = "x" * 50_000_000
    ended = threading.Event()
    shutdown = MetricsServer.shutdown_request

    def noted(server: MetricsServer, request: socket.socket) -> None:
        shutdown(server, request)
        ended.set()

    monkeypatch.setattr(MetricsServer, "shutdown_request", noted)
    with serving(lambda: huge) as port, connect(port) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert ended.wait(DEADLINE)


def test_a_reading_may_take_longer_than_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "REQUEST_SECONDS", SOON)
    never = threading.Event()

    def slow() -> str:
        never.wait(3 * SOON)
        return ANSWER

    with serving(slow) as port:
        assert scrape(port) == ANSWER


def test_one_client_too_many_is_sent_away_at_once() -> None:
    with serving(lambda: ANSWER) as port, ExitStack() as open_clients:
        for _ in range(MOST_AT_ONCE):
            open_clients.enter_context(connect(port)).sendall(b"GET /")
        one_more = open_clients.enter_context(connect(port))
        with suppress(ConnectionResetError):
            assert one_more.recv(100) == b""


def test_one_reading_at_a_time_and_each_begins_after_its_scrape_came() -> None:
    entered, gate = threading.Semaphore(0), threading.Semaphore(0)
    under_way, begun = 0, 0

    def read() -> str:
        nonlocal under_way, begun
        under_way, begun = under_way + 1, begun + 1
        number = begun
        assert under_way == 1
        entered.release()
        assert gate.acquire(timeout=DEADLINE)
        under_way -= 1
        return str(number)

    shared = OneAtATime(read)
    waiting = threading.Semaphore(0)

    def ask() -> str:
        waiting.release()
        return shared.text()

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(ask)
        assert entered.acquire(timeout=DEADLINE)
        later = [pool.submit(ask) for _ in range(4)]
        for _ in range(5):
            assert waiting.acquire(timeout=DEADLINE)
        gate.release(5)
        assert first.result(DEADLINE) == "1"
        assert {each.result(DEADLINE) for each in later} <= {"2", "3"}
    assert begun <= 3


def test_a_reading_that_fails_is_not_handed_on() -> None:
    asked: list[str] = []

    def read() -> str:
        asked.append("again")
        if len(asked) == 1:
            raise ValueError("no")
        return str(len(asked))

    shared = OneAtATime(read)
    with pytest.raises(ValueError, match="no"):
        shared.text()
    assert shared.text() == "2"
