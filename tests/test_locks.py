"""The lock files: exact versions with hashes, of no registry by name, and none with a known vulnerability."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parent.parent
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS: Final = ("requirements.txt", "requirements-dev.txt")
PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PINNED.findall((ROOT / lock).read_text("utf-8"))}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_registry_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(requirements) == len(PINNED.findall(text)) > 0
    assert all(line.endswith("\\") for line in requirements), "a requirement without a hash below it"
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_version_with_a_known_vulnerability_is_locked(lock: str) -> None:
    known = PROJECT["tool"]["tenantpilot"]["known-vulnerable"]
    vulnerable = {
        f"{name} {version}: {known[name]['advisory']}"
        for name, version in pins(lock).items()
        if name in known and SpecifierSet(known[name]["versions"]).contains(version, prereleases=True)
    }
    assert vulnerable == set()


def test_every_entry_about_vulnerabilities_is_of_a_locked_package() -> None:
    """An entry whose name is spelled wrong would guard nothing."""
    locked = set().union(*map(pins, LOCKS))
    assert set(PROJECT["tool"]["tenantpilot"]["known-vulnerable"]) <= locked


def test_each_direct_dependency_is_locked_within_its_bounds() -> None:
    locked = pins("requirements.txt")
    for text in PROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
