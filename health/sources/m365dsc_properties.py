"""The properties of a block, a nested instance or a hashtable of a Microsoft365DSC configuration."""

from __future__ import annotations

from typing import NamedTuple


class Properties(NamedTuple):
    """Properties by their names in lower case, because PowerShell ignores case."""

    by_name: dict[str, object]

    @classmethod
    def of(cls, properties: dict[str, object]) -> Properties:
        """The properties of a block, a nested instance or a hashtable."""
        return cls({name.lower(): value for name, value in properties.items()})

    def value(self, name: str) -> object:
        """A property's value; None if it is missing."""
        return self.by_name.get(name.lower())

    def text(self, name: str) -> str | None:
        """A property's text; None if it is missing or blank."""
        value = self.value(name)
        return value if isinstance(value, str) and value.strip() else None
