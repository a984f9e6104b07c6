"""The man pages have all that the commands' help has, whole, and nothing that troff would swallow.

Module: docs.man_pages.
"""

from __future__ import annotations

import re

import click
import pytest

from docs.man_pages import pages
from docs.reference import walk
from tui.commands import SUBCOMMANDS, cli

PAGES = pages("2026-11-30")
CONTEXTS = {context.command_path: context for context in walk(click.Context(cli, info_name="tenantpilot"))}
REQUESTS = re.compile(r"\.(TH|SH|PP|B|BR|TP|ad) ?")


def page_of(path: str) -> str:
    """What a page says, as troff shows it: without its requests' names and with its escapes resolved."""
    text = PAGES[f"{path.replace(' ', '-')}.1"]
    return re.sub(r"\\f[BP]|\\:|\\&", "", text).replace("\\-", "-").replace("\\e", "\\")


def test_every_command_has_a_page_the_sources_too() -> None:
    assert set(PAGES) == {f"{path.replace(' ', '-')}.1" for path in CONTEXTS}
    assert {"tenantpilot.1", "tenantpilot-import-intunecd.1", "tenantpilot-schedule-add.1"} <= set(PAGES)


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_argument_and_option_is_explained(path: str) -> None:
    page = " ".join(page_of(path).split())
    context = CONTEXTS[path]
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if "--help" not in parameter.opts and record is not None:
            assert f"{record[0]} {' '.join(record[1].split())}" in page


@pytest.mark.parametrize("path", CONTEXTS)
def test_what_a_command_does_stands_there_whole(path: str) -> None:
    page = page_of(path)
    name = path.replace(" ", "-")
    (line,) = re.findall(rf"^{name} - (.+)$", page, re.MULTILINE)
    assert not line.endswith((".", "..."))
    if path.count(" ") == 1:
        assert f"{line}." == SUBCOMMANDS[path.split()[1]][1]


@pytest.mark.parametrize("name", PAGES)
def test_no_line_is_swallowed(name: str) -> None:
    lines = PAGES[name].splitlines()
    assert [line for line in lines if line[:1] in (".", "'") and not REQUESTS.match(line)] == []
    assert [line for line in lines if not line.isprintable()] == []


def test_a_group_leads_to_its_commands_and_they_lead_back() -> None:
    named = re.findall(r"^\.BR (\S+) \(1\)", PAGES["tenantpilot-import.1"], re.MULTILINE)
    assert named[0] == "tenantpilot"
    assert named[1:] == sorted(name.removesuffix(".1") for name in PAGES if name.startswith("tenantpilot-import-"))
    for text in PAGES.values():
        assert {f"{other}.1" for other in re.findall(r"^\.BR (\S+) \(1\)", text, re.MULTILINE)} <= set(PAGES)


def test_exit_codes_are_those_of_the_command() -> None:
    assert ".SH EXIT STATUS" in PAGES["tenantpilot-report.1"]
    assert ".SH EXIT STATUS" not in PAGES["tenantpilot-check.1"]
    assert "no backup basis" in page_of("tenantpilot check")
