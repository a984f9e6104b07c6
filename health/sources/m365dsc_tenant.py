"""What a Microsoft365DSC configuration calls its tenant, in its data file and in its blocks
(docs/import-folders.md, "Microsoft365DSC")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from health.sources.m365dsc_properties import Properties
from health.sources.m365dsc_values import NotPowerShell

_IN_BLOCKS: Final = ("TenantGUID", "TenantId")
"""The properties of a block that name its tenant. `OrganizationName` is not one: blocks have it as a setting."""

_IN_DATA: Final = (*_IN_BLOCKS, "OrganizationName")
"""The keys of a data file that name the tenant, the most lasting first."""

_GUID: Final = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)
_EXPRESSION: Final = re.compile(r"[$(]")
"""Only a run could show what a name with one of these is."""


class Naming(NamedTuple):
    """The names that one place gives the tenant, the most lasting first. `place` is a file, perhaps with a line.

    The names of one place are names of one tenant: an id, and domains.
    """

    place: str
    names: tuple[str, ...]

    @property
    def ids(self) -> dict[str, str]:
        """The GUIDs, as they are compared and as they are written."""
        return {found[1].lower(): name for name in self.names if (found := _GUID.fullmatch(name)) is not None}

    @property
    def domains(self) -> dict[str, str]:
        """The other names, as they are compared and as they are written."""
        return {name.casefold(): name for name in self.names if _GUID.fullmatch(name) is None}


class SeveralTenants(NamedTuple):
    """Two names that cannot be one tenant's, each with its place."""

    one: str
    other: str


def named_in_data(data: object, file: str) -> list[Naming]:
    """How a data file, read as a hashtable, names its tenant. Raises NotPowerShell if a name there cannot be read."""
    nodes = Properties.of(data).value("NonNodeData") if isinstance(data, dict) else None
    found: list[Properties] = []
    for node in nodes if isinstance(nodes, list) else [nodes]:
        if isinstance(node, dict):
            found.append(Properties.of(node))
        elif node is not None:
            raise NotPowerShell("its NonNodeData is not a hashtable")
    for node in found:
        for key in _IN_DATA:
            value = node.value(key)
            if value is not None and (not isinstance(value, str) or _EXPRESSION.search(value)):
                raise NotPowerShell(f"its {key} is not a text")
    return list(_named(found, _IN_DATA, file))


def named_in_block(properties: dict[str, object], place: str) -> Iterator[Naming]:
    """How a block names its tenant: at most once. A variable says nothing, because its value is not known here."""
    return _named([Properties.of(properties)], _IN_BLOCKS, place)


def _named(found: Iterable[Properties], keys: Iterable[str], place: str) -> Iterator[Naming]:
    for properties in found:
        texts = [text.strip() for key in keys if (text := properties.text(key)) is not None]
        if names := tuple(text for text in texts if not _EXPRESSION.search(text)):
            yield Naming(place, names)


def several_tenants(namings: Iterable[Naming]) -> SeveralTenants | None:
    """Two of these names that cannot be one tenant's; None if all may be.

    A tenant has one GUID. Two places that have no domain in common name two tenants, and so do two GUIDs. A GUID and a
    domain may well be one tenant's.
    """
    ids: dict[str, str] = {}
    domains: dict[str, str] = {}
    for naming in namings:
        for guid, name in naming.ids.items():
            if ids and guid not in ids:
                return SeveralTenants(next(iter(ids.values())), f"{name!r} ({naming.place})")
            ids.setdefault(guid, f"{name!r} ({naming.place})")
        own = {domain: f"{name!r} ({naming.place})" for domain, name in naming.domains.items()}
        if own and domains and own.keys().isdisjoint(domains):
            return SeveralTenants(next(iter(domains.values())), next(iter(own.values())))
        domains = own | domains
    return None


def tenant_of(data: list[Naming], blocks: list[Naming]) -> str | None:
    """The name of the one tenant: the data file's, else the blocks' GUID, else their first; None without any."""
    if data:
        return data[0].names[0]
    ids = [name for naming in blocks for name in naming.ids.values()]
    return next(iter(ids), None) or next((naming.names[0] for naming in blocks), None)
