"""The key map: every binding by its id, changed by the user's own keys (`[keys]` in the settings).

Textual silently accepts an unknown id, an unknown key and a key with two meanings; here each is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from textual.binding import Binding
from textual.keys import Keys, key_to_character

from tui.app import TenantPilotApp
from tui.own_commands import OwnCommand
from tui.routes import ROUTES
from tui.widgets.filter_input import FilterInput
from tui.widgets.needs_attention import AttentionItem
from tui.widgets.proof_block import ProofBlock
from tui.widgets.row_list import RowList
from tui.words.failures import SettingsError
from tui.words.nearest import nearest

SCREENS: Final[tuple[type, ...]] = tuple(route.screen_class() for route in ROUTES)
WIDGETS: Final[tuple[type, ...]] = (RowList, AttentionItem, ProofBlock, FilterInput)
_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt"})
_NAMED: Final = tuple(key.value for key in Keys if not key.value.startswith("<"))


class NamedBinding(NamedTuple):
    """The description and the default keys of an id."""

    description: str
    keys: tuple[str, ...]


@cache
def named_bindings() -> dict[str, NamedBinding]:
    """Every binding of the app, its screens and its widgets, by its id."""
    found: dict[str, NamedBinding] = {}
    for kind in (TenantPilotApp, *SCREENS, *WIDGETS):
        for binding in _own_bindings(kind):
            assert binding.id is not None, f"{binding.action} of {kind.__name__} has no id"
            keys = found[binding.id].keys if binding.id in found else ()
            found[binding.id] = NamedBinding(binding.description, tuple(dict.fromkeys((*keys, binding.key))))
    return found


def checked_keymap(wanted: Mapping[str, str]) -> dict[str, str]:
    """The key map for Textual from ids and keys (several with commas between them).

    Raises SettingsError for an unknown id or key (it names the nearest) and for a key with two meanings.
    """
    known = named_bindings()
    keymap: dict[str, tuple[str, ...]] = {}
    for name, keys in wanted.items():
        if name not in known:
            raise SettingsError(f"keys.{name}: there is no such id; the nearest is {nearest(name, tuple(known))}")
        keymap[name] = tuple(_checked_key(name, key.strip()) for key in keys.split(","))
    _refuse_two_meanings(keymap)
    # When one id gets another key, Textual takes the old key from every id that shares it: the others claim it again.
    taken = {key for name in keymap for key in known[name].keys}
    kept = {name: each.keys for name, each in known.items() if name not in keymap and taken.intersection(each.keys)}
    return {name: ",".join(keys) for name, keys in (kept | keymap).items()}


def checked_commands(commands: Sequence[OwnCommand], wanted: Mapping[str, str]) -> tuple[OwnCommand, ...]:
    """A user's own commands with their keys as Textual names them.

    Raises SettingsError for an unknown key, and for one that means something already; it names both.
    """
    keymap = checked_keymap(wanted) if wanted else {}
    taken = {
        key: name
        for name, each in reversed(named_bindings().items())
        for key in (keymap[name].split(",") if name in keymap else each.keys)
    }
    checked = []
    for command in commands:
        place = f"commands.{command.name}"
        key = _checked_key(f"{place}.key", command.key, section="")
        if (other := taken.setdefault(key, place)) != place:
            raise SettingsError(
                f"{place}.key: the key {command.key!r} would mean {place} and {other}; give one of them another key"
            )
        checked.append(command._replace(key=key))
    return tuple(checked)


def _own_bindings(kind: type) -> Iterator[Binding]:
    for each in kind.__mro__:
        if each.__module__.startswith("tui."):
            yield from Binding.make_bindings(each.__dict__.get("BINDINGS", ()))


def _checked_key(name: str, text: str, section: str = "keys.") -> str:
    *modifiers, key = text.split("+") if len(text) > 1 else (text,)
    (written,) = (binding.key for binding in Binding.make_bindings([Binding(text or "nothing", "", "")]))
    character = key if len(key) == 1 else key_to_character(key)
    if written in _NAMED or (_MODIFIERS.issuperset(modifiers) and character and character.isprintable()):
        return written
    raise SettingsError(f"{section}{name}: there is no key {text!r}; the nearest is {nearest(text, _NAMED)}")


def _refuse_two_meanings(keymap: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a key that a user gave a second meaning on some screen with some widget focused. Raises SettingsError."""
    known = named_bindings()
    for screen, widget in product(SCREENS, WIDGETS):
        ids = dict.fromkeys(each.id for kind in (TenantPilotApp, screen, widget) for each in _own_bindings(kind))
        meanings: dict[str, str] = {}
        for name in filter(None, ids):
            for key in keymap.get(name, known[name].keys):
                other = meanings.setdefault(key, name)
                if other != name and not _shared_as_shipped(key, (name, other)) and {name, other} & set(keymap):
                    raise SettingsError(
                        f"keys.{name if name in keymap else other}: the key {key!r} would mean {name} and {other};"
                        " give one of them another key"
                    )


def _shared_as_shipped(key: str, names: Iterable[str]) -> bool:
    return all(key in named_bindings()[name].keys for name in names)
