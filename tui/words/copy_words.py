"""A last good copy in words, never calmer than the item beside it (docs/screens.md, "Last good copy")."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from health.changes import SETS_SEARCHED, SoughtCopy
from tui.words.names import name_in_words
from tui.words.wording import FAMILY_WORDS, ago

SAYS_NOTHING: Final = "An earlier copy says nothing about now: the latest backup"


def where_last_whole(sought: SoughtCopy, now: datetime) -> str:
    """`3d ago in nightly`; if no searched set has it whole, `in no set (at most N searched)`."""
    copy = sought.last_good
    if copy is None:
        return f"in no set (at most {SETS_SEARCHED} searched)"
    return f"{ago(now - copy.completed_at)} in {name_in_words(copy.name)}"


def last_whole(sought: SoughtCopy, now: datetime) -> str:
    """`last whole 3d ago in nightly`, and whether its content was kept."""
    words = f"last whole {where_last_whole(sought, now)}"
    if sought.last_good is not None and not sought.last_good.content_kept:
        words += ", content not kept"
    return words


def what_it_is_now(sought: SoughtCopy) -> str:
    """Why we look for a copy: the latest backup has the item degraded, or does not have it."""
    families = ", ".join(FAMILY_WORDS[name] for name in sought.wanted.families)
    return f"{SAYS_NOTHING} {f'has it degraded ({families})' if families else 'does not have it'}."
