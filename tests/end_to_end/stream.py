"""What a terminal receives, split by grammar: the sequences that the screens may send, and the rest.

Written from ECMA-48, the documentation of Textual 8.2, and that of the VT102, which scrolls some of its lines. It
imports nothing from the product, so that a mistake of `safe_text` cannot hide itself here.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

ANY_SEQUENCE: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"
)
"""Any complete control sequence: to show a stream, not to audit it."""

_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|)\Z")

_MODES: Final = "7|25|1000|1003|1004|1006|1015|1049|2004|2026"
# Reset, bold, dim, italic, underline, reverse and their ends; 16 colours, 256, and 24 bit. Neither blink nor conceal.
_ATTRIBUTE: Final = (
    r"(?:0|1|2|3|4|7|21|22|23|24|27|39|49|[349][0-7]|10[0-7]"
    r"|[34]8;5;(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])|[34]8;2;[0-9]{1,3};[0-9]{1,3};[0-9]{1,3})"
)
_OUR_SEQUENCES: Final = re.compile(
    rf"\x1b\[\?(?:{_MODES})[hl]"  # modes
    r"|\x1b\[\?(?:2026|2048)\$p"  # questions: does this terminal know the mode
    r"|\x1b\[>[0-9]{1,2}u|\x1b\[<u"  # keyboard protocol, on and off
    r"|\x1b\[(?:[0-9]{1,4}(?:;[0-9]{1,4})?)?H|\x1b\[[0-9]{1,4}G"  # the cursor's place, and its column
    r"|\x1b\[(?:[0-9]{1,4};[0-9]{1,4})?r|\x1bM"  # the lines that scroll, and scrolling them down
    rf"|\x1b\[(?:{_ATTRIBUTE}(?:;{_ATTRIBUTE})*)?m"
    r"|\x1b\]22;[a-z-]*\x07"  # the mouse pointer's shape
)
_CLIPBOARD: Final = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/]*=*)\x07")
_COLOUR: Final = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:[349][0-8]|10[0-7])(?:;[0-9;]*)?m")
_MODE: Final = re.compile(r"\x1b\[\?([0-9]+)([hl])")

_FORBIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHOWS_NOTHING: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
)


def split_unfinished(text: str) -> tuple[str, str]:
    """The part that can be shown now, and an incomplete sequence at the end."""
    tail = _UNFINISHED.search(text)
    return (text, "") if tail is None else (text[: tail.start()], tail[0])


def by_screen(text: str) -> Iterator[tuple[bool | None, str]]:
    """The stream in parts: whether the alternate screen is entered or left (None: neither), and what follows.

    Without the keyboard protocol's sequences, which pyte would take for text.
    """
    first, *rest = re.split(r"\x1b\[\?1049([hl])", re.sub(r"\x1b\[[<>][0-9]*u", "", text))
    yield None, first
    for way, part in zip(rest[::2], rest[1::2], strict=True):
        yield way == "h", part


def modes_on(text: str) -> frozenset[int]:
    """The private modes that are on after a stream: 25 is the cursor, 1049 the alternate screen, 100x the mouse."""
    on = {7, 25}  # as a terminal begins
    for number, way in _MODE.findall(text):
        (on.add if way == "h" else on.discard)(int(number))
    return frozenset(on)


def plain(text: str) -> str:
    """The text without control sequences."""
    return ANY_SEQUENCE.sub("", text)


def copied(text: str) -> list[str]:
    """The texts put on the clipboard."""
    return [base64.b64decode(payload).decode() for payload in _CLIPBOARD.findall(text)]


def colours(text: str) -> list[str]:
    """The sequences that set a colour."""
    return _COLOUR.findall(text)


def offences(stream: bytes, *, clipboard: bool = False, line_ends: str = "\r\n") -> list[str]:
    """Everything in a stream that is neither Textual's nor visible text, with its surroundings.

    `clipboard` accepts sequences that write the clipboard, after a key that copies.
    """
    try:
        text = stream.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"not UTF-8 at byte {error.start}: {stream[max(0, error.start - 20) : error.start + 20]!r}"]
    if clipboard:
        text = _CLIPBOARD.sub("", text)
    return list(_bad_characters(_OUR_SEQUENCES.sub("", text), line_ends))


def _bad_characters(left: str, line_ends: str) -> Iterator[str]:
    for place, char in enumerate(left):
        if char in line_ends:
            continue
        if unicodedata.category(char) in _FORBIDDEN or ord(char) in _SHOWS_NOTHING:
            yield f"U+{ord(char):04X} in {left[max(0, place - 20) : place + 20]!r}"
