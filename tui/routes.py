"""The one list of screens: routes, the choices of `--screen` and the key map come from it.

Light on purpose: the command line reads the names for its help, and a screen is imported when it is first opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from textual.screen import Screen


class Route(NamedTuple):
    """One screen by its name: `backup_set` is `BackupSetScreen` in `tui/screens/backup_set.py`."""

    name: str
    behind: tuple[str, ...] | None = None
    """The tenant's screens one walks through to it, in their order; None where the command line cannot open it."""

    def screen_class(self) -> type[Screen[Any]]:
        """The screen's class, imported now if it was not before."""
        words = self.name.split("_")
        kind: type[Screen[Any]] = getattr(
            import_module(f"tui.screens.{self.name}"), f"{''.join(word.title() for word in words)}Screen"
        )
        return kind


ROUTES: Final = (
    Route("tenants"),
    Route("dashboard", behind=()),
    Route("backup_sets", behind=("dashboard",)),
    Route("backup_set", behind=("dashboard", "backup_sets")),
    Route("schedules", behind=("dashboard",)),
    Route("changes", behind=("dashboard",)),
    Route("runs"),
    Route("causes"),
    Route("captured_item"),
    Route("item_changes"),
    Route("last_good_copy"),
    Route("help"),
    Route("choice"),
)
"""Every screen. A new one is a line here and a file under `tui/screens`."""

START_SCREENS: Final = tuple(route.name for route in ROUTES if route.behind is not None)
"""What `--screen` may name: those that need only a tenant's external id."""

_BY_NAME: Final = {route.name: route for route in ROUTES}


def screen_named(name: str, *arguments: Any, **named: Any) -> Screen[Any]:
    """A new screen by its name in ROUTES, made with these arguments. Raises KeyError for an unknown name."""
    return _BY_NAME[name].screen_class()(*arguments, **named)


def opened_at(external_id: str | None, name: str | None) -> list[Screen[Any]]:
    """The screens to push at the start, the one in front last: the way back is as if one had walked there."""
    if external_id is None:
        return []
    route = _BY_NAME[name or "dashboard"]
    assert route.behind is not None
    # The tenant's name comes with its first answer.
    return [screen_named(each, external_id, external_id) for each in (*route.behind, route.name)]
