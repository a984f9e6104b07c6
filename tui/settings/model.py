"""The model of the settings: every name, form, default and purpose (docs/settings.md, "Settings")."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from health.policy import HealthPolicy, LossRule
from tui.groups import Group, Groups
from tui.own_commands import PLACEHOLDERS, OwnCommand, unknown_placeholder
from tui.place import ItemIdentity, Place
from tui.settings.forms import (
    UNNAMED,
    Arguments,
    BackupSetIds,
    CommandSubject,
    Count,
    DatabaseName,
    DatabaseUrl,
    Duration,
    FamilyName,
    GroupName,
    ItemName,
    KeyName,
    KeysById,
    OrderName,
    Owner,
    Percentage,
    PostureNames,
    RefreshInterval,
    ScreenName,
    SourceName,
    TenantPatterns,
    ThemeName,
    ViewName,
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
    """The SQLite file in the user's data directory: the database if none is configured. It may not exist yet."""
    return user_data_path(APPLICATION, appauthor=False) / DATABASE_NAME


class DatabaseSettings(BaseModel):
    """`[database]`, or one `[databases.NAME]`: where the facts are."""

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
        """The URL to read from, with its password: `url`, else the default SQLite file. Never show it."""
        return f"sqlite:///{default_database_path()}" if self.url is None else self.url.get_secret_value()

    def write_to(self) -> str:
        """The URL to write to, with its password: `write_url`, else the one to read from. Never show it."""
        return self.read_from() if self.write_url is None else self.write_url.get_secret_value()


class NamedDatabaseSettings(DatabaseSettings):
    """`[databases.NAME]`: like `[database]`, but its URL has no default."""

    url: DatabaseUrl = Field(description="The database to read from under this name.")


class BackupHealthSettings(BaseModel):
    """`[backup_health]`: the four durations by which every tenant is judged (docs/concepts.md, "The policy")."""

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
        description="A backup has lost items if more than this share of a type's items is missing, and at least "
        "`loss_items` of them. Then it is stored as partial.",
    )
    loss_items: Count = Field(
        default=_DEFAULT_LOSS.items,
        description="The fewest missing items that are a loss. A type with no items left is always a loss.",
    )


class GroupSettings(BaseModel):
    """`[groups.NAME]`: a named set of tenants with an owner."""

    model_config = _SECTION

    tenants: TenantPatterns = Field(description="The external ids of the group's tenants.")
    owner: Owner | None = Field(default=None, description="The owner of these tenants, as the screens show it.")


class ViewSettings(BaseModel):
    """`[views.NAME]`: a place of the screens, by the options that say it."""

    model_config = _SECTION

    tenant: str | None = Field(default=None, description="The external id of the tenant whose screen opens.")
    screen: ScreenName | None = Field(default=None, description="Which screen of the tenant, or `causes`.")
    group: str | None = Field(default=None, description="Only the tenants of this group.")
    filter: str | None = Field(default=None, description="Only what has these words; `-word` leaves out.")
    posture: PostureNames | None = Field(
        default=None, description="Only tenants in this state, or in these, with commas."
    )
    sort: OrderName | None = Field(default=None, description="The order of the tenants.")
    stale_within: Duration | None = Field(default=None, description="Only tenants that go stale within this time.")
    changed: bool = Field(default=False, description="Only tenants that changed since the last visit.")
    cause: str | None = Field(default=None, description="Only tenants with this cause.")
    set: BackupSetIds = Field(default=(), description="The id of the set that opens, in brackets; two to compare.")
    item: ItemName | None = Field(default=None, description="The item of the set that opens, as TYPE/IDENTIFIER.")
    family: FamilyName | None = Field(default=None, description="Only items in this family.")
    schedule: int | None = Field(default=None, description="The id of the schedule whose runs open.")
    meaningful: bool = Field(
        default=False, description="On an item's two contents: without the fields that change without meaning."
    )

    @model_validator(mode="after")
    def _is_a_place(self) -> ViewSettings:
        self.place().checked()
        return self

    def place(self) -> Place:
        """The place that it names."""
        said = {name: getattr(self, name) for name in Place._fields if name != "item"}
        return Place(item=None if self.item is None else ItemIdentity.of(self.item), **said)


