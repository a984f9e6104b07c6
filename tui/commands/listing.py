"""Plain tables on standard output, for the commands that list rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click
from rich.cells import cell_len

from tui.words.safe_text import safe_text, whole_text


def echo_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in aligned columns, each cell made safe; None is `-`.

    On a terminal and in a file it prints the same: one line a row, two blanks between columns, nothing cut or coloured.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    # We count terminal cells, not characters: a Japanese character has two cells, a combining accent has none.
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    for line in (headings, *cells):
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return whole_text(value) if isinstance(value, str) else safe_text(value)


def whole_seconds(instant: object) -> object:
    """A stored instant without its fraction and offset: every stored instant is UTC."""
    return None if instant is None else str(instant).split(".")[0].removesuffix("+00")
