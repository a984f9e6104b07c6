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
_BARE: Final = frozenset({"else", "try", "catch", "finally", "do", "default"})
"""Words whose brace follows without a condition."""

_FUNCTIONS: Final = frozenset({"function", "filter"})
_NO_RESOURCES: Final = frozenset({"return", "throw", "enum"})
_OF_THE_RUN: Final = frozenset({"localconfigurationmanager", "settings"})
"""Blocks without a name that say how to run, not what the tenant has."""

_BEFORE_BRACE: Final = re.compile(r"[^\n{}()]*+")
_LINE: Final = re.compile(r"[^\n{]*+")
_CLOSED: Final = re.compile(
    rf"[{DOUBLE}](?:[^\n{DOUBLE}]*+[{DOUBLE}]|[^{DOUBLE}]{{0,1000}}+[{DOUBLE}]\s*+\{{)"
    rf"|[{SINGLE}](?:[^\n{SINGLE}]*+[{SINGLE}]|[^{SINGLE}]{{0,1000}}+[{SINGLE}]\s*+\{{)|[^{DOUBLE}{SINGLE}]"
)
"""A name whose quotes end in its line or before its brace, or one without quotes. Others have lost their last quote."""

_ASSIGNED: Final = re.compile(r"[^\S\n]*+=(?!=)")
_PROPERTIES: Final = re.compile(r"(?:[\s;]|#[^\n]*+)*+[A-Za-z_]\w*+[^\S\n]*+=(?!=)")
"""The beginning of a block's properties. PowerShell itself assigns only to variables, which begin with `$`."""

_VARIABLE: Final = re.compile(r"\{[^{}\n]++\}")
_NAMED: Final = re.compile(r"""[^\S\n]++(?:"[^"\n]*+"|'[^'\n]*+'|[\w-]++)\s*+(?=\{)""")
_DAMAGED: Final = "the head of its block is damaged"
_HEADER: Final = re.compile(
    r"^[^\S\n]*+(?!(?i:node|configuration|function|filter|if|else|elseif|foreach|param)\b)[A-Za-z]\w*+[^\S\n]++"
    r"""(?:"[^"\n]*+"|'[^'\n]*+'|[\w-]++)[^\S\n]*+\n?[^\S\n]*+\{""",
    re.MULTILINE,
)
"""The likely beginning of a block, used if the text before it cannot be understood."""


