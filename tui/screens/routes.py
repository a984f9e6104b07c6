"""The screens by their names in the contract (`design.md` 7), and the way to one as if it had been walked."""

from __future__ import annotations

from typing import Any

from tui.screens.facts_screen import FactsScreen


def screen_named(name: str, external_id: str, tenant_name: str, **arguments: Any) -> FactsScreen:
    """A new screen of a tenant: `dashboard`, `backup_sets`, `backup_set` or `schedules`."""
    match name:
        case "dashboard":
            from tui.screens.dashboard import DashboardScreen

            return DashboardScreen(external_id, tenant_name, **arguments)
        case "backup_sets":
            from tui.screens.backup_sets import BackupSetsScreen

            return BackupSetsScreen(external_id, tenant_name, **arguments)
        case "backup_set":
            from tui.screens.backup_set import BackupSetScreen

            return BackupSetScreen(external_id, tenant_name, **arguments)
        case "schedules":
            from tui.screens.schedules import SchedulesScreen

            return SchedulesScreen(external_id, tenant_name, **arguments)
    raise ValueError(name)


def opened_at(external_id: str | None, name: str | None) -> list[FactsScreen]:
    """The screens to push at the start, the one to see last: its way back is the one that walking would have made."""
    if external_id is None:
        return []
    stack = [screen_named("dashboard", external_id, external_id)]
    if name == "backup_set":
        stack.append(screen_named("backup_sets", external_id, external_id))
    if name not in (None, "dashboard"):
        assert name is not None
        stack.append(screen_named(name, external_id, external_id))
    return stack
