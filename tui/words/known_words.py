"""What is known of a tenant, in words beside its verdict (docs/documents.md, "Known").

Who and why come from a file: pass the words through `safe_text` to show them.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from health.known import KnownEntry, KnownOfTenant, KnownState
from health.posture import TenantBackupHealth
from tui.words.safe_text import safe_text
from tui.words.wording import ago

_DAYS_BY_NAME = timedelta(days=6)
"""How far ahead a weekday's name is enough: within a week no name occurs twice."""
_LONGEST_SEARCHED: Final = 4000


def known_in_words(known: KnownOfTenant, now: datetime) -> str:
    """`known until Fri 18:00, ana: ticket 4711`, or `expired 2d ago, ana: ticket 4711`; empty without entries."""
    live = dict.fromkeys(_live_in_words(entry, now) for entry in known.live)
    expired = dict.fromkeys(expired_in_words(entry, now) for entry in known.in_state(KnownState.EXPIRED))
    return "; ".join((*live, *expired))


def known_searched(known: KnownOfTenant, now: datetime) -> str:
    """What the filter searches in the known entries of a tenant: the words as they are shown, in small letters."""
    return safe_text(known_in_words(known, now), limit=_LONGEST_SEARCHED).casefold()


def _live_in_words(entry: KnownEntry, now: datetime) -> str:
    return f"known until {_instant_in_words(entry.until, now)}, {entry.who}: {entry.why}"


def expired_in_words(entry: KnownEntry, now: datetime) -> str:
    """An entry that has expired. Its reason counts again until somebody renews or removes the entry."""
    return f"expired {ago(now - entry.until)}, {entry.who}: {entry.why}"


def ready_entries(health: TenantBackupHealth, now: datetime) -> str:
    """An entry of the file `known.file` for each reason of a tenant, valid for one day from now.

    `who` and `why` are empty: only the person who takes note knows them. An entry without them is refused.
    """
    until = (now + timedelta(days=1)).replace(second=0, microsecond=0)
    tenant = json.dumps(health.tenant.external_id, ensure_ascii=False)
    return "\n".join(
        f'[[known]]\ntenant = {tenant}\nreason = "{reason}"\nuntil = {until:%Y-%m-%dT%H:%M:%SZ}\nwho = ""\nwhy = ""\n'
        for reason in health.reasons
    )


def _instant_in_words(instant: datetime, now: datetime) -> str:
    near = timedelta(0) <= instant - now < _DAYS_BY_NAME
    return f"{instant:%a %H:%M}" if near else f"{instant:%Y-%m-%d %H:%M}"
