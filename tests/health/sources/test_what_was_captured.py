"""Content is stored as captured: digits of numbers, repeated keys (docs/import-folders.md, "The door").

Modules: health.sources.json_values, health.sources.storable.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from health.sources.captured import CapturedItem
from health.sources.listed import source_named
from tests.health.sources.reading import read_folder
from tests.health.sources.trees import plant

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
FOLDERS = ("intunebackup", "intunecd", "intunemanagement")


def read(source: str, root: Path, name: str, content: str) -> CapturedItem:
    (item,) = read_folder(source_named(source), plant(root, {f"Roles/{name}": content}), completed_at=AT).items
    return item


@pytest.mark.parametrize("source", FOLDERS)
@pytest.mark.parametrize(
    "number",
    [
        "1e-400",
        "0.1000000000000000055511151231257827",
        "3.14159265358979323846264338327950288",
        "1.10",
        "1E+2",
        "-0.0",
        "2.5",
        "123456789012345678901234567890",
        "-9007199254740993",
        f"0.{'3' * 4000}",
        "1e-1000",
    ],
    ids=lambda number: number[:24],
)
def test_a_number_keeps_its_digits(tmp_path: Path, source: str, number: str) -> None:
    item = read(source, tmp_path, "a.json", f'{{"displayName": "a", "n": [{number}], "é": true}}')
    assert (item.payload, item.integrity_warning) == (f'{{"displayName":"a","n":[{number}],"\\u00e9":true}}', None)


@pytest.mark.parametrize("source", FOLDERS)
@pytest.mark.parametrize("number", ["1e-1001", "1e400", f"0.{'3' * 4300}"], ids=lambda number: number[:24])
def test_a_number_that_cannot_be_kept_is_a_warning(tmp_path: Path, source: str, number: str) -> None:
    item = read(source, tmp_path, "a.json", f'{{"displayName": "a", "n": {number}}}')
    assert item.payload is None
    assert item.integrity_warning is not None


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("1.0e-400", "1.0e-400"),
        ("0.1000000000000000055511", "0.1000000000000000055511"),
        (".5", "0.5"),
        ("+1.50", "1.50"),
    ],
)
def test_a_number_in_yaml_keeps_its_digits(tmp_path: Path, number: str, kept: str) -> None:
    item = read("intunecd", tmp_path, "a.yaml", f"displayName: a\nn: {number}\n")
    assert (item.payload, item.integrity_warning) == (f'{{"displayName":"a","n":{kept}}}', None)


REPEATED = 'its JSON names "{}" more than once in an object, and only the last value is kept'


@pytest.mark.parametrize("source", FOLDERS)
@pytest.mark.parametrize(
    ("content", "key"),
    [
        ('{"displayName": "a", "displayName": "b"}', "displayName"),
        ('{"displayName": "a", "n": {"x": 1, "y": 2, "x": 1}}', "x"),
        ('{"displayName": "a", "n": [[{"x": 1.10, "x": {"x": 1}}]]}', "x"),
    ],
)
def test_a_repeated_key_is_a_warning(tmp_path: Path, source: str, content: str, key: str) -> None:
    item = read(source, tmp_path, "a.json", content)
    assert item.integrity_warning == REPEATED.format(key)
    assert item.payload is not None


def test_a_repeated_key_in_yaml_is_a_warning_and_a_merge_is_not(tmp_path: Path) -> None:
    item = read("intunecd", tmp_path, "a.yaml", "displayName: a\nn: {x: 1, y: 2, x: 3}\n")
    assert item.integrity_warning == REPEATED.format("x")
    item = read("intunecd", tmp_path, "a.yaml", "displayName: a\none: &one {x: 1}\ntwo: {<<: *one, x: 2}\n")
    assert item.integrity_warning is None
    item = read("intunecd", tmp_path, "a.yaml", 'displayName: a\n1: x\n"1": y\n')
    assert item.integrity_warning == REPEATED.format("1")


def test_a_repeated_key_of_assignments_is_a_warning_of_the_policy(tmp_path: Path) -> None:
    plant(tmp_path, {"Roles/Assignments/a.json": '{"target": {"@odata.type": "#x.allDevices", "a": 1, "a": 2}}'})
    assert read("intunebackup", tmp_path, "a.json", '{"displayName": "a"}').integrity_warning == REPEATED.format("a")


def test_a_repeated_key_with_a_long_name_is_shown_in_part(tmp_path: Path) -> None:
    item = read("intunecd", tmp_path, "a.json", f'{{"displayName": "a", "{"k" * 999}": 1, "{"k" * 999}": 1}}')
    assert len(str(item.integrity_warning)) < 200
