"""`tenantpilot demo`: the help of its options, without importing the fleet."""

from __future__ import annotations

from health.demo.fleet import DEFAULT_TENANTS
from tui.commands.demo import demo


def test_by_default_the_fleet_is_the_one_with_every_state() -> None:
    (tenants,) = (parameter for parameter in demo.params if parameter.name == "tenants")
    assert tenants.default == DEFAULT_TENANTS
