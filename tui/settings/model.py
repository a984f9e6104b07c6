"""The model of the settings: every name, its form, its default and what it is for (docs/settings.md, "Settings")."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from health.policy import HealthPolicy, LossRule
from tui.groups import Group, Groups
from tui.settings.forms import (
    UNNAMED,
    Count,
    DatabaseName,
    DatabaseUrl,
    Duration,
    GroupName,
    KeysById,
    Owner,
    Percentage,
    RefreshInterval,
    SourceName,
    TenantPatterns,
    ThemeName,
    within,
)
from tui.settings.sources import SourceSettings
from tui.terminal import DEFAULT_THEME
from tui.words.nearest import VARIABLE_PREFIX

APPLICATION: Final = "tenantpilot"
DATABASE_NAME: Final = "fleet.db"

_DEFAULT_POLICY: Final = HealthPolicy()
_DEFAULT_LOSS: Final = LossRule()
_SECTION = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def default_database_path() -> Path:
    """The SQLite file in the user's data directory: the database where none is configured. It may not exist yet."""
    return user_data_path(APPLICATION, appauthor=False) / DATABASE_NAME


class DatabaseSettings(BaseModel):
    """`[database]`, and `[databases.NAME]` for each of several: where the facts are."""

    model_config = _SECTION

    url: DatabaseUrl | None = Field(
        default=None,
        description="The database to read from. Without it: a SQLite file in your data directory.",
    )
    write_url: DatabaseUrl | None = Field(
        default=None, description="The database that `import`, `record` and other commands write to. Without it: `url`."
    )
    production: bool = Field(default=False, description="Whether the screens mark it as production.")

    def read_from(self) -> str:
        """The URL to read from, password and all: `url`, else the default SQLite file. Never show it."""
        return f"sqlite:///{default_database_path()}" if self.url is None else self.url.get_secret_value()

    def write_to(self) -> str:
        """The URL to write to, password and all: `write_url`, else the one to read from. Never show it."""
        return self.read_from() if self.write_url is None else self.write_url.get_secret_value()


class NamedDatabaseSettings(DatabaseSettings):
    """`[databases.NAME]`: as `[database]`, but its URL has no default."""

    url: DatabaseUrl = Field(description="The database to read from under this name.")


class BackupHealthSettings(BaseModel):
    """`[backup_health]`: the four durations every tenant is judged by (docs/concepts.md, "The policy")."""

    model_config = _SECTION

    freshness_window: Annotated[Duration, within("1s", "365d")] = Field(
        default=_DEFAULT_POLICY.freshness_window,
        description="How old the latest backup may be. Must exceed the interval between runs plus their length.",
    )
    schedule_grace: Annotated[Duration, within("0s", "30d")] = Field(
        default=_DEFAULT_POLICY.schedule_grace, description="How late a scheduled run may be before it needs follow-up."
    )
    clock_skew: Annotated[Duration, within("0s", "24h")] = Field(
        default=_DEFAULT_POLICY.clock_skew,
        description="How far the writers' clocks may differ from this machine's.",
    )
    longest_run: Annotated[Duration, within("1s", "30d")] = Field(
        default=_DEFAULT_POLICY.longest_run,
        description="The longest plausible run. A run that takes longer is stuck. A backup set contradicts itself if "
        "it ended later than this after it was recorded.",
    )


class EvidenceSettings(BaseModel):
    """`[evidence]`: when fewer items than in an earlier backup are a loss."""

    model_config = _SECTION

    loss_share: Percentage = Field(
        default=_DEFAULT_LOSS.share_percent,
        description="An import that misses more than this share of a type's items, and at least `loss_items` of them, "
        "has lost them: the backup is stored as partial.",
    )
    loss_items: Count = Field(
        default=_DEFAULT_LOSS.items,
        description="The fewest missing items that are a loss. A type with no items left is always one.",
    )