class Block(NamedTuple):
    """One block of a configuration: a resource, its type, the name of the instance, and its properties in their order.

    `line` is where it begins, counted from 1. `problem` is a clause that says why it cannot be read to its end. Then it
    has only the properties before that point. `doubts` are clauses about a block that could be read. If the head of a
    block is damaged, type and name may be empty.
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
        self._head: Block | None = None
        """What the statement before says of a block, if it may be the damaged head of one."""
        self._to_reread = _MAX_REREAD * len(text)

    def read(self) -> Script:
        """Read the whole file."""
        values = self._values
        while True:
            start = values.at
            try:
                values.pass_by(BETWEEN)
                if values.at >= len(self._text):
                    break
                start = values.at
                self._statement()
            except Malformed as problem:
                self._go_on_behind(problem, start + 1)
        if self._open and self._problem is None:
            self._problem = "the file ends before its configuration does"
        return Script(self._configuration, tuple(self._blocks), self._problem)

    @property
    def _inside(self) -> bool:
        return "configuration" in self._open

    def _statement(self) -> None:
        values, start = self._values, self._values.at
        head, self._head = self._head, None
        word, self._word = self._word, ""
        if values.take("{"):
            self._brace(word, head or self._headless(start))
        elif values.take("}"):
            if not self._open:
                values.refuse("'}' closes nothing")
            self._open.pop()
        elif values.take(")"):
            values.refuse("')' closes nothing")
        elif found := values.go(WORD):
            self._worded(found, start, head or self._headless(start))
        else:
            self._other(start)

    def _headless(self, start: int) -> Block:
        """A block that has only its properties left."""
        return Block("", "", self._values.line_of(start), {})

    def _brace(self, word: str, head: Block) -> None:
        """Go into a brace that belongs to this word, or to the block with this damaged head."""
        values = self._values
        if self._inside and _PROPERTIES.match(self._text, values.at):
            self._damaged(head)
        elif word in _FUNCTIONS:
            values.skip_to("}", 0)
        elif word or not self._inside:
            self._open.append(word)
        else:
            values.pass_by(BETWEEN)
            if self._text.startswith("}", values.at):
                self._damaged(head)
            else:
                self._note(f"line {head.line}: nothing says what is in these braces")
                self._open.append(word)

    def _damaged(self, head: Block) -> None:
        """Read a block's properties up to its `}`. Its head cannot be read."""
        self._note(f"line {head.line}: the head of a block is damaged")
        self._body(head._replace(doubts=(_DAMAGED,)), self._values.at)

    def _worded(self, word: str, start: int, head: Block) -> None:
        values, keyword = self._values, word.lower()
        if self._inside and _ASSIGNED.match(self._text, values.at):
            # Properties without a block. If their brace is there, it does not belong to the configuration.
            values.at = start
            if self._open[-1] not in ("configuration", "node"):
                self._open.pop()
            self._damaged(head)
        elif keyword == "configuration":
            values.pass_by(IN_LINE)
            self._configuration = self._name()
            self._word = keyword
        elif keyword == "node":
            values.go(_NODES)
            self._word = keyword
        elif keyword == "param" or keyword in _CONDITIONS | _LOOPS:
            values.go(_BEFORE_BRACE)
            values.pass_by(SPACES)
            if not values.take("("):
                values.expected("'('")
            values.skip_to(")", 0)
            self._word = keyword
        elif keyword in _BARE | _FUNCTIONS:
            values.go(_BEFORE_BRACE)
            if values.take("("):
                values.skip_to(")", 0)
            self._word = keyword
        elif keyword in _OF_THE_RUN:
            values.pass_by(SPACES)
            if values.take("{"):
                values.skip_to("}", 0)
        elif keyword in _NO_RESOURCES:
            self._other(start)
        elif self._inside:
            self._resource(word, start)
        else:
            self._outside(word, start)

    def _outside(self, word: str, start: int) -> None:
        """Read past a statement outside a configuration, unless it is a block: its configuration is damaged."""
        values, behind = self._values, self._values.at
        if not values.go(_NAMED):
            self._other(start)
        elif _PROPERTIES.match(self._text, values.at + 1):
            values.at = behind
            self._note(f"line {values.line_of(start)}: a block stands outside a configuration")
            self._resource(word, start, "it stands outside a configuration")

    def _other(self, start: int) -> None:
        """Read past a statement that we do not need, up to its end, or up to code in braces: that may hold blocks."""
        values = self._values
        values.code(0, stops="\n;{" if self._inside else "\n;")
        while self._text.startswith("{", values.at):
            if not self._is_of_an_expression(start):
                self._word = "foreach"
                return
            values.at += 1
            values.skip_to("}", 0)
            values.code(0, stops="\n;{")
        if values.at == start:
            values.refuse("a statement expected")

    def _is_of_an_expression(self, start: int) -> bool:
        """Whether the brace here is a hashtable's, or a variable's, in a statement that begins at `start`."""
        at = self._values.at
        before = self._text[at - 1]
        return (before == "@" and at - 1 > start) or (before == "$" and _VARIABLE.match(self._text, at) is not None)

    def _name(self) -> str:
        """The name at this place, with or without quotes; empty if no name follows."""
        if self._text[self._values.at : self._values.at + 1] in tuple(DOUBLE + SINGLE):
            return self._values.string(0)
        return self._values.go(_NAME)

    def _resource(self, word: str, start: int, *doubts: str) -> None:
        """Read a block, if a name and a brace follow the word."""
        values = self._values
        values.pass_by(IN_LINE)
        name = self._name() if _CLOSED.match(self._text, values.at) else ""
        behind = values.at
        values.pass_by(SPACES)
        block = Block(word, name, values.line_of(start), {}, doubts=doubts)
        if name and values.take("{"):
            self._body(block, behind)
        elif "-" in word and self._text.startswith("{", values.at):
            self._word = "foreach"
        else:
            self._head = None if "-" in word else block
            if not self._text.startswith("{", values.at):
                values.at = behind
            if not name and self._text.startswith(tuple(DOUBLE + SINGLE), behind):
                values.go(_LINE)
            elif self._text[values.at : values.at + 1] not in ("", "\n", ";", "{", "}"):
                self._other(start)

    def _body(self, block: Block, behind: int) -> None:
        """Read a block's properties. If they cannot be read, the next block is sought behind this place."""
        repeated: list[str] = []
        try:
            self._values.properties(0, block.properties, repeated)
        except Malformed as problem:
            self._blocks.append(block._replace(problem=self._clause(problem)))
            self._go_on_behind(problem, behind)
            return
        doubts = [*block.doubts, *(f"{short(key)} stands there twice" for key in repeated)]
        if _LOOPS.intersection(self._open):
            doubts.append("it stands in a loop, and only a run says what there is")
        self._blocks.append(block._replace(doubts=tuple(doubts)))

    def _note(self, problem: str) -> None:
        """Keep the first problem: it says best what happened to the file."""
        self._problem = self._problem or problem

    def _clause(self, problem: Malformed) -> str:
        if problem.at_end:
            return str(problem)
        return f"line {self._values.line_of(problem.at)}: {problem}"

    def _go_on_behind(self, problem: Malformed, behind: int) -> None:
        """Go on with the next block: a part that cannot be read does not spoil the blocks after it."""
        values = self._values
        self._note(self._clause(problem))
        reread = max(values.at - behind, 0)
        if reread > self._to_reread:
            behind = values.at
        else:
            self._to_reread -= reread
        header = _HEADER.search(self._text, max(behind, 1) if behind else 0)
        values.at = len(self._text) if header is None else header.start()
        self._open, self._word, self._head = ["configuration"] if self._configuration is not None else [], "", None
