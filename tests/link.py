"""A link over TCP to a PostgreSQL server that a test can freeze, thaw and break.

A frozen link is like a tunnel or a proxy that has lost its other end: it accepts and acknowledges bytes, and passes
nothing on. When it is thawed, the held bytes go through.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

_LOOK_SECONDS: Final = 0.02


class Link:
    """One listening port; each connection to it is forwarded to the Unix socket of the server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.url = f"postgresql://{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ends: dict[socket.socket, socket.socket] = {}
        self._of_clients: set[socket.socket] = set()
        self._held_back: list[tuple[socket.socket, bytes]] = []
        self._marker: bytes | None = None
        self._trickling = False
        self._bytes_left: int | None = None
        self._slowly: dict[socket.socket, bytes] = {}
        self._closed = False
        self.frozen = threading.Event()
        self._thread = threading.Thread(target=self._forward, daemon=True)
        self._thread.start()

    def freeze(self) -> None:
        """From now on pass nothing on, on old and new connections."""
        self.frozen.set()

    def freeze_behind(self, marker: str) -> None:
        """Freeze when a client has sent this: the server gets it, but its answer does not arrive."""
        self._marker = marker.encode()

    def trickle(self, *, ends_after: int | None = None) -> None:
        """From now on pass a server's answers on byte by byte; after this many bytes the rest at once, or never."""
        self._trickling, self._bytes_left = True, ends_after

    def thaw(self) -> None:
        """Pass everything on again, the held bytes first."""
        self.frozen.clear()

    def close(self) -> None:
        """Refuse new connections and end the old ones."""
        self._closed = True
        self._thread.join()

    def _forward(self) -> None:
        while not self._closed:
            ready = self._selector.select(_LOOK_SECONDS)
            if not self.frozen.is_set():
                self._pass_on_what_was_held_back()
            self._pass_on_slowly()
            for key, _ in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._take(key.fileobj)
        for each in (self._listener, *self._ends):
            each.close()
        self._selector.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        self._of_clients.add(client)
        for one, other in ((client, server), (server, client)):
            self._ends[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _take(self, end: socket.socket) -> None:
        if end not in self._ends:
            return
        try:
            data = end.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(end)
        elif self.frozen.is_set():
            self._held_back.append((end, data))
        elif self._trickling and end not in self._of_clients:
            self._slowly[end] = self._slowly.get(end, b"") + data
        else:
            self._pass_on(end, data)

    def _pass_on_what_was_held_back(self) -> None:
        held_back, self._held_back = self._held_back, []
        for end, data in held_back:
            self._pass_on(end, data)

    def _pass_on_slowly(self) -> None:
        """Pass on one byte of each answer at a time, and keep the last byte back."""
        if self._bytes_left is not None and self._bytes_left <= 0:
            self._trickling = False
        for end, data in list(self._slowly.items()):
            most = 1 if self._trickling else len(data)
            if self._trickling and self._bytes_left is None and len(data) == 1:
                continue
            if self._bytes_left is not None:
                self._bytes_left -= most
            self._slowly[end] = data[most:]
            if not self._slowly[end]:
                del self._slowly[end]
            self._pass_on(end, data[:most])

    def _pass_on(self, end: socket.socket, data: bytes) -> None:
        if self._marker is not None and end in self._of_clients and self._marker in data:
            self._marker = None
            self.frozen.set()
        if end in self._ends:
            with suppress(OSError):
                self._ends[end].sendall(data)

    def _drop(self, end: socket.socket) -> None:
        for each in (end, self._ends[end]):
            del self._ends[each]
            self._selector.unregister(each)
            each.close()


@contextmanager
def link_to(url: str) -> Iterator[Link]:
    """A link to the server of a URL, for this block."""
    link = Link(url)
    try:
        yield link
    finally:
        link.close()
