"""Every pointer to the documentation, `docs/PAGE.md` with a heading in quotes, leads to that heading."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.pages import DOCS

ROOT = DOCS.parent
ELSEWHERE = r"\b(?:design|formats|staying-true|store-facts|textual-facts)[.]md\b"
"""Pages that a reader of the repository does not have."""
_PAGE = re.compile(r"\bdocs/(?P<page>[\w-]+\.md)(?P<headings>(?:(?:, | and |,? )\"[^\"\n]+\")*)")
_HEADING = re.compile(r"^#+ (.+?)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<page>[\w/-]*\.md)?#(?P<anchor>[^)\s]+)\)")


def committed(*patterns: str) -> list[str]:
    """The matching files of the repository."""
    found = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.split()


@cache
def headings(page: str) -> frozenset[str]:
    """A page's headings, without the marks of code."""
    text = _FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return frozenset(heading.replace("`", "") for heading in _HEADING.findall(text))


def pointers(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each page that a text names, with the headings after it. A line may end within a pointer."""
    joined = re.sub(r"\s+(?:# )?", " ", text).replace("`", "")
    for match in _PAGE.finditer(joined):
        yield match["page"], re.findall(r'"([^"]+)"', match["headings"])


def anchor_of(heading: str) -> str:
    """The anchor that the forges make of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_form_is_understood() -> None:
    assert list(pointers('(docs/concepts.md, "Freshness")')) == [("concepts.md", ["Freshness"])]
    assert list(pointers('docs/a.md, "One"\n    # and "Two"; docs/b.md')) == [("a.md", ["One", "Two"]), ("b.md", [])]
    assert anchor_of("`metrics`: Prometheus") == "metrics-prometheus"


def test_every_pointer_leads_to_a_heading() -> None:
    lost, followed = [], 0
    for name in committed("*.py", "*.toml", "*.md"):
        for page, named in pointers((ROOT / name).read_text(encoding="utf-8")):
            if name == "tests/docs/test_pointers.py":
                continue
            if not (DOCS / page).exists():
                lost.append(f"{name}: docs/{page}")
                continue
            followed += len(named)
            lost += [
                f'{name}: docs/{page}, "{heading}"' for heading in named if heading not in headings(f"docs/{page}")
            ]
    assert followed > 100
    assert lost == []


@pytest.mark.parametrize("page", committed("*.md"))
def test_every_link_to_a_heading_leads_there(page: str) -> None:
    lost = []
    for match in _LINK.finditer((ROOT / page).read_text(encoding="utf-8")):
        target = page if match["page"] is None else str((ROOT / page).parent.joinpath(match["page"]).resolve())
        known = {anchor_of(heading) for heading in headings(target)}
        if match["anchor"] not in known:
            lost.append(match[0])
    assert lost == []


def test_nothing_points_to_pages_outside_the_repository() -> None:
    command = ("git", "grep", "-nIP", ELSEWHERE, "--", ".", ":!tests/docs/test_pointers.py")
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
