"""URLs of databases: those that are taken, and those that are refused without repeating a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from health.store.opening.errors import BadDatabaseUrl, StoreUnreachable
from health.store.opening.reading import reading_once
from health.store.opening.urls import has_password, parse_database_url, without_passwords

SECRET = "pa55-w0rd"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


# Accepted URLs


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("sqlite:///fleet.db", Path("fleet.db")),
        ("sqlite:////var/lib/fleet.db", Path("/var/lib/fleet.db")),
        ("sqlite+pysqlite:////var/lib/fleet.db", Path("/var/lib/fleet.db")),
        ("sqlite:////with space/and%percent.db", Path("/with space/and%percent.db")),
    ],
)
def test_sqlite_is_a_path(text: str, file: Path) -> None:
    address = parse_database_url(text)
    assert (address.file, address.label) == (file, file.name)


def test_a_tilde_is_the_home_of_the_user(home: Path) -> None:
    assert parse_database_url("sqlite:///~/fleet.db").file == home / "fleet.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_by_any_of_its_names(scheme: str) -> None:
    address = parse_database_url(f"{scheme}://triage@db1:5433/fleet")
    assert address.file is None
    assert address.label == "fleet@db1:5433"
    assert address.libpq_parameters() | {"user": "triage", "port": "5433"} == address.libpq_parameters()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("postgresql:///fleet", "fleet@localhost"),
        ("postgresql://triage@/fleet?host=/run/postgresql", "fleet@localhost"),
        ("postgresql://triage@db1", "triage@db1"),
        ("postgresql://db1", "postgres@db1"),
        ("postgresql:///fleet?host=db1", "fleet@db1"),
        ("postgresql://db1:5432/fleet", "fleet@db1"),
        ("postgresql:///fleet?host=db1:5433&host=db2", "fleet@db1:5433"),
        ("postgresql://localhost:5433/fleet", "fleet@localhost:5433"),
        ("postgresql://db1/fleet?host=db2&dbname=other", "other@db2"),
        ("postgresql:///fleet?service=site", "fleet@service site"),
        (f"postgresql://triage:{SECRET}@db1/fleet", "fleet@db1"),
    ],
)
def test_a_label_names_database_and_host_without_secrets(text: str, label: str) -> None:
    assert parse_database_url(text).label == label


@pytest.mark.parametrize(
    ("variables", "text", "label"),
    [
        ({"PGDATABASE": "fleet", "PGUSER": "triage"}, "postgresql://db1", "fleet@db1"),
        ({"PGUSER": "triage"}, "postgresql://db1", "triage@db1"),
        ({"PGDATABASE": "other", "PGHOST": "db2", "PGPORT": "5434"}, "postgresql://db1:5433/fleet", "fleet@db1:5433"),
        ({"PGPORT": "5434"}, "postgresql://localhost/fleet", "fleet@localhost:5434"),
        ({"PGSERVICE": "site", "PGHOST": "localhost", "PGPORT": "5434"}, "postgresql:///fleet", "fleet@service site"),
    ],
)
def test_a_label_includes_the_environments_values(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str, label: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert parse_database_url(text).label == label


def test_a_place_is_of_one_database_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        "postgresql://localhost:5433/fleet", "postgresql://localhost:5434/fleet", "postgresql://localhost:5434/other",
        "postgresql:///fleet?host=/run/one", "postgresql:///fleet?host=/run/other", "postgresql:///fleet?service=one",
        "postgresql://db1/fleet?hostaddr=10.0.0.7", "postgresql://db1/fleet?hostaddr=10.0.0.8", "sqlite:////a/fleet.db",
        "sqlite:////b/fleet.db",
    ]  # fmt: skip
    assert len({parse_database_url(text).place for text in texts}) == len(texts)
    monkeypatch.setenv("PGPORT", "5433")
    assert parse_database_url("postgresql://localhost/fleet").place == parse_database_url(texts[0]).place


def test_a_place_is_the_same_however_written_without_password() -> None:
    one = parse_database_url(f"postgresql://triage:{SECRET}@db1/fleet")
    other = parse_database_url("postgresql://db1:5432/fleet?sslmode=require")
    assert one.place == other.place
    assert SECRET not in one.place


# Refused URLs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fleet",
        "/var/lib/fleet.db",
        "://",
        f"postgresql://triage:{SECRET}@db1:port/fleet",
        f"mysql://triage:{SECRET}@db1/fleet",
        f"postgresql+asyncpg://triage:{SECRET}@db1/fleet",
        f"postgresql+psycopg2://triage:{SECRET}@db1/fleet",
        f"https://{SECRET}@example.org",
        f"{SECRET}",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:fleet.db?mode=rwc&uri=true",
        f"sqlite:////var/lib/fleet.db?key={SECRET}",
        f"sqlite://triage:{SECRET}@db1/fleet.db",
        "sqlite:///~nobody-of-this-name/fleet.db",
        "sqlite:////var/lib/fleet\0.db",
        "sqlite:////var/lib/fleet%00.db",
        f"postgresql://triage:{SECRET}%00@db1/fleet",
        "postgresql://triage@db1/fleet%00",
        "postgresql://triage@db1/fleet?application_name=%00",
        # If a password has an @ in it, its rest would be read as the host, the database or a parameter.
        f"postgresql://triage:x@{SECRET}@db1/fleet",
        f"postgresql://triage:@{SECRET}@db1/fleet",
        f"postgresql://triage:x@y/{SECRET}@db1/fleet",
        f"postgresql://triage:x@y?{SECRET}@db1/fleet",
        f"postgresql://triage:x@y:1/{SECRET}@db1/fleet",
        f"postgresql://triage:x@@{SECRET}/fleet",
        f"postgresql://triage:{SECRET}@db1/fleet?plugin=anything",
    ],
)
def test_a_refused_url_is_one_sentence_without_the_secret(text: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refused:
        parse_database_url(text)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert SECRET not in sentence
    # The same for a log of the exception.
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://triage:{SECRET}@127.0.0.1:1/fleet",
        f"postgresql://triage@127.0.0.1:1/fleet?password={SECRET}",
        f"postgresql://triage:{SECRET}@127.0.0.1:1/fleet?no_such_parameter=x",
        f"postgresql://triage:{SECRET}@127.0.0.1:1/fleet?sslmode=whatever",
        f"postgresql://triage:{SECRET}@/fleet?host=/nowhere",
    ],
)
def test_a_silent_database_is_one_sentence_without_the_secret(text: str) -> None:
    with pytest.raises(StoreUnreachable) as unreachable, reading_once(parse_database_url(text)):
        raise AssertionError("nothing answers there")
    sentence = str(unreachable.value)
    assert sentence.startswith("fleet@")
    assert "\n" not in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://a%40b:c%40d@db1/fleet", {"user": "a@b", "password": "c@d", "host": "db1"}),
        ("postgresql://a@b@db1/fleet", {"user": "a@b", "host": "db1"}),
        ("postgresql://triage@/fleet?host=@abstract", {"user": "triage", "host": "@abstract"}),
    ],
)
def test_an_at_sign_outside_a_password_is_accepted(
    text: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert parse_database_url(text).libpq_parameters() == {**told, "dbname": "fleet"}


# URLs as they are shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"postgres://triage:{SECRET}@db1/fleet", "postgres://triage:***@db1/fleet"),
        (f"postgresql://triage@db1/fleet?password={SECRET}", "postgresql://triage@db1/fleet?password=***"),
        (f"postgresql://db1/fleet?PassWord={SECRET}&a=%20", "postgresql://db1/fleet?PassWord=***&a=%20"),
        (f"postgresql://db1/fleet?a=b&p%61ssword={SECRET}", "postgresql://db1/fleet?a=b&p%61ssword=***"),
        (f"postgresql://db1/fleet?sslpassword={SECRET}=&password=x", "postgresql://db1/fleet?sslpassword=***&password=***"),
        (f"postgresql://u:{SECRET}/?#x@db1/fleet?password={SECRET}", "postgresql://u:***@db1/fleet?password=***"),
        (f"postgresql://db1/fleet?a=1\n&password={SECRET}", "postgresql://db1/fleet?a=1\n&password=***"),
        (f"postgresql://db1/fleet?scram_client_key={SECRET}", "postgresql://db1/fleet?scram_client_key=***"),
    ],
)  # fmt: skip
def test_a_url_as_it_was_written_without_its_passwords(text: str, shown: str) -> None:
    assert has_password(text)
    assert without_passwords(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////srv/a:b@c/fleet.db",
        "sqlite+pysqlite:///fleet.db",
        "postgres://triage@db1:5433/fleet?sslmode=require",
        "postgresql://triage:@db1/fleet?password=",
        "postgresql://db1/fleet?passfile=/home/password=x",
        "postgresql://db1/password=x",
    ],
)
def test_a_url_without_a_password_is_shown_as_it_was_written(text: str) -> None:
    assert not has_password(text)
    assert without_passwords(text) == text


def test_a_password_is_seen_in_a_url_that_is_refused() -> None:
    assert has_password(f"mysql://triage:{SECRET}@db1/fleet")
    assert has_password(f"postgresql://triage:x@{SECRET}@db1/fleet")
    assert not has_password(SECRET)
    with pytest.raises(BadDatabaseUrl):
        without_passwords(f"mysql://triage:{SECRET}@db1/fleet")


def test_an_address_printed_by_accident_shows_no_password() -> None:
    address = parse_database_url(f"postgresql://triage:{SECRET}@db1/fleet")
    assert SECRET not in repr(address)
    assert SECRET not in str(address)


# The parameters for libpq


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://", {}),
        ("postgresql://triage@db1:5433/fleet", {"user": "triage", "host": "db1", "port": "5433", "dbname": "fleet"}),
        ("postgresql://a%40b:c%2Fd@/fleet", {"user": "a@b", "password": "c/d", "dbname": "fleet"}),
        ("postgresql://[2001:db8::7]/fleet", {"host": "2001:db8::7", "dbname": "fleet"}),
        ("postgresql:///fleet?host=2001:db8::7", {"host": "2001:db8::7", "dbname": "fleet"}),
        ("postgresql:///fleet?host=db1:5433", {"host": "db1", "port": "5433", "dbname": "fleet"}),
        ("postgresql:///fleet?host=db1:5433&host=db2", {"host": "db1,db2", "port": "5433,", "dbname": "fleet"}),
        ("postgresql:///fleet?host=db1,db2&port=1,2", {"host": "db1,db2", "port": "1,2", "dbname": "fleet"}),
        ("postgresql://db1/fleet?host=/run/postgresql", {"host": "/run/postgresql", "dbname": "fleet"}),
        ("postgresql://db1:5433/fleet?host=db2", {"host": "db2", "port": "5433", "dbname": "fleet"}),
    ],
)
def test_libpq_gets_the_parameters_of_the_url(text: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert parse_database_url(text).libpq_parameters() == told


# Hosts, as psql accepts them


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("postgresql://u@h1:1,h2:2/db", "h1,h2", "1,2"),
        ("postgresql://u@h1,h2:2/db", "h1,h2", ",2"),
        ("postgresql://u@h1,h2/db", "h1,h2", None),
        ("postgresql://u@%2Fsocket:5433/db", "/socket", "5433"),
        ("postgresql://u@%2Fone,%2Ftwo/db", "/one,/two", None),
        ("postgresql://u@[fe80::1%25eth0]/db", "fe80::1%eth0", None),
        ("postgresql://u@[fe80::1%25eth0]:5433,h2/db", "fe80::1%eth0,h2", "5433,"),
        ("postgresql://u@h1.example./db", "h1.example.", None),
        (f"postgresql://u@{'a' * 63}.example/db", f"{'a' * 63}.example", None),
    ],
)
def test_hosts_as_psql_accepts_them(text: str, host: str, port: str | None) -> None:
    told = parse_database_url(text).libpq_parameters()
    assert (told["host"], told.get("port"), told["dbname"], told["user"]) == (host, port, "db", "u")


@pytest.mark.parametrize(
    "host", ["a..b", ".a", f"{'a' * 64}.example", f"h1,{'a' * 64}", "h1,b..c:5433", "a..", "%C3%A4..b"]
)
@pytest.mark.parametrize("form", ["postgresql://u@{}/db", "postgresql://u@/db?host={}"])
def test_an_invalid_host_name_is_one_sentence(host: str, form: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="an empty part, or one of more than 63 letters"):
        parse_database_url(form.format(host))


@pytest.mark.parametrize("text", ["postgresql://u@[::1/db", "postgresql://u@h1:x,h2/db", "postgresql://u@a:b:c/db"])
def test_hosts_that_psql_refuses_are_refused(text: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="cannot be parsed"):
        parse_database_url(text)
