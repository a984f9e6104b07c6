"""A list of expected tenants, against the fleet: a missing tenant is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.commands.console import AT, Console, a_fleet


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "tenants.txt"


def test_all_expected_tenants_are_there(any_console: Console, listed: Path) -> None:
    any_console.load(a_fleet("confirmed", "confirmed"))
    listed.write_text("confirmed-1\n\n  confirmed-2\r\nconfirmed-1\n")
    found = any_console.run("check", *AT, "--expect", str(listed))
    assert (found.code, found.out) == (0, any_console.run("check", *AT).out)
    assert any_console.run("tenant", "list", "--expect", str(listed)).out == "NOT IN THE FLEET  WHY\n"


def test_a_missing_tenant_is_named_and_unknown(any_console: Console, listed: Path) -> None:
    any_console.load(a_fleet("confirmed", "stale", "confirmed"))
    any_console.run("tenant", "archive", "confirmed-3")
    listed.write_text("lost|1\nconfirmed-1\nconfirmed-3\nlost-2\n")
    found = any_console.run("check", *AT, "--expect", str(listed))
    assert found.code == 3
    assert found.out.startswith("TENANTPILOT UNKNOWN - 2 tenants, 1 stale (Stale 2), 3 not in the fleet (lost¦1, ")
    assert any_console.run("tenant", "list", "--expect", str(listed)).out == (
        "NOT IN THE FLEET  WHY\nlost|1            no such tenant\nconfirmed-3       archived\n"
        "lost-2            no such tenant\n"
    )


def test_an_absent_tenant_is_still_critical(console: Console, listed: Path) -> None:
    console.load(a_fleet("absent"))
    listed.write_text("lost\n")
    assert console.run("check", *AT, "--expect", str(listed)).code == 2


def test_a_new_tenant_that_is_left_out_is_there(console: Console, listed: Path) -> None:
    console.load(a_fleet("confirmed", "confirmed"))
    listed.write_text("confirmed-1\n")
    found = console.run("check", *AT, "--expect", str(listed), "--ignore-newer-than", "1000000h")
    assert "not in the fleet" not in found.out


@pytest.mark.parametrize(
    ("content", "why"), [(b"\n \n", "names no tenant"), (b"\xff\n", "it is not UTF-8"), (None, "cannot be read")]
)
def test_a_list_that_cannot_be_read_is_refused(console: Console, listed: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        listed.write_bytes(content)
    assert why in console.run("check", "--expect", str(listed)).refusal()
    refused = console.run("tenant", "list", "--expect", str(listed))
    assert (refused.code, why in refused.refusal()) == (1, True)


def test_a_list_and_a_tenant_do_not_go_together(console: Console, listed: Path) -> None:
    listed.write_text("one\n")
    assert "leave --tenant out" in console.run("check", "--expect", str(listed), "--tenant", "one").refusal()
