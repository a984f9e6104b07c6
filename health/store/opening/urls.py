"""A database's URL: parsed once, checked, and named without its secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from health.store.opening.errors import BadDatabaseUrl

_FORMS: Final = "write sqlite:///PATH or postgresql://USER@HOST/NAME"
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SQLITE: Final = frozenset({"sqlite", "sqlite+pysqlite"})
_THIS_MACHINE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})

# This reads a URL as SQLAlchemy does. Importing SQLAlchemy would take longer than the first frame of the screens may.
_FORM: Final = re.compile(
    r"(?P<kind>[\w+]+)://"
    r"((?P<username>[^:/]*)(:(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?]*)"
    r"(/(?P<database>[^?]*))?"
    r"(\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST: Final = re.compile(r"(\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:\[\]]*))(:(?P<port>[0-9]*))?")
_LONGEST_LABEL: Final = 63
"""The maximum length of a part of a host's name, by the rules of the DNS."""
_SECRET_PARAMETERS: Final = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)


class _Parts(NamedTuple):
    """The parts of a URL, percent-decoded. Repeated values of `query` are tuples.

    Several hosts, and their ports, are lists with commas, as libpq accepts them.
    """

    username: str | None
    password: str | None
    host: str | None
    port: str | None
    database: str | None
    query: Mapping[str, str | tuple[str, ...]]

    def __repr__(self) -> str:
        """An empty text: printing an address would print this, and it may hold a password."""
        return "..."


class DatabaseAddress(NamedTuple):
    """The address of a database. `file` is set only for SQLite; `label` has no secret and may be shown."""

    parts: _Parts
    file: Path | None
    label: str

    @property
    def place(self) -> str:
        """A key that is different for every database and the same for every spelling of its URL. Do not show it.

        The label is not enough: of two tunnels on one machine only the ports differ, and the label lacks some options.
        """
        if self.file is not None:
            return str(self.file.resolve())
        told = {"port": _PORT} | _told_by_environment() | self.libpq_parameters()
        return "\0".join((*(told.get(name, "") for name in _WHERE), _database_in(told)))

    def libpq_parameters(self) -> dict[str, str]:
        """The parameters for libpq, by its own names, password and all. Never show them."""
        parts = self.parts
        named = {
            "user": parts.username, "password": parts.password, "host": parts.host,
            "port": parts.port, "dbname": parts.database,
        }  # fmt: skip
        given = {name: str(value) for name, value in named.items() if value}
        given |= {name: value if isinstance(value, str) else ",".join(value) for name, value in parts.query.items()}
        hosts = [_host_and_port(host) for host in given.get("host", "").split(",")]
        if "port" not in parts.query and any(port for _, port in hosts):
            given |= {"host": ",".join(host for host, _ in hosts), "port": ",".join(port for _, port in hosts)}
        return given


def label_of(database: str, host: str, port: str) -> str:
    """The name of a PostgreSQL database for people: `fleet@db1`, with its port unless that is the usual one."""
    shown = f":{port}" if port not in ("", _PORT) else ""
    return f"{database}@{'localhost' if host.startswith('/') or not host else host}{shown}"


def parse_database_url(text: str) -> DatabaseAddress:
    """Parse a URL. Raises BadDatabaseUrl with one sentence that never repeats what could be a password."""
    found = _FORM.fullmatch(text)
    try:
        parts = None if found is None else _parts(found)
    except ValueError:
        parts = None
    if found is None or parts is None or "\0" in unquote(text):
        raise BadDatabaseUrl(f"The database URL cannot be parsed: {_FORMS}.")
    if found["password"] is not None and "@" in text[found.end("password") + 1 :]:
        # Otherwise the rest of the password would be read as the host or the database, and shown.
        raise BadDatabaseUrl("The database URL has one @ too many: write @ in a password, and behind it, as %40.")
    if found["kind"] in _SQLITE:
        return _sqlite_address(parts)
    if found["kind"] in _POSTGRESQL:
        return _postgresql_address(parts)
    raise BadDatabaseUrl(f"The database URL names a kind of database that is not supported: {_FORMS}.")


def has_password(text: str) -> bool:
    """Whether a URL has a password, for any kind of database and even if the URL is wrong in other ways."""
    found = _FORM.fullmatch(text)
    return found is not None and (bool(found["password"]) or any(map(_has_secret, _parameters(found))))


def without_passwords(text: str) -> str:
    """A URL as written, with `***` for each password. Raises BadDatabaseUrl."""
    parse_database_url(text)
    found = _FORM.fullmatch(text)
    assert found is not None
    query = "&".join(
        f"{parameter.partition('=')[0]}=***" if _has_secret(parameter) else parameter
        for parameter in _parameters(found)
    )
    shown = text if found["query"] is None else f"{text[: found.start('query')]}{query}"
    return f"{shown[: found.start('password')]}***{shown[found.end('password') :]}" if found["password"] else shown


def _parameters(found: re.Match[str]) -> list[str]:
    """The parameters of a URL as written."""
    return (found["query"] or "").split("&")


def _has_secret(parameter: str) -> bool:
    # libpq does not know PASSWORD, but its value is a password all the same.
    return any(name.lower() in _SECRET_PARAMETERS for name, _ in parse_qsl(parameter))


