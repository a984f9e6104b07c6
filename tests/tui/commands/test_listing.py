"""Small tables: columns stay aligned with any text in them, and a program can read them."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tests.tui.commands.console import Console
from tui.commands.listing import echo_table


def columns(line: str, *words: str) -> list[int]:
    """The terminal cells at which the words of a line begin."""
    return [cell_len(line[: line.index(word)]) for word in words]


def test_wide_and_combining_characters_are_measured_in_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    echo_table(("TENANT", "NAME"), [("株式会社みどり", "one"), ("e\u0301te\u0301", "two"), ("plain", "three")])
    lines = capsys.readouterr().out.splitlines()
    begins = [columns(line, word)[0] for line, word in zip(lines, ("NAME", "one", "two", "three"), strict=True)]
    assert begins == [cell_len("株式会社みどり") + 2] * 4


def test_no_cell_is_cut_and_no_line_broken_however_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    echo_table(("TENANT", "NAME"), [("a" * 120, "[bold]b[/bold] :smile:" + "b" * 100)])
    assert capsys.readouterr().out == (f"TENANT{' ' * 116}NAME\n{'a' * 120}  [bold]b[/bold] :smile:{'b' * 100}\n")


def test_what_is_in_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("A", "B", "C"), [(None, True, "\x1b[31mred"), ("", False, None)])
    assert capsys.readouterr().out == "A  B    C\n-  yes  ␛[31mred\n   no   -\n"


def test_without_rows_the_headings_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("TENANT", "NAME"), [])
    assert capsys.readouterr().out == "TENANT  NAME\n"


def test_a_list_of_tenants_stands_straight_and_can_be_parsed(any_console: Console) -> None:
    for external_id, name in (("midori.example", "株式会社みどり"), ("contoso.example", "Contoso")):
        assert any_console.run("tenant", "add", external_id, "--name", name).code == 0
    headings, *rows = any_console.run("tenant", "list").out.splitlines()
    assert [re.split(r" {2,}", row)[:2] for row in rows] == [
        ["contoso.example", "Contoso"],
        ["midori.example", "株式会社みどり"],
    ]
    archived = [cell_len(row[: row.rindex("-")]) for row in rows]
    assert archived == columns(headings, "ARCHIVED") * 2