class GroupSettings(BaseModel):
    """`[groups.NAME]`: tenants that have a name and an owner together."""

    model_config = _SECTION

    tenants: TenantPatterns = Field(description="The external ids of the tenants in it.")
    owner: Owner | None = Field(default=None, description="Whose tenants they are, as it is to be shown.")


class KnownSettings(BaseModel):
    """`[known]`: what somebody has taken note of."""

    model_config = _SECTION

    file: Path | None = Field(
        default=None,
        description="The file with the reasons that somebody has taken note of. It is only read. A relative path "
        "begins at the settings file's folder.",
    )


class UiSettings(BaseModel):
    """`[ui]`: how the screens behave."""

    model_config = _SECTION

    refresh: RefreshInterval = Field(
        default=timedelta(seconds=30), description="How often the screens ask the database for changes. 0 turns it off."
    )
    theme: ThemeName = Field(default=DEFAULT_THEME, description="The colours, by the name of a theme.")
    plain: bool = Field(
        default=False, description="Screens without lines and glyphs, with states as words: for screen readers."
    )
    mouse: bool = Field(
        default=False,
        description="Whether the mouse works on the screens. Most terminals then cannot select text with it.",
    )


# `load_settings` hands its sources to the model by this: pydantic-settings asks the class for them. A plain
# `Settings()`, in another thread too, must stay at the defaults.
handed_in: ContextVar[tuple[PydanticBaseSettingsSource, ...]] = ContextVar("handed_in", default=())


class Settings(BaseSettings):
    """Every setting of the product. `model_dump(mode="json")` writes them as the file does, secrets masked."""

    model_config = SettingsConfigDict(
        # `[UI]` is not `[ui]`. Of the variables, which are all in capitals, `load_settings` hands in small letters.
        case_sensitive=True,
        env_prefix=VARIABLE_PREFIX.lower(),
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    database: DatabaseSettings = Field(default=DatabaseSettings(), description="Where the facts are.")
    backup_health: BackupHealthSettings = Field(
        default=BackupHealthSettings(), description="The durations that every tenant is judged by."
    )
    evidence: EvidenceSettings = Field(
        default=EvidenceSettings(), description="When fewer items than before are a loss."
    )
    known: KnownSettings = Field(default=KnownSettings(), description="What somebody has taken note of already.")
    ui: UiSettings = Field(default=UiSettings(), description="How the screens behave.")
    databases: dict[DatabaseName, NamedDatabaseSettings] = Field(
        default_factory=dict,
        description="More databases, each under a name and with the settings of `[database]`. `--use NAME` opens one.",
    )
    groups: dict[GroupName, GroupSettings] = Field(
        default_factory=dict, description="Names for tenants, to filter and to count by. No tenant is in two of them."
    )
    sources: dict[SourceName, SourceSettings] = Field(
        default_factory=dict, description="Backups of other tools, which `tenantpilot sync` imports."
    )
    keys: KeysById = Field(
        default_factory=dict, description="Other keys for the actions of the screens, by the ids that `?` shows."
    )

    def usable_databases(self) -> dict[str, DatabaseSettings]:
        """Every database that can be used, by its name. The first one is used where none is named.

        `[database]` is among them as `default`, unless it has no URL and others are there.
        """
        unnamed = {UNNAMED: self.database} if self.database.url is not None or not self.databases else {}
        return {**unnamed, **self.databases}

    def policy(self) -> HealthPolicy:
        """The four durations, for the resolver, which knows no settings."""
        return HealthPolicy(**self.backup_health.model_dump())

    def loss_rule(self) -> LossRule:
        """When fewer items are a loss, for the imports."""
        return LossRule(self.evidence.loss_share, self.evidence.loss_items)

    def tenant_groups(self) -> Groups:
        """The groups, for what filters and counts by them."""
        return Groups([Group(name, each.tenants, each.owner) for name, each in self.groups.items()])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `load_settings` reads the environment and the file, and checks every name in them."""
        return (init_settings, *handed_in.get())
