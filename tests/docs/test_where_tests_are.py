"""A test is found by the module that it tests: by its file's name, or by the modules in its docstring."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests"
ROOMS: Final = ("health", "tui", "end_to_end")
"""Folders that mirror the product's, and the folder of the installed program. The other tests follow a page."""
TEST_MODULES: Final = sorted(found for room in ROOMS for found in (TESTS / room).rglob("test_*.py"))
LONGEST_NAME: Final = 64


def is_there(module: str) -> bool:
    """Whether the product has this module or package."""
    place = ROOT / module.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


def is_named_after_a_module(test: Path) -> bool:
    """Whether it is named `test_<module>` or `test_<module>_<aspect>` after a module of the product."""
    words = test.stem.removeprefix("test_").split("_")
    folder = ROOT / test.relative_to(TESTS).parent
    return any((folder / f"{'_'.join(words[:length])}.py").exists() for length in range(1, len(words) + 1))


@pytest.mark.parametrize("test", TEST_MODULES, ids=lambda test: str(test.relative_to(TESTS)))
def test_a_module_of_tests_says_what_it_tests(test: Path) -> None:
    docstring = ast.get_docstring(ast.parse(test.read_text(encoding="utf-8"))) or ""
    line = re.search(r"^Modules: (.+)\.$", docstring, re.MULTILINE)
    named = line[1].split(", ") if line else []
    assert named or is_named_after_a_module(test)
    assert [module for module in named if not is_there(module)] == []


def test_a_tests_name_can_be_read_at_a_glance() -> None:
    names = re.compile(r"^\s*(?:async )?def (test_\w+)\(", re.MULTILINE)
    found = [name for file in TESTS.rglob("test_*.py") for name in names.findall(file.read_text(encoding="utf-8"))]
    assert len(found) > 1000
    assert [name for name in found if len(name) > LONGEST_NAME] == []
