"""`docs/architecture.md` and `docs/adding-a-source.md` describe the house as it is."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS, blocks

ROOT = DOCS.parent
HOUSE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def contracts() -> list[dict[str, Any]]:
    """The import contracts."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


@pytest.mark.parametrize("house", ["health", "tui"])
def test_every_room_is_on_the_page(house: str) -> None:
    rooms = {path.stem for path in (ROOT / house).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {room for room in rooms - {"__init__"} if not re.search(rf"\b{room}\b", HOUSE)} == set()


def test_every_contract_has_its_row_and_no_other() -> None:
    table = HOUSE.partition("| contract |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|`]+?) \|", table, re.MULTILINE) == [contract["name"] for contract in contracts()]


def test_the_floors_stand_in_the_picture_in_their_order() -> None:
    (picture,) = blocks("architecture.md", "text")
    for upper, lower in itertools.pairwise(layers("The floors of health, upper to lower")):
        for above in _modules(upper):
            for below in _modules(lower):
                assert _place(above, picture) < _place(below, picture)


def test_the_rooms_of_tui_are_listed_by_their_floors() -> None:
    table = HOUSE.partition("## The rooms of `tui/`")[2].partition("\n## ")[0]
    listed = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)]
    assert listed == [_modules(floor) for floor in layers("The floors of tui, upper to lower")]


def layers(name: str) -> list[str]:
    """The floors of a contract."""
    (found,) = (contract["layers"] for contract in contracts() if contract["name"] == name)
    return list(found)


def _modules(floor: str) -> list[str]:
    return [module.strip().removeprefix("health.") for module in floor.split("|")]


def _place(module: str, picture: str) -> int:
    """The line with a floor's module; the last such line, because the rooms above may mention it."""
    return max(number for number, line in enumerate(picture.splitlines()) if re.search(rf"\b{module}\b", line))


def test_the_code_of_the_worked_example_is_the_products_own() -> None:
    examples = blocks("adding-a-source.md", "python")
    assert len(examples) > 3
    for example in examples:
        heading, _, code = example.partition("\n")
        assert code in (ROOT / heading.removeprefix("# ")).read_text(encoding="utf-8"), example


def test_the_named_shared_modules_and_tests_exist() -> None:
    page = (DOCS / "adding-a-source.md").read_text(encoding="utf-8")
    shared = page.partition("| module of `health/sources/` |")[2].partition("\n\n")[0]
    modules = re.findall(r"^\| `(\w+)` \|", shared, re.MULTILINE)
    assert modules
    assert [name for name in modules if not (ROOT / "health" / "sources" / f"{name}.py").exists()] == []
    assert [path for path in re.findall(r"`(tests/[\w/]+\.py)`", page) if not (ROOT / path).exists()] == []
    assert [
        path for path in re.findall(r"`((?:health|tui)/[\w/]+\.py)`", page + HOUSE) if not Path(ROOT, path).exists()
    ] == []
