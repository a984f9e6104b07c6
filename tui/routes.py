"""The one list of screens: routes and the key map come from it. A screen is imported when it is first opened.

The screens of a tenant are listed with their start arguments, which the command line reads: `tui.place.OPENINGS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from tui.place import CAUSES, OPENINGS, Place

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.screens.facts_screen import FactsScreen


class Route(NamedTuple):
    """One screen by its name: `backup_set` is `BackupSetScreen` in `tui/screens/backup_set.py`."""

    name: str

    def screen_class(self) -> type[Screen[Any]]:
        """The screen's class, imported now if it was not before."""
        words = self.name.split("_")
        kind: type[Screen[Any]] = getattr(
            import_module(f"tui.screens.{self.name}"), f"{''.join(word.title() for word in words)}Screen"
        )
        return kind


ROUTES: Final = (
    Route("tenants"),
    *(Route(name) for name in OPENINGS),
    Route(CAUSES),
    Route("help"),
    Route("choice"),
)
"""Every screen. A new one is a line here, or in `OPENINGS` if it is a tenant's, and a file under `tui/screens`."""

_BY_NAME: Final = {route.name: route for route in ROUTES}


def screen_named(name: str, *arguments: Any, **named: Any) -> Screen[Any]:
    """A new screen by its name in ROUTES, made with these arguments. Raises KeyError for an unknown name."""
    return _BY_NAME[name].screen_class()(*arguments, **named)


def opened_at(place: Place) -> list[Screen[Any]]:
    """The screens to push at the start, the one in front last: the way back is as if one had walked there.

    The screen of an item is opened by the list of items behind it, once that has its answer.
    """
    name, tenant = place.named_screen(), place.tenant
    if name is None or tenant is None:
        return []
    walked = (each for each in (*OPENINGS[name].behind, name) if not OPENINGS[each].item)
    kinds = (cast("type[FactsScreen[Any]]", _BY_NAME[each].screen_class()) for each in walked)
    return [kind.at(tenant, place) for kind in kinds]
