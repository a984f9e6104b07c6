"""A backup read as a command reads it: by its source, then through the door."""

from __future__ import annotations

from collections.abc import Collection, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from health.digests import digest_of
from health.policy import HealthPolicy
from health.sources.captured import CapturedItem, CapturedSet
from health.sources.declaration import Asked, Source
from health.sources.door import Door, Reference, states_in
from tui.clock import utc_now

READ_AT: Final = datetime(2026, 11, 30, tzinfo=UTC)


def asked_of(path: Path, **more: Any) -> Asked:
    """A request to a source, for the tenant `contoso`."""
    return Asked(path, "contoso", utc_now(), HealthPolicy(), **more)


def with_its_digest(item: CapturedItem) -> CapturedItem:
    """The item with the digest of its content."""
    assert item.payload is not None
    return item._replace(payload_digest=digest_of(item.payload))


def read_folder(
    source: Source,
    path: Path,
    *,
    expected: Set[str] | None = None,
    gone: Set[str] | None = None,
    **more: Any,
) -> CapturedSet:
    """A folder as one set, compared with these types; the `accepted` ones may be gone."""
    asked = asked_of(path, **more)
    (found,) = source.found(asked).sets
    return admitted(found.read(with_payload=asked.with_payload), expected, gone)


def admitted(captured: CapturedSet, expected: Set[str] | None = None, gone: Set[str] | None = None) -> CapturedSet:
    """A set as the door admits it, compared with one file of each of these types; the `accepted` ones may be gone."""
    return Door(gone or frozenset()).admit(captured, having(captured, expected or ()))


def having(captured: CapturedSet, types: Collection[str]) -> Reference:
    """A reference set of these types: the set's own items, and one item of each type that the set lacks."""
    had = {identity: state for identity, state in states_in(captured).items() if identity[0] in types}
    lacking = set(types) - {policy_type for policy_type, _ in had}
    return Reference((had | {(policy_type, "gone.json"): None for policy_type in lacking},))