class CommandSettings(BaseModel):
    """`[commands.NAME]`: a program of the user's on a key."""

    model_config = _SECTION

    key: KeyName = Field(description="The key that runs it.")
    argv: Arguments = Field(
        description="The program and its arguments, each one argument of the program: there is no shell."
    )
    on: CommandSubject = Field(description="What it is for: `tenant`, `set` or `item`.")

    @model_validator(mode="after")
    def _has_known_placeholders(self) -> CommandSettings:
        if (unknown := unknown_placeholder(self.argv, self.on)) is not None:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS[self.on])
            raise ValueError(f"argv has {{{unknown}}}; on {self.on} there are {known}")
        return self


class KnownSettings(BaseModel):
    """`[known]`: the reasons that somebody has taken note of."""

    model_config = _SECTION

    file: Path | None = Field(
        default=None,
        description="The file with the reasons that somebody has taken note of. TenantPilot only reads it. A relative "
        "path begins at the settings file's folder.",
    )


class UiSettings(BaseModel):
    """`[ui]`: how the screens behave."""

    model_config = _SECTION

    refresh: RefreshInterval = Field(
        default=timedelta(seconds=30), description="How often the screens ask the database for changes. 0 turns it off."
    )
    theme: ThemeName = Field(default=DEFAULT_THEME, description="The colours, by the name of a theme.")
    plain: bool = Field(default=False, description="For screen readers: no lines and glyphs, and states as words.")
    mouse: bool = Field(
        default=False,
        description="Whether the mouse works on the screens. Most terminals then cannot select text with it.",
    )


# pydantic-settings asks the class for its sources, so `load_settings` passes them through this variable. A plain
# `Settings()` has only the defaults, in another thread too.
handed_in: ContextVar[tuple[PydanticBaseSettingsSource, ...]] = ContextVar("handed_in", default=())


class Settings(BaseSettings):
    """Every setting of the product. `model_dump(mode="json")` has them in the file's form, with secrets masked."""

    model_config = SettingsConfigDict(
        # `[UI]` is not `[ui]`. Variables are in capitals; `load_settings` passes their names in small letters.
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
    known: KnownSettings = Field(default=KnownSettings(), description="The reasons that somebody has taken note of.")
    ui: UiSettings = Field(default=UiSettings(), description="How the screens behave.")
    databases: dict[DatabaseName, NamedDatabaseSettings] = Field(
        default_factory=dict,
        description="More databases, each under a name and with the settings of `[database]`. `--use NAME` opens one.",
    )
    groups: dict[GroupName, GroupSettings] = Field(
        default_factory=dict, description="Named groups of tenants, to filter and count by. No tenant is in two."
    )
    views: dict[ViewName, ViewSettings] = Field(
        default_factory=dict, description="Places of the screens under a name: `--view NAME` opens one."
    )
    commands: dict[ViewName, CommandSettings] = Field(
        default_factory=dict, description="Programs of your own on keys of the screens."
    )
    sources: dict[SourceName, SourceSettings] = Field(
        default_factory=dict, description="Backups of other tools, which `tenantpilot sync` imports."
    )
    keys: KeysById = Field(
        default_factory=dict, description="Other keys for the actions of the screens. `?` shows the ids of the actions."
    )

    def usable_databases(self) -> dict[str, DatabaseSettings]:
        """Every usable database by its name. If the user names none, the first one is used.

        `[database]` is in it as `default`, unless it has no URL and there are named ones.
        """
        unnamed = {UNNAMED: self.database} if self.database.url is not None or not self.databases else {}
        return {**unnamed, **self.databases}

    def policy(self) -> HealthPolicy:
        """The four durations as a policy: the resolver does not know the settings."""
        return HealthPolicy(**self.backup_health.model_dump())

    def loss_rule(self) -> LossRule:
        """The rule by which imports decide that fewer items are a loss."""
        return LossRule(self.evidence.loss_share, self.evidence.loss_items)

    def own_commands(self) -> tuple[OwnCommand, ...]:
        """The user's own commands, as they are written."""
        return tuple(OwnCommand(name, each.key, each.argv, each.on) for name, each in self.commands.items())

    def tenant_groups(self) -> Groups:
        """The groups, to filter and count by."""
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
        """Only the passed sources: `load_settings` reads the environment and the file, and checks every name."""
        return (init_settings, *handed_in.get())
