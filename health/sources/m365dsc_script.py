"""The script of a Microsoft365DSC configuration, read as text and never run (docs/import-folders.md,
"Microsoft365DSC"): its blocks, also those after one that cannot be read."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from health.sources.m365dsc_values import (
    BETWEEN,
    DOUBLE,
    IN_LINE,
    SINGLE,
    SPACES,
    WORD,
    Malformed,
    NotPowerShell,
    Values,
    short,
)

_MAX_REREAD: Final = 4
"""The limit for a second reading, in file lengths, to find the next block after one that cannot be read."""

_NAME: Final = re.compile(rf"[^\s{{}}(),;{DOUBLE}{SINGLE}]++")
_NODES: Final = re.compile(r"[^\n{]*+(?:(?<=\S)\{[^\n{}]*+\}[^\n{]*+)*+")
"""The nodes after `Node`, up to the brace of its block. A brace right after a word belongs to a filter."""

_CONDITIONS: Final = frozenset({"if", "elseif", "switch"})
_LOOPS: Final = frozenset({"foreach", "for", "while"})
_NO_RESOURCES: Final = frozenset({"function", "filter", "return", "throw"})
_HEADER: Final = re.compile(
    r"^[^\S\n]*+(?!(?i:node|configuration|function|filter|if|else|elseif|foreach|param)\b)[A-Za-z]\w*+[^\S\n]++"
    r"""(?:"[^"\n]*+"|'[^'\n]*+'|[\w-]++)[^\S\n]*+\n?[^\S\n]*+\{""",
    re.MULTILINE,
)
"""The likely beginning of a block, used if the text before it cannot be understood."""


class Block(NamedTuple):
    """One block of a configuration: a resource, its type, the name of the instance, and its properties in their order.

    `line` is where it begins, counted from 1. `problem` is a clause that says why it cannot be read to its end. Then it
    has only the properties before that point. `doubts` are clauses about a block that could be read.
    """

    resource_type: str
    instance: str
    line: int
    properties: dict[str, object]
    problem: str | None = None
    doubts: tuple[str, ...] = ()


class Script(NamedTuple):
    """The content of a file: the name of its configuration, None if it has none, and its blocks in their order.

    `problem` is a clause that says why blocks may be missing here.
    """

    configuration: str | None
    blocks: tuple[Block, ...]
    problem: str | None = None


def read_script(text: str) -> Script:
    """The blocks of a file. A file without a configuration is another kind of script, without blocks."""
    return _Script(text).read()


def read_data(text: str) -> object:
    """The hashtable of a data file, such as `ConfigurationData.psd1`. Raises NotPowerShell for anything else."""
    values = Values(text)
    try:
        values.pass_by(BETWEEN)
        if not text.startswith("@{", values.at):
            values.refuse("it does not begin with @{")
        data = values.value(0)
        values.pass_by(BETWEEN)
        if values.at < len(text) or not isinstance(data, dict):
            values.refuse("something stands behind its hashtable")
        return data
    except Malformed as problem:
        raise NotPowerShell(f"line {values.line_of(problem.at)}: {problem}") from None


class _Script:
    """Reads the blocks from a file."""

    def __init__(self, text: str) -> None:
        self._values = Values(text)
        self._text = text
        self._configuration: str | None = None
        self._blocks: list[Block] = []
        self._problem: str | None = None
        self._open: list[str] = []
        """The words whose braces are open, the outermost first."""
        self._word = ""
        """The word whose brace comes next."""
        self._to_reread = _MAX_REREAD * len(text)

    def read(self) -> Script:
        """Read the whole file."""
        values = self._values
        while True:
            try:
                values.pass_by(BETWEEN)
                if values.at >= len(self._text):
                    break
                self._statement()
            except Malformed as problem:
                self._go_on_behind(problem, values.at)
        if self._open and self._problem is None:
            self._problem = "the file ends before its configuration does"
        return Script(self._configuration, tuple(self._blocks), self._problem)

    def _statement(self) -> None:
        values = self._values
        if values.take("{"):
            self._open.append(self._word)
            self._word = ""
        elif values.take("}"):
            if not self._open:
                values.refuse("'}' closes nothing")
            self._open.pop()
        elif values.take(")"):
            values.refuse("')' closes nothing")
        elif word := values.go(WORD):
            self._worded(word, values.at - len(word))
        else:
            self._other()

    def _worded(self, word: str, start: int) -> None:
        values, keyword = self._values, word.lower()
        if keyword == "configuration":
            values.pass_by(IN_LINE)
            self._configuration = self._name()
            self._word = keyword
        elif keyword == "node":
            values.go(_NODES)
            self._word = keyword
        elif keyword == "param" or keyword in _CONDITIONS | _LOOPS:
            values.pass_by(SPACES)
            if not values.take("("):
                values.expected("'('")
            values.skip_to(")", 0)
            self._word = keyword
        elif keyword in _NO_RESOURCES or "configuration" not in self._open:
            self._other()
        else:
            self._resource(word, start)

    def _other(self) -> None:
        """Read past a statement that we do not need, up to its end."""
        before = self._values.at
        self._values.code(0, stops="\n;")
        if self._values.at == before:
            self._values.refuse("a statement expected")

    def _name(self) -> str:
        """The name at this place, with or without quotes; empty if no name follows."""
        if self._text[self._values.at : self._values.at + 1] in tuple(DOUBLE + SINGLE):
            return self._values.string(0)
        return self._values.go(_NAME)

    def _resource(self, word: str, start: int) -> None:
        """Read a block, if a name and a brace follow the word."""
        values = self._values
        values.pass_by(IN_LINE)
        name = self._name()
        behind = values.at
        values.pass_by(SPACES)
        if not values.take("{"):
            values.at = behind
            if self._text[behind : behind + 1] not in ("", "\n", ";", "}"):
                self._other()
            return
        if not name:
            # `LocalConfigurationManager { ... }` and similar ones say how to run, not what the tenant has.
            values.skip_to("}", 0)
            return
        block = Block(word, name, values.line_of(start), {})
        repeated: list[str] = []
        try:
            values.properties(0, block.properties, repeated)
        except Malformed as problem:
            self._blocks.append(block._replace(problem=self._clause(problem)))
            self._go_on_behind(problem, behind)
            return
        doubts = [f"{short(key)} stands there twice" for key in repeated]
        if _LOOPS.intersection(self._open):
            doubts.append("it stands in a loop, and only a run says what there is")
        self._blocks.append(block._replace(doubts=tuple(doubts)))

    def _clause(self, problem: Malformed) -> str:
        if problem.at_end:
            return str(problem)
        return f"line {self._values.line_of(problem.at)}: {problem}"

    def _go_on_behind(self, problem: Malformed, behind: int) -> None:
        """Go on with the next block: a part that cannot be read does not spoil the blocks after it."""
        values = self._values
        if self._problem is None:
            self._problem = self._clause(problem)
        reread = max(values.at - behind, 0)
        if reread > self._to_reread:
            behind = values.at
        else:
            self._to_reread -= reread
        header = _HEADER.search(self._text, max(behind, 1) if behind else 0)
        values.at = len(self._text) if header is None else header.start()
        self._open, self._word = ["configuration"], ""
