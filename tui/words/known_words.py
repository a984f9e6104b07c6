"""What is known of a tenant, in words beside its verdict (docs/documents.md, "Known").

Who and why come from a file: whoever shows them passes them through `safe_text`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from health.known import KnownEntry, KnownOfTenant, KnownState
from health.posture import TenantBackupHealth
from tui.words.wording import ago

_DAYS_BY_NAME = timedelta(days=6)
"""For how long a day is called by its name: within a week no two have the same."""


def known_in_words(known: KnownOfTenant, now: datetime) -> str:
    """`known until Fri 18:00, ana: ticket 4711`, or `expired 2d ago, ana: ticket 4711`; nothing where neither is so."""
    live = dict.fromkeys(_live_in_words(entry, now) for entry in known.live)
    expired = dict.fromkeys(expired_in_words(entry, now) for entry in known.in_state(KnownState.EXPIRED))
    return "; ".join((*live, *expired))


def _live_in_words(entry: KnownEntry, now: datetime) -> str:
    return f"known until {_instant_in_words(entry.until, now)}, {entry.who}: {entry.why}"


def expired_in_words(entry: KnownEntry, now: datetime) -> str:
    """An entry whose time is up: its reason counts again until it is renewed or taken out."""
    return f"expired {ago(now - entry.until)}, {entry.who}: {entry.why}"


def ready_entries(health: TenantBackupHealth, now: datetime) -> str:
    """An entry for the file of what is known for each reason of a tenant, until a day from now.

    `who` and `why` are empty, and an entry without them is refused: only whoever takes note can say that.
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
