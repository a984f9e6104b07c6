"""What is known of terminals: signals, the clipboard, themes, plain screens. This alone imports nothing heavy."""

from __future__ import annotations

from typing import Final

DEFAULT_THEME: Final = "tenantpilot-dark"
"""The theme's name unless a user chooses another; apart from `themes`, which imports Textual."""
THEME_OF_16: Final = "tenantpilot-16"
"""The theme of the terminal's own sixteen colours."""
