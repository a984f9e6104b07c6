"""The list of sources. A source's module is imported only when it is used, so that `--help` stays fast."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from health.sources.declaration import Source

SOURCES: Final = {
    "facts": "health.sources.fact_lines",
    "intunebackup": "health.sources.intunebackup",
    "intunecd": "health.sources.intunecd",
    "intunemanagement": "health.sources.intunemanagement",
    "m365dsc": "health.sources.m365dsc",
    "tenuvault": "health.sources.tenuvault",
}
"""The module in which each source declares itself, by the source's name."""


def source_named(name: str) -> Source:
    """The declaration of a source. Raises KeyError if it is not listed."""
    declared: Source = importlib.import_module(SOURCES[name]).DECLARED
    return declared
