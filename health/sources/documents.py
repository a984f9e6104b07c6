"""Read one untrusted file of a backup, in JSON or YAML."""

from __future__ import annotations

import base64
import json
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, Never

import yaml

from health.sources.json_values import RepeatedKeys, WrittenNumber, number_of, object_of, written
from health.sources.storable import MAX_DEPTH

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""The largest file that is read. Hostile JSON needs twenty times that when parsed; real policies are kilobytes."""

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_UTF_16_MARKS: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
_MAX_YAML_WEIGHT: Final = 64 * 1024 * 1024
_NODE_WEIGHT: Final = 256
"""The weight of a YAML node, about its cost in bytes; its characters are added. An alias weighs as its target."""

_YAML_FLOAT: Final = re.compile(r"[+]?(-?)([0-9]*)[.]([0-9]*)([eE][+-]?[0-9]+)?")


class _YamlLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader; libyaml is ten times as fast, and equally safe because we check the depth first."""


class UnreadableFile(Exception):
    """A file whose content cannot be read or parsed. The message is a clause for an integrity warning."""


def is_document(name: str) -> bool:
    """Whether a file of this name holds a document: JSON or YAML, by its ending."""
    return name.lower().endswith(_SUFFIXES)


def stem_of(name: str) -> str:
    """A document's file name without its ending."""
    return name.rsplit(".", 1)[0]


def read_document(content: bytes, name: str) -> object:
    """The JSON value that a document holds: dicts, lists, strings, numbers, booleans and None.

    The ending of `name` says whether it is JSON or YAML. Raises UnreadableFile if the content is not that.
    """
    text = decoded(content)
    if not text.strip():
        raise UnreadableFile("the file is empty")
    try:
        return _json_value(text) if name.lower().endswith(".json") else _yaml_value(text)
    except RecursionError:
        raise UnreadableFile(f"the file is nested deeper than {MAX_DEPTH} levels") from None


def decoded(content: bytes) -> str:
    """The text of a file: UTF-16 with a byte order mark, as PowerShell writes it, else UTF-8 with or without a mark.

    Raises UnreadableFile for other content.
    """
    encoding, shown = ("utf-16", "UTF-16") if content.startswith(_UTF_16_MARKS) else ("utf-8-sig", "UTF-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"the file is not {shown} (byte {error.start + 1})") from None


def parse_json(text: str, objects: Callable[[list[tuple[str, object]]], object] = object_of) -> object:
    """Parse JSON by its standard. Raises ValueError for other text, including NaN and Infinity, which Python accepts.

    `objects` makes an object from its keys and values, in their order. Numbers keep their digits. A number that no
    database can keep is a ValueError.
    """
    return json.loads(text, parse_constant=_not_a_number, parse_float=number_of, object_pairs_hook=objects)


def _json_value(text: str) -> object:
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFile(f"the file is not valid JSON ({error.msg}: {where})") from None
    except ValueError:
        raise UnreadableFile(
            "the file is not valid JSON (a number that JSON does not have, or one that is too long)"
        ) from None


def _not_a_number(constant: str) -> Never:
    raise ValueError(constant)


def _yaml_value(text: str) -> object:
    """The JSON value of a YAML text. Dates, bytes and sets become text and lists, as in IntuneCD's own reader."""
    try:
        _weigh_yaml(text)
        loaded = yaml.load(text, Loader=_YamlLoader)  # noqa: S506 - a safe loader
        return _as_json(loaded)
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in (error.problem or ""):
            # Since 0.2.6 libyaml has its own limit, and raises before the first event.
            raise UnreadableFile(f"the file is nested deeper than {MAX_DEPTH} levels") from None
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise UnreadableFile(f"the file is not valid YAML{where}") from None
    except yaml.YAMLError:
        raise UnreadableFile("the file is not valid YAML (a character that YAML does not have)") from None
    except (ValueError, TypeError, OverflowError):
        raise UnreadableFile("the file holds a YAML value that JSON does not have") from None


def _weigh_yaml(text: str) -> None:
    """Raise UnreadableFile for YAML that would become too large, before any of it is built.

    With aliases a few lines can mean billions of nodes. Reading the events only costs time in proportion to the file.
    """
    anchors: dict[str, int] = {}
    unfinished: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=_YamlLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            if len(unfinished) == MAX_DEPTH:
                raise UnreadableFile(f"the file is nested deeper than {MAX_DEPTH} levels")
            unfinished.append((event.anchor, _NODE_WEIGHT))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, weight = unfinished.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, weight = event.anchor, _NODE_WEIGHT + len(event.value)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise UnreadableFile("the file has a YAML alias of itself or of nothing")
            anchor, weight = None, anchors[event.anchor]
        else:
            continue
        if anchor is not None:
            anchors[anchor] = weight
        if unfinished:
            parent, so_far = unfinished[-1]
            unfinished[-1] = (parent, so_far + weight)
            weight += so_far
        if weight > _MAX_YAML_WEIGHT:
            raise UnreadableFile("the file is too large for YAML, or its aliases make it too large")


def _as_json(value: object) -> object:
    """A YAML value as JSON. Raises ValueError and TypeError for values that JSON does not have."""
    if isinstance(value, dict):
        pairs = [(_as_key(key), _as_json(each)) for key, each in value.items()]
        return RepeatedKeys(value.key, pairs) if isinstance(value, RepeatedKeys) else object_of(pairs)
    if isinstance(value, set):
        return [_as_json(each) for each in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if not isinstance(value, float):
        json.dumps(value)
    elif not (isinstance(value, WrittenNumber) or math.isfinite(value)):
        raise ValueError(value)
    return value


def _as_key(key: object) -> str:
    """A key as JSON writes it."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool | int | float):
        return written(key)
    raise TypeError(type(key).__name__)


def _yaml_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    """A number that keeps its written digits, if JSON can write it like that."""
    digits = _YAML_FLOAT.fullmatch(node.value.replace("_", ""))
    if digits is None:
        return float(loader.construct_yaml_float(node))
    sign, before, after, exponent = digits.groups()
    return number_of(f"{sign}{before.lstrip('0') or '0'}.{after or '0'}{exponent or ''}")


def _yaml_map(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    """An object, made in two steps as the loader needs: a value inside it may be an alias of the object itself."""
    seen: set[tuple[str, str]] = set()
    repeated: str | None = None
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                repeated = repeated or key.value
            seen.add((key.tag, key.value))
    made = {} if repeated is None else RepeatedKeys(repeated)
    yield made
    made.update(loader.construct_mapping(node))


_YamlLoader.add_constructor("tag:yaml.org,2002:float", _yaml_float)
_YamlLoader.add_constructor("tag:yaml.org,2002:map", _yaml_map)