def _parts(found: re.Match[str]) -> _Parts:
    query: dict[str, str | tuple[str, ...]] = {}
    for name, value in parse_qsl(found["query"] or ""):
        known = query.get(name)
        query[name] = value if known is None else (*((known,) if isinstance(known, str) else known), value)
    username, password, database = (
        None if found[name] is None else unquote(found[name]) for name in ("username", "password", "database")
    )
    hosts = [_HOST.fullmatch(host) for host in found["hosts"].split(",")]
    names = [unquote(host["ipv6"] or host["name"]) for host in hosts if host is not None]
    ports = [host["port"] or "" for host in hosts if host is not None]
    if len(names) < len(hosts):
        raise ValueError
    host, port = (",".join(each) if any(each) else None for each in (names, ports))
    return _Parts(username, password, host, port, database, query)


def _sqlite_address(parts: _Parts) -> DatabaseAddress:
    if not parts.database or parts.database == ":memory:" or parts.database.startswith("file:"):
        raise BadDatabaseUrl(
            "The SQLite URL names no file: write sqlite:///PATH, with four slashes for an absolute path."
        )
    if parts.query or parts.host or parts.username:
        raise BadDatabaseUrl("The SQLite URL has more than a path: write sqlite:///PATH without a host or parameters.")
    try:
        file = Path(parts.database).expanduser()
    except RuntimeError:
        raise BadDatabaseUrl("The SQLite URL names the home of a user that is not there: write the path out.") from None
    return DatabaseAddress(parts, file, file.name)


def _postgresql_address(parts: _Parts) -> DatabaseAddress:
    if "plugin" in parts.query:
        raise BadDatabaseUrl("The database URL has the parameter 'plugin', which is not PostgreSQL's: leave it out.")
    hosts = _hosts_of(parts)
    for host in hosts:
        _refuse_impossible_name(host)
    query = dict(parts.query)
    said = {*query, *_of_the_service(parts)}
    over_a_network = not all(_is_this_machine(host) for host in hosts)
    if over_a_network and "sslmode" not in said and not os.environ.get("PGSSLMODE"):
        query["sslmode"] = "verify-full"
        if "sslrootcert" not in said and "PGSSLROOTCERT" not in os.environ and not _OWN_ROOTS.expanduser().exists():
            query["sslrootcert"] = "system"
    address = DatabaseAddress(parts._replace(query=query), None, "")
    told = _told_by_environment() | address.libpq_parameters()
    named = [host for host in hosts if not host.startswith("/")]
    # With a service named, PGPORT counts only if the service file sets no port, which we cannot see.
    port = (address.libpq_parameters() if "service" in told else told).get("port", "").partition(",")[0]
    return address._replace(label=label_of(_database_in(told), named[0] if named else "", port))


_OWN_ROOTS: Final = Path("~/.postgresql/root.crt")
_PORT: Final = "5432"
_WHERE: Final = ("service", "host", "hostaddr", "port")
_VARIABLES: Final = {
    "service": "PGSERVICE", "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT",
    "dbname": "PGDATABASE", "user": "PGUSER",
}  # fmt: skip


def _told_by_environment() -> dict[str, str]:
    """The parameters that libpq takes from the environment if a URL does not have them, by libpq's names."""
    return {name: os.environ[variable] for name, variable in _VARIABLES.items() if os.environ.get(variable)}


def _database_in(told: Mapping[str, str]) -> str:
    """The database's name; without one libpq uses the user's name."""
    return told.get("dbname") or told.get("user") or "postgres"


def _hosts_of(parts: _Parts) -> list[str]:
    """Every host that libpq may connect to, from the URL or else from the environment. libpq tries all of them.

    As in libpq, a parameter replaces the host before it, and a service replaces the environment.
    """
    hosts = _named(parts.query.get("host") or parts.host)
    addresses = _named(parts.query.get("hostaddr"))
    service = parts.query.get("service") or os.environ.get("PGSERVICE")
    if service and not hosts and not addresses:
        # Its host is in a file of the user and can be any host.
        return [f"service {service}"]
    return (hosts or _named(os.environ.get("PGHOST"))) + (addresses or _named(os.environ.get("PGHOSTADDR")))


def _of_the_service(parts: _Parts) -> dict[str, str]:
    """The parameters of a service: from the user's service file, else from the system's, as libpq looks for it."""
    service = parts.query.get("service") or os.environ.get("PGSERVICE")
    own = os.environ.get("PGSERVICEFILE") or "~/.pg_service.conf"
    for file in (own, f"{os.environ.get('PGSYSCONFDIR') or '/etc/postgresql-common'}/pg_service.conf"):
        try:
            lines = Path(file).expanduser().read_text("utf-8", "replace").splitlines()
        except (OSError, RuntimeError):
            continue
        found, there = {}, False
        for line in map(str.strip, lines):
            if line.startswith("["):
                there = line == f"[{service}]"
            elif there and "=" in line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found[name] = value
        if found:
            return found
    return {}


def _refuse_impossible_name(host: str) -> None:
    """Raise BadDatabaseUrl for a name that no host can have. The resolver's own error would be misleading."""
    if host.startswith(("/", "@", "service ")) or ":" in host:
        return
    if any(not 0 < len(label) <= _LONGEST_LABEL for label in host.removesuffix(".").split(".")):
        raise BadDatabaseUrl(
            "The database URL names a host with an empty part, or one of more than 63 letters, between its dots:"
            " write the host's name in full."
        )


def _named(said: str | tuple[str, ...] | None) -> list[str]:
    names = (said or "").split(",") if isinstance(said, str | None) else list(said)
    return [_host_and_port(name)[0] for name in names if name]


def _host_and_port(name: str) -> tuple[str, str]:
    """Accept `HOST:PORT` where libpq accepts only a host. More than one colon is part of an address."""
    host, colon, port = name.partition(":")
    return (host, port) if colon and ":" not in port else (name, "")


def _is_this_machine(host: str) -> bool:
    return host in _THIS_MACHINE or host.startswith("/")
