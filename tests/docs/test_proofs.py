"""The page of proofs names tests and mutants that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.mutation.listed import MODULES, listed

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "proofs.md"


def test_every_named_test_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 50
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (TESTS / file).exists() or f"def {name}(" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_every_explained_mutant_changes_existing_lines() -> None:
    sources = {module: " ".join((TESTS.parent / module).read_text(encoding="utf-8").split()) for module in MODULES}
    assert len(listed()) > 10
    assert [change for change in listed() if " ".join(change[1].split()) not in sources[change[0]]] == []
