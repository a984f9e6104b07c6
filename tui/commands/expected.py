"""A list of the expected tenants: a file with one external id a line (docs/documents.md, "The check")."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tui.words.failures import EXIT_REFUSED, CommandFailed


def expect_option(words: str) -> Callable[[Any], Any]:
    """`--expect FILE`, with what it does as its help."""
    return click.option("--expect", type=click.Path(path_type=Path), metavar="FILE", help=words)


def expected_in(file: Path) -> list[str]:
    """The external ids in a file, each once, in the file's order. Empty lines are ignored.

    Raises CommandFailed if the file cannot be read or names no tenant.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.", EXIT_REFUSED) from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} cannot be read: it is not UTF-8.", EXIT_REFUSED) from None
    ids = [line.strip() for line in lines if line.strip()]
    if not ids:
        raise CommandFailed(f"{file} names no tenant: write one external id a line.", EXIT_REFUSED)
    return list(dict.fromkeys(ids))
