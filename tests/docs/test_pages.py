"""The documentation is consistent: every link leads somewhere, and no committed file names a package host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from tui import __version__
from tui.words.failures import EXIT_MEANINGS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [unquote(target.split("#")[0]) for target in _LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_readme_links_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.parent == ROOT / "docs" and f"docs/{page.name}" not in readme] == []


def test_the_readme_has_every_common_exit_code() -> None:
    rows = re.findall(
        r"^\| (\d+)(?:, (\d+), (\d+))? \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {int(code) for row in rows for code in row if code} == EXIT_MEANINGS.keys() | {129, 143}


def test_the_changes_begin_with_this_version() -> None:
    (newest, *_) = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest == __version__


def test_no_committed_file_names_a_package_host() -> None:
    """A lock file with an address would bind every install to it."""
    hosts = "|".join(("pythonhosted", "pypi[.]org", "registry[.]npmjs", "deb[.]debian"))
    command = ("git", "grep", "-nIE", f"({hosts})", "--", ".", ":!tests/docs/test_pages.py")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == ""
