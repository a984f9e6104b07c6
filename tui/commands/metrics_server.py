"""The HTTP server of `tenantpilot metrics --serve`: one thread a client, one reading at a time, only GET /metrics."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tui.words.failures import tell
from tui.words.fault_log import note_fault
from tui.words.openmetrics import CONTENT_TYPE

REQUEST_SECONDS: Final = 10.0
"""Seconds that a client may take to send its request, and again to receive the answer. This stops slow clients."""
MOST_AT_ONCE: Final = 64
"""The number of clients served at the same time. Further clients are refused at once."""


class OneAtATime:
    """One reading at a time. All clients that ask during a reading share the next one.

    So a reading never began before its scrape arrived, and a client waits for at most two readings.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._reading = threading.Lock()
        self._begun = 0
        self._last = ""

    def text(self) -> str:
        """The text of a reading that began after this was called. Callable from any thread."""
        before = self._begun
        with self._reading:
            if self._begun == before or self._last == "":
                self._begun += 1
                self._last = ""
                self._last = self._read()
            return self._last


class MetricsServer(ThreadingHTTPServer):
    """Serves the result of `text` at a host and port. Raises OSError if it cannot listen there."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], text: Callable[[], str]) -> None:
        self.text = OneAtATime(text).text
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((address[0], address[1]), _Scrape)

    def server_bind(self) -> None:
        """Bind without looking up the host's own name: with a slow name server that takes long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client in its own thread; refuse it if `MOST_AT_ONCE` are being served."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects is not a fault. Other errors go to the log, and the server continues."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, OSError | ValueError):
            tell(note_fault(error))


class _Scrape(BaseHTTPRequestHandler):
    server: MetricsServer
    server_version = "TenantPilot"
    sys_version = ""

    def handle_one_request(self) -> None:
        """Handle one request. The client has one deadline for the whole request, even if it sends it byte by byte."""
        with _Deadline(self.connection) as self._deadline:
            super().handle_one_request()

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND, "There is only /metrics here")
            return
        self._deadline.stop()  # the reading has its own deadlines
        body = self.server.text().encode()
        with _Deadline(self.connection):
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing: a line for each scrape is of no use."""


class _Deadline:
    """Shuts a connection down after REQUEST_SECONDS. This ends every call that waits for the connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._timer = threading.Timer(REQUEST_SECONDS, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Cancel the deadline."""
        self._timer.cancel()

    def _shut_down(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
