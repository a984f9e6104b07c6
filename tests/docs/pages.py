"""The documentation's pages as the tests read them: what stands in their fenced blocks is run, not only shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

DOCS: Final = Path(__file__).parent.parent.parent / "docs"
_FENCED: Final = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block."""

    language: str
    text: str


def blocks(page: str, language: str) -> list[str]:
    """The texts of a page's blocks in one language, in their order."""
    found = (Block(**match.groupdict()) for match in _FENCED.finditer((DOCS / page).read_text(encoding="utf-8")))
    return [block.text for block in found if block.language == language]


def named_file(page: str, language: str, name: str) -> str:
    """The text of the block that is the file of this name: its first line is a comment that says so."""
    (text,) = (text for text in blocks(page, language) if text.startswith(f"# {name}\n"))
    return text
