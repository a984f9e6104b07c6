"""Values in PowerShell's form, read as text and never run (docs/import-folders.md, "Microsoft365DSC").

We understand only what Microsoft365DSC writes: strings, numbers, booleans, arrays, hashtables and nested instances.
Everything else stays as its own text. Each character is read a bounded number of times, even in a hostile file.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from typing import Final, Never

from health.sources.json_values import number_of

MAX_NESTED: Final = 60
"""The most brackets that may be open inside each other. Real configurations have ten."""

INSTANCE_TYPE: Final = "CIMInstance"
"""The key that holds the type of a nested instance, such as `MSFT_X { ... }`."""

# PowerShell accepts typographic quotes as quotes.
DOUBLE: Final = '"\u201c\u201d\u201e'
SINGLE: Final = "'\u2018\u2019\u201a\u201b"
IN_LINE: Final = re.compile(r"(?:[^\S\n]|`\r?\n|#[^\n]*+)*+")
SPACES: Final = re.compile(r"(?:\s|`\r?\n|#[^\n]*+)*+")
BETWEEN: Final = re.compile(r"(?:\s|;|`\r?\n|#[^\n]*+)*+")
WORD: Final = re.compile(r"[A-Za-z_][\w.-]*+")

_NUMBER: Final = re.compile(r"-?\d{1,300}+(?:\.\d{1,300}+)?+")
_CONSTANT: Final = re.compile(r"\$(true|false|null)", re.IGNORECASE)
_CONSTANTS: Final[dict[str, object]] = {"true": True, "false": False, "null": None}
_PLAIN_IN_DOUBLE: Final = re.compile(rf"[^{DOUBLE}`$]*+")
_PLAIN_IN_SINGLE: Final = re.compile(rf"[^{SINGLE}]*+")
_PLAIN_CODE: Final = re.compile(rf"[^{DOUBLE}{SINGLE}`@#<(){{}};,\n]*+")
_HERE_DOUBLE: Final = re.compile(rf"@[{DOUBLE}][^\S\n]*+\n")
_HERE_SINGLE: Final = re.compile(rf"@[{SINGLE}][^\S\n]*+\n")
_END_OF_HERE_DOUBLE: Final = re.compile(rf"\n[{DOUBLE}]@")
_END_OF_HERE_SINGLE: Final = re.compile(rf"\n[{SINGLE}]@")
_ESCAPE: Final = re.compile(r"`(?:u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_ESCAPED: Final = dict(zip("0abefnrtv", "\0\a\b\x1b\f\n\r\t\v", strict=True))
_CLOSES: Final = {"(": ")", "{": "}"}
_MAX_SHOWN: Final = 60
_EXPRESSION: Final = object()
"""Means that a value is not a simple one. It is then read as code."""


class NotPowerShell(ValueError):
    """The text is not data in PowerShell's form. The message is a clause."""


class Malformed(Exception):
    """A text cannot be understood from `at` on. `at_end`: the text ends too early."""

    def __init__(self, why: str, at: int, *, at_end: bool = False) -> None:
        super().__init__(why)
        self.at = at
        self.at_end = at_end


