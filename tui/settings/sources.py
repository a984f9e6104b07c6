"""`[sources.NAME]`: what `tenantpilot sync` imports (docs/sync.md, "The settings").

A source's own options are checked by the commands that use them: importing its declaration is too slow for a screen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from health.sources.listed import SOURCES
from tui.settings.forms import Form
from tui.words.durations import NEWEST_FILE
from tui.words.nearest import nearest

FOLDER: Final = "{folder}"
"""In `tenant` and `name`: the folder that the `*` in `path` stands for."""

_TEXT: Final = Form("text that is not empty", lambda text: text.strip())
_COMPLETED: Final = Form(
    f'an instant with its offset, such as "2026-11-23T02:10:00Z", or "{NEWEST_FILE}"',
    lambda value: value == NEWEST_FILE or (isinstance(value, datetime) and value.tzinfo is not None),
)


def _kind(value: str) -> str:
    if value not in SOURCES:
        raise ValueError(f"there is no source {value!r}; the nearest is {nearest(value, tuple(SOURCES))}")
    return value


def _instant(value: Any) -> Any:
    """An instant in UTC, from TOML's own type or from text. Other values stay unchanged, and the form refuses them."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        has_offset = isinstance(instant, datetime) and instant.tzinfo is not None
        return instant.astimezone(UTC) if has_offset else value
    except (ValueError, OverflowError):
        return value


def _written(value: datetime | str) -> str:
    return value if isinstance(value, str) else value.isoformat().replace("+00:00", "Z")


Text = Annotated[str, AfterValidator(_TEXT)]
CompletedAt = Annotated[
    datetime | str,
    BeforeValidator(_instant),
    AfterValidator(_COMPLETED),
    PlainSerializer(_written, return_type=str, when_used="json"),
]


class SourceSettings(BaseModel):
    """`[sources.NAME]`: a place with the backups of one tenant or of many. Other keys are the kind's own options."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    kind: Annotated[str, AfterValidator(_kind)] = Field(
        description="The tool that wrote the backups: one of the sources of `import`."
    )
    path: Text = Field(
        description="Where the backups are. A relative path begins at the settings file's folder. One part of it may "
        "be `*`, which stands for any folder: each such folder is one tenant."
    )
    tenant: Text = Field(
        description="The tenant's external id. `{folder}` in it is the folder that `*` stands for. "
        "If the database does not have the tenant, it is added."
    )
    name: Text | None = Field(
        default=None, description="The name for an added tenant; may have `{folder}` too. Without it: `tenant`."
    )
    git: bool = Field(default=False, description="Whether every run in the history of a git repository is imported.")
    completed_at: CompletedAt | None = Field(
        default=None,
        description="When the run in the folder was complete: an instant, or `newest-file` for the date of the newest "
        "file. A folder alone does not say it.",
    )
    cron: Text | None = Field(
        default=None,
        description="When the tool runs, as a cron expression of five fields. With it, each tenant gets a schedule "
        "with the source's name.",
    )
    timezone: Text | None = Field(
        default=None,
        description="The IANA time zone of `cron`, and of a tool that writes local times. Without it: UTC.",
    )
