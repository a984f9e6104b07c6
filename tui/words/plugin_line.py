"""The line of `check`, as a monitoring plug-in prints it (docs/documents.md, "The check")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from health.known import KnownOfTenant, KnownState
from health.posture import TenantBackupHealth
from health.report import CheckStatus, FleetTotals
from tui.words.columns import states_counted
from tui.words.known_words import expired_in_words
from tui.words.names import name_text
from tui.words.render import narrowed_in_words
from tui.words.safe_text import safe_text
from tui.words.wording import State, counted, state_of

_NAMES_SHOWN: Final = 3


def check_line(
    status: CheckStatus,
    totals: FleetTotals,
    verdicts: Sequence[TenantBackupHealth],
    now: datetime,
    known: Mapping[str, KnownOfTenant] = MappingProxyType({}),
    *,
    left_out: int,
    min_tenants: int,
    missing: Sequence[str] = (),
    doubts: Sequence[str] = (),
    narrowed_by: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The line of a monitoring plug-in: status, counts with the first names of each state, performance data.

    `missing` are the expected external ids that are not in the fleet. `known` has, by external id, what does not count
    towards the status. `doubts` say why nothing is confirmed. `left_out` is the number of newer tenants left out.
    `narrowed_by` has the words that left tenants out, by the options that said them.
    """
    parts = [*map(_without_bars, doubts), counted(totals.tenants, "tenant")]
    for state, count in states_counted(totals):
        if count and state is not State.HEALTHY:
            parts.append(f"{count} {state.word} ({_first_names(verdicts, state)})")
    if missing:
        parts.append(f"{len(missing)} not in the fleet ({_first_of(missing)})")
    parts.append(f"{0 if doubts else totals.confirmed} confirmed")
    parts += _known_parts(verdicts, now, known)
    if left_out:
        parts.append(f"{left_out} newer left out")
    if totals.tenants < max(1, min_tenants):
        parts.append(f"at least {max(1, min_tenants)} expected")
    if narrowed_by:
        parts.append(_without_bars(narrowed_in_words(narrowed_by)))
    figures = " ".join(f"{name}={getattr(totals, name)}" for name in FleetTotals.__slots__)
    return f"{_plugin_line(status, ', '.join(parts))} | {figures}"


def _known_parts(
    verdicts: Sequence[TenantBackupHealth], now: datetime, known: Mapping[str, KnownOfTenant]
) -> Iterator[str]:
    """The names of the tenants that do not count, then the entries that have expired and so count again."""
    noted = [(health, known[health.tenant.external_id]) for health in verdicts if health.tenant.external_id in known]
    if names := [health.tenant.name for health, of_tenant in noted if of_tenant.all_known]:
        yield f"{len(names)} known ({_without_bars(', '.join(name_text(name, 40) for name in names))})"
    for health, of_tenant in noted:
        for entry in of_tenant.in_state(KnownState.EXPIRED):
            name = name_text(health.tenant.name, 40)
            yield _without_bars(f"known of {name} {safe_text(expired_in_words(entry, now))}")


def unknown_line(sentence: str) -> str:
    """The line of a check without a verdict: only why. Figures would look as if somebody had counted them."""
    return _plugin_line(CheckStatus.UNKNOWN, _without_bars(safe_text(sentence, limit=1000)))


def _plugin_line(status: CheckStatus, words: str) -> str:
    return f"TENANTPILOT {status.name} - {words}"


def _without_bars(text: str) -> str:
    # A bar separates the text from the performance data, so text from outside must not contain one.
    return text.replace("|", "¦")


def _first_names(verdicts: Iterable[TenantBackupHealth], state: State) -> str:
    return _first_of([health.tenant.name for health in verdicts if state_of(health) is state])


def _first_of(names: Sequence[str]) -> str:
    shown = _without_bars(", ".join(name_text(name, 40) for name in names[:_NAMES_SHOWN]))
    return shown if len(names) <= _NAMES_SHOWN else f"{shown}, ..."
