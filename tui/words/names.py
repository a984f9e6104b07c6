"""Names and ids as the screens show them: every one in this one way (docs/screens.md, "Everywhere").

Invisible blanks are `·`: those at the ends, and each one of several in a row. A name that does not fit loses its
middle, because many names differ only at their ends. Widths are in cells: a wide character has two.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tui.words.safe_text import COMBINING_MARKS, ELLIPSIS, LIMIT, safe_text

BLANK: Final = "·"
IN_A_SENTENCE: Final = 60
"""The most cells of a name in a sentence about something else."""

_LEAST_NAME: Final = 2
"""The fewest cells of a name beside its id: a letter and `…`."""

# White space without control characters, which are shown as pictures.
_ZS: Final = "[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_UNSEEN: Final = re.compile(rf"\A{_ZS}+|{_ZS}+\Z|{_ZS}{{2,}}")
_MOST_NAMED: Final = 10
"""The most characters that `safe_text` makes from one: `⟨U+10FFFF⟩`."""
_MOST_IN_A_CELL: Final = 1 + COMBINING_MARKS
"""How many characters can share a cell: marks have none of their own. A name with more of them is hostile."""


def name_text(name: object, cells: int = LIMIT) -> str:
    """A name or an id as safe text of at most `cells` cells, for a place of its own."""
    return cut_in_the_middle(safe_text(name_in_words(str(name)), LIMIT * _MOST_NAMED), cells)


def whose_that_fits(whose: str, cells: int) -> str:
    """`Name (id)` in at most `cells` cells: the name is cut, and the id stays whole as long as it fits beside it."""
    name, opened, own = whose.rpartition(" (")
    room = cells - width_of(f"{opened}{own}")
    if not opened or room < _LEAST_NAME:
        return cut_in_the_middle(whose, cells)
    return f"{cut_in_the_middle(name, room)}{opened}{own}"


def name_in_words(name: str, cells: int = LIMIT) -> str:
    """A name or an id as a part of a sentence, which goes through `safe_text` as a whole afterwards."""
    return _UNSEEN.sub(lambda found: BLANK * len(found[0]), cut_in_the_middle(name, cells))


def cut_in_the_middle(text: str, cells: int) -> str:
    """The text in at most `cells` cells: its two ends and `…` between them if it is longer."""
    if len(text) <= _looked_at(cells) and width_of(text) <= cells:
        return text
    room = max(cells - len(ELLIPSIS), 0)
    ending = _ending(text, room // 2)
    beginning = _beginning(text, room - width_of(ending))
    return f"{beginning.rstrip(' ')}{ELLIPSIS}{ending.lstrip(' ')}"


def width_of(text: str) -> int:
    """How many cells a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # commands that print no such name start without it

    return cell_len(text)


def _looked_at(room: int) -> int:
    """How many characters to read: a hostile text may be megabytes of marks, also at its beginning."""
    return (room + 1) * _MOST_IN_A_CELL


def _beginning(text: str, room: int) -> str:
    taken, width = 0, 0
    for char in text[: _looked_at(room)]:
        width += width_of(char)
        if width > room:
            break
        taken += 1
    return text[:taken]


def _ending(text: str, room: int) -> str:
    taken, width = 0, 0
    for char in reversed(text[-_looked_at(room) :]):
        width += width_of(char)
        if width > room:
            break
        taken += 1
    ending = text[len(text) - taken :]
    # A mark belongs to the character before it, which was cut off.
    while ending and unicodedata.category(ending[0]) in ("Mn", "Me", "Mc"):
        ending = ending[1:]
    return ending
