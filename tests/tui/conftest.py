"""Pictures without the addresses of fonts: what is committed names no host."""

from __future__ import annotations

import re

import pytest_textual_snapshot

_normalize = pytest_textual_snapshot.normalize_svg
_FONT_ADDRESS = re.compile(r",?\s*url\(\"https?://[^\"]*\"\)(?: format\(\"\w+\"\))?")


def _without_addresses(svg: str) -> str:
    return _FONT_ADDRESS.sub("", _normalize(svg))


pytest_textual_snapshot.normalize_svg = _without_addresses
