"""Everything about terminals: signals, the clipboard, themes, plain screens. This file itself imports nothing slow."""

from __future__ import annotations

from typing import Final

DEFAULT_THEME: Final = "tenantpilot-dark"
"""The name of the default theme. It is not in `themes`, because that module imports Textual."""
THEME_OF_16: Final = "tenantpilot-16"
"""The theme with the terminal's own sixteen colours."""
