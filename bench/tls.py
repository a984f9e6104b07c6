"""A TLS end before a PostgreSQL server: the wheel's server is built without TLS, and a long link has it."""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

SOCKET: Final = ".s.PGSQL.5432"
"""The name of a server's Unix socket in its folder."""

_AT_ONCE: Final = 1 << 18
_LOOK_SECONDS: Final = 0.05
_REQUEST_BYTES: Final = 8
_HANDSHAKE: Final = b"\x16"


def certificate(folder: Path) -> tuple[Path, Path] | None:
    """A new self-signed certificate and its key as files in the folder; None on a machine without `openssl`."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    certified, key = folder / "server.crt", folder / "server.key"
    made = (openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    subprocess.run((*made, "-out", str(certified), "-keyout", str(key)), check=True, capture_output=True)
    return certified, key


@contextmanager
def tls_before(url: str, folder: Path, certified: Path, key: Path, curve: str | None = None) -> Iterator[str]:
    """The URL of a Unix socket in the folder that speaks TLS and forwards to the server of a URL, for this block.

    TLS 1.3 as PostgreSQL has it: no session tickets; a client asks first (SSLRequest), or begins at once (direct).
    The end takes the key that a client sends, as PostgreSQL does from 18 on, or only one of a curve, as before.
    """
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.set_alpn_protocols(["postgresql"])
    if curve is not None:
        context.set_ecdh_curve(curve)
    context.load_cert_chain(certified, key)
    ended = threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    (folder / SOCKET).unlink(missing_ok=True)
    listener.bind(str(folder / SOCKET))
    listener.listen()

    def accept() -> None:
        while not ended.is_set():
            if select.select([listener], [], [], _LOOK_SECONDS)[0]:
                client, _ = listener.accept()
                each = threading.Thread(target=_serve, args=(client, context, server, ended), daemon=True)
                each.start()

    server = f"{parse_qs(parts.query)['host'][0]}/{SOCKET}"
    thread = threading.Thread(target=accept, name="bench-tls", daemon=True)
    thread.start()
    try:
        yield parts._replace(query=f"host={folder}").geturl()
    finally:
        ended.set()
        thread.join()
        listener.close()


def _serve(client: socket.socket, context: ssl.SSLContext, server: str, ended: threading.Event) -> None:
    """One connection, until one side closes it."""
    with socket.socket(socket.AF_UNIX) as plain, suppress(OSError):
        plain.connect(server)
        if client.recv(1, socket.MSG_PEEK) != _HANDSHAKE:
            client.recv(_REQUEST_BYTES, socket.MSG_WAITALL)
            client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as secret:
            while not ended.is_set():
                ready = [secret] if secret.pending() else select.select([secret, plain], [], [], _LOOK_SECONDS)[0]
                for end in ready:
                    data = end.recv(_AT_ONCE)
                    if not data:
                        return
                    (plain if end is secret else secret).sendall(data)
