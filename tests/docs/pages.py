"""The documentation's pages as the tests read them: their fenced blocks are run, not only shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

DOCS: Final = Path(__file__).parent.parent.parent / "docs"
_FENCED: Final = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block, and the prose before it, from the last block on."""

    language: str
    text: str
    before: str


def sequence(page: str) -> Iterator[Block]:
    """A page's blocks in their order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    end = 0
    for match in _FENCED.finditer(text):
        yield Block(match["language"], match["text"], text[end : match.start()])
        end = match.end()


def blocks(page: str, language: str) -> list[str]:
    """The texts of a page's blocks in one language, in their order."""
    return [block.text for block in sequence(page) if block.language == language]


def named_file(page: str, language: str, name: str) -> str:
    """The text of the block with this file: its first line is a comment with the name."""
    (text,) = (text for text in blocks(page, language) if text.startswith(f"# {name}\n"))
    return text