class Values:
    """A text and a place in it, from which values are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        """The whole text."""
        self.at = 0
        """The place of the next character."""
        self._lines: list[int] = []

    def line_of(self, at: int) -> int:
        """The line number of a character."""
        if not self._lines:
            self._lines = [found.start() for found in re.finditer("\n", self.text)]
        return bisect_left(self._lines, at) + 1

    def refuse(self, why: str) -> Never:
        """Raise Malformed: the text at this place cannot be understood."""
        raise Malformed(why, self.at)

    def pass_by(self, spaces: re.Pattern[str]) -> None:
        """Go past spaces and comments. The pattern says whether line ends count as spaces."""
        while True:
            self.go(spaces)
            if not self.text.startswith("<#", self.at):
                return
            self._go_behind("#>", "a comment")

    def value(self, depth: int) -> object:
        """The value at this place. An expression stays as its own text."""
        start = self.at
        value = self._simple_value(depth)
        self.pass_by(IN_LINE)
        if value is _EXPRESSION or self.text[self.at : self.at + 1] not in ("", "\n", ";", ",", ")", "}"):
            self.code(depth)
            if self.at == start:
                self.expected("a value")
            return self.text[start : self.at].rstrip()
        return value

    def properties(self, depth: int, into: dict[str, object], repeated: list[str]) -> None:
        """Read the properties after a `{`, up to its `}`, into `into`."""
        seen = {key.lower() for key in into}
        while True:
            self.pass_by(BETWEEN)
            if self.take("}"):
                return
            key = self._key(depth)
            self.pass_by(IN_LINE)
            if not self.take("="):
                self.expected("'='")
            self.pass_by(SPACES)
            value = self._listed(depth)
            if key.lower() in seen:
                repeated.append(key)
            seen.add(key.lower())
            into[key] = value

    def string(self, depth: int) -> str:
        """The quoted string that begins here."""
        if self.text[self.at] in SINGLE:
            return self._single_quoted()
        return self._double_quoted(depth)

    def skip_to(self, closer: str, depth: int) -> None:
        """Go past code to the closer of the bracket that we have just passed."""
        self.code(self._deeper(depth), stops="")
        if not self.take(closer):
            self.expected(f"'{closer}'")

    def go(self, pattern: re.Pattern[str]) -> str:
        """Go past the pattern's match at this place, and return it."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def take(self, character: str) -> bool:
        """Go past a character, if it comes next."""
        if self.text[self.at : self.at + 1] != character:
            return False
        self.at += 1
        return True

    def expected(self, what: str) -> Never:
        """Raise Malformed: something else comes next, or the text ends."""
        if self.at >= len(self.text):
            raise Malformed("the file ends", self.at, at_end=True)
        self.refuse(f"{what} expected")

    def _go_behind(self, ending: str, what: str) -> None:
        found = self.text.find(ending, self.at + 2)
        if found < 0:
            self.at = len(self.text)
            raise Malformed(f"the file ends inside {what}", self.at, at_end=True)
        self.at = found + len(ending)

    def _deeper(self, depth: int) -> int:
        """The depth inside the bracket that we have just passed. A file may nest deeper than Python's stack allows."""
        if depth == MAX_NESTED:
            self.refuse(f"it is nested deeper than {MAX_NESTED} levels")
        return depth + 1

    def _key(self, depth: int) -> str:
        if self.text[self.at : self.at + 1] in tuple(DOUBLE + SINGLE):
            return self.string(depth)
        key = self.go(WORD)
        if not key:
            self.expected("a property")
        return key

    def _listed(self, depth: int) -> object:
        """A value, or an array if several values follow with commas between them."""
        value = self.value(depth)
        if self.text[self.at : self.at + 1] != ",":
            return value
        values = [value]
        while self.take(","):
            self.pass_by(SPACES)
            values.append(self.value(depth))
        return values

    def _simple_value(self, depth: int) -> object:
        first = self.text[self.at : self.at + 1]
        if not first:
            self.expected("a value")
        if first in DOUBLE + SINGLE:
            return self.string(depth)
        if first == "@":
            return self._at_sign(depth)
        if (constant := _CONSTANT.match(self.text, self.at)) is not None:
            self.at = constant.end()
            return _CONSTANTS[constant[1].lower()]
        if (number := _NUMBER.match(self.text, self.at)) is not None:
            self.at = number.end()
            return _number(number[0])
        return self._instance(depth)

    def _at_sign(self, depth: int) -> object:
        if self.text.startswith("@(", self.at):
            self.at += 2
            return self._array(self._deeper(depth))
        if self.text.startswith("@{", self.at):
            self.at += 2
            table: dict[str, object] = {}
            self._whole_properties(self._deeper(depth), table)
            return table
        for opening, ending in ((_HERE_DOUBLE, _END_OF_HERE_DOUBLE), (_HERE_SINGLE, _END_OF_HERE_SINGLE)):
            if opening.match(self.text, self.at):
                return self._here_string(opening, ending)
        return _EXPRESSION

    def _instance(self, depth: int) -> object:
        start = self.at
        word = self.go(WORD)
        if word:
            self.pass_by(SPACES)
            if self.take("{"):
                instance: dict[str, object] = {INSTANCE_TYPE: word}
                self._whole_properties(self._deeper(depth), instance)
                return instance
        self.at = start
        return _EXPRESSION

    def _whole_properties(self, depth: int, into: dict[str, object]) -> None:
        repeated: list[str] = []
        self.properties(depth, into, repeated)
        if repeated:
            self.refuse(f"{short(repeated[0])} stands there twice")

    def _array(self, depth: int) -> list[object]:
        values: list[object] = []
        while True:
            self.pass_by(BETWEEN)
            if self.take(")"):
                return values
            if self.take(","):
                continue
            values.append(self.value(depth))

    def _here_string(self, opening: re.Pattern[str], ending: re.Pattern[str]) -> str:
        self.go(opening)
        # The line break before the ending belongs to the ending. In an empty string it is that of the opening.
        found = ending.search(self.text, self.at - 1)
        if found is None:
            self.at = len(self.text)
            raise Malformed("the file ends inside a string", self.at, at_end=True)
        held = self.text[self.at : max(self.at, found.start())].removesuffix("\r")
        self.at = found.end()
        return _ESCAPE.sub(_unescaped, held) if opening is _HERE_DOUBLE else held

    def _single_quoted(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            parts.append(self.go(_PLAIN_IN_SINGLE))
            if self.at >= len(self.text):
                raise Malformed("the file ends inside a string", self.at, at_end=True)
            self.at += 1
            if self.text[self.at : self.at + 1] not in tuple(SINGLE):
                return "".join(parts)
            parts.append(self.text[self.at])
            self.at += 1

    def _double_quoted(self, depth: int) -> str:
        """The string with its escapes decoded. A variable or an expression in it stays as text."""
        self.at += 1
        parts: list[str] = []
        while True:
            parts.append(self.go(_PLAIN_IN_DOUBLE))
            if self.at >= len(self.text):
                raise Malformed("the file ends inside a string", self.at, at_end=True)
            start = self.at
            character = self.text[start]
            if character == "`":
                escape = _ESCAPE.match(self.text, start)
                self.at = len(self.text) if escape is None else escape.end()
                parts.append("" if escape is None else _unescaped(escape))
            elif character == "$":
                self.at += 1
                if self.take("("):
                    self.skip_to(")", depth)
                parts.append(self.text[start : self.at])
            else:
                self.at += 1
                if self.text[self.at : self.at + 1] not in tuple(DOUBLE):
                    return "".join(parts)
                parts.append(self.text[self.at])
                self.at += 1

    def code(self, depth: int, stops: str = "\n;,") -> None:
        """Go past code up to one of `stops`, a closing bracket that was not opened here, or the end of the text."""
        while True:
            self.go(_PLAIN_CODE)
            character = self.text[self.at : self.at + 1]
            if not character or character in ")}" or character in stops:
                return
            if character in _CLOSES:
                self.at += 1
                self.skip_to(_CLOSES[character], depth)
            elif character in DOUBLE + SINGLE:
                self.string(depth)
            elif character == "@":
                self._code_at_sign()
            elif self.text.startswith("<#", self.at):
                self._go_behind("#>", "a comment")
            elif character == "#" and self.text[self.at - 1 : self.at] in tuple(" \t\n({;,"):
                self.go(IN_LINE)
            else:
                self.at += 2 if character == "`" else 1

    def _code_at_sign(self) -> None:
        for opening, ending in ((_HERE_DOUBLE, _END_OF_HERE_DOUBLE), (_HERE_SINGLE, _END_OF_HERE_SINGLE)):
            if opening.match(self.text, self.at):
                self._here_string(opening, ending)
                return
        self.at += 1


def _number(digits: str) -> object:
    """A number with its own digits. If JSON does not write it like this, as with `007.50`, it stays as text."""
    if "." not in digits:
        return int(digits)
    try:
        return number_of(digits)
    except ValueError:
        return digits


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        code = int(escape[1], 16)
        return chr(code) if code <= sys.maxunicode else escape[0]
    return _ESCAPED.get(escape[2], escape[2])


def short(text: str) -> str:
    """A text from a file, shortened for a clause."""
    return repr(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…")
