"""Groups of tenants from the settings: a tenant's group and its owner (docs/settings.md, "`[groups]`").

A group has no policy of its own: every tenant is judged by the same four durations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tui.words.failures import SettingsError


class Group(NamedTuple):
    """A group: its name, its external ids (`*` stands for any characters), and its owner, if any."""

    name: str
    tenants: tuple[str, ...]
    owner: str | None = None


class Groups:
    """The groups of the settings. A tenant is in one group at most."""

    def __init__(self, groups: Sequence[Group] = ()) -> None:
        self.groups: Final = tuple(groups)
        self._patterns = tuple((group, _pattern(group.tenants)) for group in groups)
        self._found: dict[str, Group | None] = {}

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def names(self) -> tuple[str, ...]:
        """The groups' names, in the order of the settings."""
        return tuple(group.name for group in self.groups)

    def of(self, external_id: str) -> Group | None:
        """The group of a tenant. Raises SettingsError, which names both, if it is in two."""
        if external_id not in self._found:
            self._found[external_id] = self._looked_up(external_id)
        return self._found[external_id]

    def beside(self, external_id: str) -> Group | None:
        """The group to show beside a tenant; None if it is in two, which another sentence reports. Never raises."""
        try:
            return self.of(external_id)
        except SettingsError:
            return None

    def has(self, name: str, external_id: str) -> bool:
        """Whether a tenant is in this group only. Never raises."""
        group = self.beside(external_id)
        return group is not None and group.name == name

    def problem(self, external_ids: Iterable[str]) -> str:
        """The sentence about the first of these tenants that is in two groups; empty if there is none."""
        try:
            for each in external_ids if self.groups else ():
                self.of(each)
        except SettingsError as problem:
            return str(problem)
        return ""

    def _looked_up(self, external_id: str) -> Group | None:
        found = [group for group, pattern in self._patterns if pattern.fullmatch(external_id)]
        if len(found) > 1:
            raise SettingsError(
                f"tenant {external_id!r} is in two groups, {found[0].name} and {found[1].name}: take it out of one of"
                " them in the settings"
            )
        return found[0] if found else None


def _pattern(tenants: Sequence[str]) -> re.Pattern[str]:
    either = "|".join(".*".join(map(re.escape, each.split("*"))) for each in tenants)
    return re.compile(either if tenants else "(?!)", re.DOTALL)
