"""The HTTP side of `tenantpilot metrics --serve`: one thread, one scrape at a time, nothing but GET /metrics."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

from tui.words.failures import tell
from tui.words.fault_log import note_fault
from tui.words.openmetrics import CONTENT_TYPE

_REQUEST_SECONDS: Final = 10.0
"""How long a client may take to ask and to take the answer, in seconds; no other client is served meanwhile."""


class MetricsServer(HTTPServer):
    """Serves what `text` gives, at a host and port. Raises OSError where it cannot listen there."""

    def __init__(self, address: tuple[str, int], text: Callable[[], str]) -> None:
        self.text = text
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__((address[0], address[1]), _Scrape)

    def server_bind(self) -> None:
        """Without the look-up of the host's own name, which may take as long as a name server is slow."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A scraper that went away is not a fault; anything else goes to the log, and the next scrape is served."""

        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, OSError):
            tell(note_fault(error))


class _Scrape(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = _REQUEST_SECONDS
    server_version = "TenantPilot"
    sys_version = ""

    def do_GET(self) -> None:

        if self.path.partition("?")[0] != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND, "There is only /metrics here")
            return
        body = self.server.text().encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: a line a scrape says nothing that the scraper does not know."""
