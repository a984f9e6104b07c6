"""TLS: over a network the server is verified, unless the URL, the environment or a service says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from health.store.opening.urls import parse_database_url


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, without certificates."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def tls_of(text: str) -> str | None:
    mode = parse_database_url(text).libpq_parameters().get("sslmode")
    assert mode is None or isinstance(mode, str)
    return mode


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://db1/fleet",
        "postgresql://triage@10.0.0.7/fleet",
        "postgresql://[2001:db8::7]/fleet",
        "postgresql:///fleet?host=db1",
        "postgresql:///fleet?host=db1:5433",
        "postgresql:///fleet?host=localhost&host=db1",
        "postgresql:///fleet?host=/run/postgresql,db1",
        "postgresql:///fleet?hostaddr=10.0.0.7",
        "postgresql://localhost/fleet?hostaddr=10.0.0.7",
        "postgresql://localhost/fleet?host=db1",
        "postgresql:///fleet?service=fleet",
        "postgresql://localhost.example.org/fleet",
        "postgresql://db1/fleet?sslmode=",
    ],
)
def test_over_a_network_the_server_is_verified(text: str) -> None:
    assert tls_of(text) == "verify-full"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql:///fleet",
        "postgresql://triage@/fleet?host=/run/postgresql",
        "postgresql://localhost/fleet",
        "postgresql://127.0.0.1/fleet",
        "postgresql://[::1]/fleet",
        "postgresql:///fleet?host=localhost:5433",
        "postgresql:///fleet?hostaddr=127.0.0.1",
        "postgresql://db1/fleet?host=/run/postgresql",
        "postgresql:///fleet?host=localhost&host=/run/postgresql",
    ],
)
def test_on_this_machine_libpq_decides(text: str) -> None:
    assert tls_of(text) is None


@pytest.mark.parametrize("mode", ["disable", "require", "verify-ca"])
def test_the_url_may_say_otherwise(mode: str) -> None:
    assert tls_of(f"postgresql://db1/fleet?sslmode={mode}") == mode


def test_the_environment_counts_as_saying_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    assert tls_of("postgresql://db1/fleet") is None
    monkeypatch.setenv("PGSSLMODE", "")
    assert tls_of("postgresql://db1/fleet") == "verify-full"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PGHOST", "db1", "verify-full"),
        ("PGHOST", "/run/postgresql", None),
        ("PGHOST", "localhost,db1", "verify-full"),
        ("PGHOSTADDR", "10.0.0.7", "verify-full"),
        ("PGSERVICE", "fleet", "verify-full"),
    ],
)
def test_a_host_of_the_environment_counts_too(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str | None
) -> None:
    monkeypatch.setenv(variable, value)
    assert tls_of("postgresql:///fleet") == expected


def test_a_service_comes_before_a_host_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "localhost")
    assert tls_of("postgresql:///fleet?service=fleet") == "verify-full"
    monkeypatch.setenv("PGSERVICE", "fleet")
    assert tls_of("postgresql:///fleet") == "verify-full"
    assert tls_of("postgresql://localhost/fleet") is None


def test_the_machines_certificates_are_used_unless_others_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def roots_of(text: str) -> object:
        return parse_database_url(text).libpq_parameters().get("sslrootcert")

    assert roots_of("postgresql://db1/fleet") == "system"
    assert roots_of("postgresql://db1/fleet?sslrootcert=/etc/own.crt") == "/etc/own.crt"
    assert roots_of("postgresql://db1/fleet?sslmode=require") is None
    assert roots_of("postgresql://localhost/fleet") is None
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/own.crt")
    assert roots_of("postgresql://db1/fleet") is None
    monkeypatch.delenv("PGSSLROOTCERT")
    (home / ".postgresql").mkdir()
    (home / ".postgresql" / "root.crt").touch()
    assert roots_of("postgresql://db1/fleet") is None


@pytest.mark.parametrize("where", ["own", "named", "system"])
@pytest.mark.parametrize(
    ("lines", "sslmode", "sslrootcert"),
    [
        ("host=db1\nsslmode=require\n", None, None),
        ("host=db1\nsslmode=verify-ca\nsslrootcert=/ca.crt\n", None, None),
        ("host=db1\nsslrootcert=/ca.crt\n", "verify-full", None),
        ("host=db1\n", "verify-full", "system"),
        ("host=db1\n#sslmode=disable\n[other]\nsslmode=disable\n", "verify-full", "system"),
    ],
)
def test_the_tls_settings_of_a_service_are_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, where: str, lines: str, sslmode: str | None, sslrootcert: str | None
) -> None:
    file = home / {"own": ".pg_service.conf", "named": "services", "system": "pg_service.conf"}[where]
    file.write_text(f"[first]\nsslmode=disable\n[site]\n{lines}", encoding="utf-8")
    monkeypatch.setenv("PGSYSCONFDIR", str(home if where == "system" else home / "nowhere"))
    if where == "named":
        monkeypatch.setenv("PGSERVICEFILE", str(file))
    told = parse_database_url("postgresql:///fleet?service=site").libpq_parameters()
    assert (told.get("sslmode"), told.get("sslrootcert")) == (sslmode, sslrootcert)
