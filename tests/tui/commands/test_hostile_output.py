"""Hostile text in every text column: no command prints a control or format character.

Modules: tui.commands, tui.words.safe_text.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from tests.end_to_end.hostile import ATTACKS, write_hostile_fleet
from tests.health.store.bare import Bare, bare
from tests.oracle.loading import load, sqlite_path
from tests.tui.commands.console import AT, Console, a_fleet

COMMANDS = [
    *(["report", *AT, "--format", form] for form in ("json", "table", "csv", "markdown")),
    ["check", *AT],
    ["tenant", "list"],
    ["schedule", "list"],
]
REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def intruders(text: str) -> set[str]:
    """Characters that a terminal obeys, or that are invisible."""
    return {f"U+{ord(character):04X}" for character in text if unicodedata.category(character) in REFUSED} - {"U+000A"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_prints_what_a_terminal_obeys(console: Console, words: list[str]) -> None:
    write_hostile_fleet(Path(sqlite_path(console.url)))
    found = console.run(*words)
    assert found.err == ""
    assert found.code == (2 if words[0] == "check" else 0)
    assert found.out.count("\n") >= (1 if words[0] == "check" else len(ATTACKS) / 2)
    assert intruders(found.out) == set()


@pytest.mark.parametrize("words", COMMANDS[1:], ids=" ".join)
def test_every_line_is_a_row_of_the_commands_own(
    console: Console, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name cannot make a line of its own."""
    monkeypatch.setenv("COLUMNS", "300")
    console.load(a_fleet(*["stale"] * 3))
    before = console.run(*words).out.count("\n")
    with bare(console.url) as store:
        store.execute("UPDATE tenants SET name = name || '\n\r\v\f\x85\u2028✓ healthy'")
    assert console.run(*words).out.count("\n") == before


def each_text_column(store: Bare) -> list[tuple[str, str]]:
    return [
        (table, column)
        for table in ("tenants", "backup_schedules", "backup_sets", "backup_items")
        for _, column, kind, *_ in store.execute(f"PRAGMA table_info({table})")
        if kind == "TEXT" and not column.endswith("_at")
    ]


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_one_attack_in_every_text_column_at_once(sqlite_url: str, console: Console, attack: str) -> None:
    """A fleet without other problems, so that no verdict hides a column of a report."""
    load(sqlite_url, a_fleet("confirmed", "follow_up", "degraded"))
    with bare(sqlite_url) as store:
        columns = each_text_column(store)
        assert len(columns) == 2 + 4 + 6 + 11 - 1
        for table, column in columns:
            if column != "status":
                store.execute(f"UPDATE {table} SET {column} = id || ?", [attack])
    for words in COMMANDS:
        found = console.run(*words)
        assert found.err == ""
        assert found.code == (1 if words[0] == "check" else 0)
        assert intruders(found.out) == set(), words
    document = console.run("report", *AT).document
    assert {entry["name"] for entry in document["tenants"]} == {f"{number}{attack}" for number in (1, 2, 3)}
    assert json.dumps(document).isascii()


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_no_refusal_repeats_an_attack(console: Console, attack: str) -> None:
    console.load(a_fleet("confirmed"))
    for words in (
        ["report", "--tenant", attack],
        ["check", "--tenant", attack],
        ["report", "--now", attack],
        ["report", "--format", attack],
        [attack],
        ["tenant", "add", attack],
        ["import", "facts", attack.replace("\0", "")],
        ["import", "intunecd", attack.replace("\0", ""), "--tenant", "confirmed-1", "--completed-at", AT[1]],
        ["schedule", "add", "x", "--tenant", "confirmed-1", "--cron", attack, "--timezone", attack],
        ["report", "--config", attack.replace("\0", "")],
    ):
        found = console.run(*words)
        if words[0] == "tenant" and found.code == 0:
            # A terminal does not read markup.
            assert intruders(found.out) == set()
            continue
        assert found.code != 0, words
        assert found.err.count("\n") == 1
        assert intruders(found.err) == set(), words


def test_what_is_added_by_hand_is_shown_safely_at_once(console: Console) -> None:
    """To Unicode, blank fillers and selectors are letters and marks. A name may have them; no terminal gets them."""
    name = "a\u3164b\ufe0fc\u2800d"
    for words in (
        ["tenant", "add", name],
        ["tenant", "rename", name, name],
        ["schedule", "add", name, "--tenant", name],
        ["schedule", "disable", name, "--tenant", name],
        ["schedule", "enable", name, "--tenant", name],
        ["tenant", "archive", name],
        ["tenant", "archive", name, "--undo"],
    ):
        found = console.run(*words)
        assert (found.code, found.err) == (0, "")
        assert "a⟨U+3164⟩b⟨U+FE0F⟩c⟨U+2800⟩d" in found.out
        assert not set(found.out) & {"\u3164", "\ufe0f", "\u2800"}


@pytest.mark.parametrize("words", [["tenant", "list"], ["schedule", "list"]], ids=" ".join)
def test_a_list_of_nothing_is_its_headings(console: Console, words: list[str]) -> None:
    found = console.run(*words)
    assert (found.code, found.out.count("\n")) == (0, 1)
