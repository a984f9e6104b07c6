"""The product's settings: one model, and the one function that fills it (docs/settings.md, "Settings").

The import of pydantic-settings is too slow for `--help`. So only these modules import it, and nothing imports them
before a command needs a setting.
"""

from tui.settings.file import CONFIG_VARIABLE, FILE_NAME
from tui.settings.forms import UNNAMED
from tui.settings.loading import LoadedSettings, load_settings
from tui.settings.model import (
    DatabaseSettings,
    Settings,
    default_database_path,
)

__all__ = [
    "CONFIG_VARIABLE",
    "FILE_NAME",
    "UNNAMED",
    "DatabaseSettings",
    "LoadedSettings",
    "Settings",
    "default_database_path",
    "load_settings",
]
