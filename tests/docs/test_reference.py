"""The reference pages have all of the settings' model and the commands."""

from __future__ import annotations

import re

import pytest

from docs.reference import FOLDER, pages
from tui.commands import SUBCOMMANDS
from tui.settings import Settings


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run 'python3 make.py docs'"


def test_every_setting_has_its_form_and_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| `(\w+)` \| (.+) \|$", pages()["settings.md"], re.MULTILINE)
    names = [f"TENANTPILOT_{key}__{name}".upper() for key, keys in Settings().model_dump().items() for name in keys]
    assert [row[3] for row in rows] == names
    form = {variable: form for _, form, _, variable, _ in rows}
    assert form["TENANTPILOT_BACKUP_HEALTH__FRESHNESS_WINDOW"] == "a duration: from 1s to 365d"
    assert form["TENANTPILOT_UI__MOUSE"] == "`true` or `false`"
    assert form["TENANTPILOT_DATABASE__URL"].startswith("a URL such as postgresql://")


def test_every_command_and_its_options_are_explained() -> None:
    page = pages()["commands.md"]
    headings = re.findall(r"^## `tenantpilot ([a-z-]+)`$", page, re.MULTILINE)
    assert headings == list(SUBCOMMANDS)
    unexplained = re.findall(r"^\| `(.+?)` \| *(?:\[.*\])? *\|$", page, re.MULTILINE)
    assert unexplained == []


def test_every_link_to_a_command_has_its_heading() -> None:
    page = pages()["commands.md"]
    headings = {heading.replace(" ", "-") for heading in re.findall(r"^## `(.+)`$", page, re.MULTILINE)}
    assert set(re.findall(r"\(#([a-z0-9-]+)\)", page)) == headings - {"tenantpilot"}
