"""Untrusted text -> one printable line: every string from outside goes through here before it is shown.

"From outside" means every string from a database, a backup file, an exception, a configuration or a file name. A
terminal obeys control characters from any source, and Textual passes them on. A name must not be able to repaint the
screen, write the clipboard, or look like another name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LIMIT: Final = 200
COMBINING_MARKS: Final = 2
ELLIPSIS: Final = "…"
MARK_CARRIER: Final = "◌"
_BETWEEN_SENTENCES: Final = re.compile(r"(?<=\.) (?=[A-Z])")

_OPENING, _CLOSING = "⟨", "⟩"
_CONTROL_PICTURES: Final = 0x2400
_DELETE, _DELETE_PICTURE = "\x7f", "\u2421"

_NAMED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_OBEYED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MARK_CATEGORIES: Final = frozenset({"Mn", "Mc", "Me"})
_NAMED_RANGES: Final = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x2800, 0x2800),  # braille blank
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0x13441, 0x13442),  # Egyptian hieroglyph blanks
    (0x16FE4, 0x16FE4),  # Khitan filler
    (0x1D159, 0x1D159),  # musical null notehead
    (0xE0100, 0xE01EF),  # variation selectors supplement
)
"""Characters of harmless categories that are invisible, or that change the character before them."""
_NAMED: Final = frozenset(chr(code) for first, last in _NAMED_RANGES for code in range(first, last + 1)) | {
    _OPENING,
    _CLOSING,
}

_PLAIN: Final = re.compile(
    r"[ -~\u00c0-\u02af\u0370-\u0482\u048a-\u052f\u2010-\u2027\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff\uac00-\ud7a3]*"
)
"""ASCII, Latin, Greek, Cyrillic, Japanese, Chinese and Korean: here a printable character is shown as it is."""


def safe_text(value: object, limit: int = LIMIT) -> str:
    """Any value as one printable line of at most `limit` (1 or more) characters, for `Content` or `rich.text.Text`.

    - C0 controls, tab and newline among them, and DEL become control pictures (`␛`);
    - every other character of the categories Cc, Cf, Cs, Co, Cn, Zl and Zp, every blank filler and every variation
      selector becomes its code point (`⟨U+202E⟩`). The brackets `⟨` `⟩` do too, so that nothing can imitate a code
      point. A second call would replace the brackets of the first: call it once, where the text is shown;
    - a run of other white space becomes one blank; at the ends it is removed;
    - of a run of combining marks the first two stay. At the start of the text they stand on `◌`, so that they cannot
      change the caller's text before them;
    - longer text is cut between characters and ends in `…`, which counts as one of them.

    Bytes are decoded as UTF-8; invalid bytes become surrogates (`⟨U+DCFF⟩`). Never raises: a value whose `str` fails is
    `(unprintable value)`. The result is not escaped: never pass it to something that reads markup.
    """
    if type(value) is str:
        # A fast path: nearly every name is plain, and 10,000 rows go through here at once.
        plain = (value.isascii() or _PLAIN.fullmatch(value)) and value.isprintable()
        if plain and len(value) <= limit and "  " not in value and value == value.strip(" "):
            return value
        return _one_line(value, limit)
    return _one_line(_as_text(value), limit)


def a_line_each(sentences: str) -> str:
    """Sentences about a failure, each on a line of its own. Hardly cut: what to do is at the end, after a path."""
    return _BETWEEN_SENTENCES.sub("\n", safe_text(sentences, limit=1000))


def exact_text(text: str) -> str:
    """The text for a program: only control characters and line ends are replaced by their code points."""
    if text.isprintable():
        return text
    return "".join(_shown(char)[0] if unicodedata.category(char) in _OBEYED else char for char in text)


def whole_text(text: str) -> str:
    """The whole text on one line, for people and programs, with every blank and mark unchanged.

    Only invisible characters are replaced, each by its own code point, so two different texts never become equal.
    """
    # `isprintable` is true for blank fillers and variation selectors, so it is not enough alone.
    if text.isprintable() and _PLAIN.fullmatch(text):
        return text
    return "".join(char if (shown := _shown(char)[0]) == " " else shown for char in text)


def has_hidden(text: str) -> bool:
    """Whether a text has invisible characters: a shell could obey them when a user pastes the text."""
    return any(_shown(char)[0] not in (char, " ") for char in text)


def _as_text(value: object) -> str:
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value).decode("utf-8", "surrogateescape")
        # `str()` may return an instance of a subclass; a plain copy cannot have methods of its own.
        return str.__str__(str(value))
    except Exception:
        return "(unprintable value)"


def _one_line(text: str, limit: int) -> str:
    # A hostile text may be megabytes of blanks or marks that never fill the line, so we read only the start.
    looked_at = text[: limit * 10]
    too_long = len(looked_at) < len(text)
    pieces: list[str] = []
    length = 0
    marks = 0
    blank = False
    for char in looked_at:
        piece, is_mark = _shown(char)
        if piece == " ":
            blank, marks = bool(pieces), 0
            continue
        if is_mark:
            marks += 1
            if marks > COMBINING_MARKS:
                continue
            if not pieces:
                pieces.append(MARK_CARRIER)
                length += 1
        else:
            marks = 0
        if blank:
            pieces.append(" ")
            length += 1
            blank = False
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            too_long = True
            break
    if too_long:
        while pieces and length > limit - len(ELLIPSIS):
            length -= len(pieces.pop())
        pieces.append(ELLIPSIS)
    return "".join(pieces)


# Bounded, because a hostile database could contain every character of Unicode.
@lru_cache(maxsize=4096)
def _shown(char: str) -> tuple[str, bool]:
    """The text shown for one character (a blank for white space other than controls), and whether it is a mark."""
    code = ord(char)
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code), False
    if char == _DELETE:
        return _DELETE_PICTURE, False
    category = unicodedata.category(char)
    if category == "Zs":
        return " ", False
    if char in _NAMED or category in _NAMED_CATEGORIES:
        return f"{_OPENING}U+{code:04X}{_CLOSING}", False
    return char, category in _MARK_CATEGORIES
