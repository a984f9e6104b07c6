"""The one list of screens: routes and the key map come from it. A screen is imported when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tui.place import OPENINGS, Place

if TYPE_CHECKING:
    from textual.screen import Screen


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
    Route("dashboard"),
    Route("backup_sets"),
    Route("backup_set"),
    Route("schedules"),
    Route("changes"),
    Route("runs"),
    Route("causes"),
    Route("captured_item"),
    Route("item_changes"),
    Route("last_good_copy"),
    Route("help"),
    Route("choice"),
)
"""Every screen. A new one is a line here and a file under `tui/screens`."""

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
    walked = [each for each in (*OPENINGS[name].behind, name) if each not in _OPENED_FROM_A_LIST]
    # The tenant's name comes with its first answer.
    return [screen_named(each, tenant, tenant, **_of_place(each, place)) for each in walked]


_OPENED_FROM_A_LIST: Final = frozenset({"captured_item", "last_good_copy", "item_changes"})


def _of_place(name: str, place: Place) -> dict[str, Any]:
    """What a screen is made with beside the tenant."""
    match name:
        case "backup_sets":
            return {"begin_at": place.set[0] if place.set else None}
        case "backup_set":
            return {"set_id": place.set[0] if place.set else None, "place": place}
        case "schedules":
            return {"begin_at": place.schedule}
        case "runs":
            return {"schedule_id": place.schedule, "begin_at": place.set[0] if place.set else None}
        case "changes":
            before, after = (None, *place.set)[-2:] if place.set else (None, None)
            return {"before": before, "after": after, "place": place}
        case _:
            return {}
