"""A TCP proxy before a PostgreSQL server that counts what a long link costs: flights and bytes each way."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from bench.tls import SOCKET

_LOOK_SECONDS: Final = 0.05
_AT_ONCE: Final = 1 << 18


class Counted(NamedTuple):
    """The traffic on the link. A round trip is a flight to the server and its answer: a farewell has none."""

    round_trips: int
    sent: int
    received: int

    def since(self, before: Counted) -> Counted:
        """The counts after `before`."""
        return Counted(*(now - then for now, then in zip(self, before, strict=True)))


class CountingProxy:
    """One listening port; each connection to it is forwarded to the Unix socket that a URL names."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = f"{parse_qs(parts.query)['host'][0]}/{SOCKET}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self.counted = Counted(0, 0, 0)
        self._others: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._last_sent_by: dict[socket.socket, socket.socket | None] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._forward, name="bench-proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every connection."""
        self._closed.set()
        self._thread.join()

    def _forward(self) -> None:
        while not self._closed.is_set():
            for key, _ in self._selector.select(_LOOK_SECONDS):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._others:
                    self._pass_on(key.fileobj)
        for each in (self._listener, *self._others):
            each.close()
        self._selector.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        self._clients.add(client)
        self._last_sent_by[client] = None
        for one, other in ((client, server), (server, client)):
            self._others[one] = other
            self._selector.register(one, selectors.EVENT_READ)
        # TCP's own handshake is a round trip too.
        self.counted = self.counted._replace(round_trips=self.counted.round_trips + 1)

    def _pass_on(self, end: socket.socket) -> None:
        other = self._others[end]
        try:
            data = end.recv(_AT_ONCE)
            if data:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(end, other)
        elif end in self._clients:
            self._last_sent_by[end] = end
            self.counted = self.counted._replace(sent=self.counted.sent + len(data))
        else:
            is_answer = self._last_sent_by[other] is other
            self._last_sent_by[other] = end
            trips, sent, received = self.counted
            self.counted = Counted(trips + is_answer, sent, received + len(data))

    def _drop(self, *ends: socket.socket) -> None:
        for each in ends:
            del self._others[each]
            self._clients.discard(each)
            self._last_sent_by.pop(each, None)
            self._selector.unregister(each)
            with suppress(OSError):
                each.close()


@contextmanager
def proxy_to(url: str) -> Iterator[CountingProxy]:
    """A proxy to the server of a URL; it ends with the block."""
    proxy = CountingProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
