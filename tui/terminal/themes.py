"""The themes: one colour a state, from the usual 256. The colours differ clearly in lightness and in hue.

A colour never stands alone: every state also has a glyph and a word, so nothing is lost without colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from tui.terminal import DEFAULT_THEME, THEME_OF_16
from tui.words.failures import SettingsError
from tui.words.nearest import nearest

DARK: Final = DEFAULT_THEME
LIGHT: Final = "tenantpilot-light"
WITHOUT_COLOURS: Final = "ansi-dark"
"""Textual's theme with the terminal's own colours. With NO_COLOR, only this theme writes no colour."""

TERMINALS_OWN: Final[Mapping[str, str]] = {
    "state-unreadable": "ansi_bright_magenta",
    "state-absent": "ansi_bright_red",
    "state-stale": "ansi_yellow",
    # Never the bright colour of another state: on many terminals, bold makes a colour bright.
    "state-degraded": "ansi_cyan",
    "state-follow-up": "ansi_bright_blue",
    "state-healthy": "ansi_green",
    "state-unconfirmed": "ansi_default",
    "quiet": "ansi_default",
    "cursor-background": "ansi_default",
    "cursor-background-blurred": "ansi_default",
    "input-cursor-text-style": "reverse",
}
"""Our colour names in the terminal's sixteen colours. Textual's themes lack these names, so they use them too."""


def _theme_of_256(
    name: str,
    states: tuple[str, str, str, str, str, str, str],
    *,
    text: str,
    quiet: str,
    grounds: tuple[str, str, str],
    secondary: str,
    dark: bool = True,
) -> Theme:
    """A theme of hex colours that are all among the 256.

    `states` is in the order of `State`. `grounds` are the colours of the screen, of the lines around it, and of the
    cursor.
    """
    unreadable, absent, stale, degraded, follow_up, healthy, unconfirmed = states
    background, panel, cursor = grounds
    return Theme(
        name=name,
        primary=follow_up,
        secondary=secondary,
        accent=follow_up,
        warning=stale,
        error=absent,
        success=healthy,
        foreground=text,
        background=background,
        surface=background,
        panel=panel,
        dark=dark,
        variables={
            "state-unreadable": unreadable,
            "state-absent": absent,
            "state-stale": stale,
            "state-degraded": degraded,
            "state-follow-up": follow_up,
            "state-healthy": healthy,
            "state-unconfirmed": unconfirmed,
            "quiet": quiet,
            "cursor-background": cursor,
            "cursor-background-blurred": panel,
            "input-cursor-text-style": "none",
        },
    )


THEMES: Final = (
    _theme_of_256(
        DARK,
        ("#ff87ff", "#ff5f5f", "#ffaf5f", "#ffd75f", "#87afff", "#87d787", "#9e9e9e"),
        text="#d0d0d0",
        quiet="#8a8a8a",
        grounds=("#121212", "#1c1c1c", "#303030"),
        secondary="#5f87af",
    ),
    _theme_of_256(
        LIGHT,
        ("#870087", "#af0000", "#af5f00", "#5f5f00", "#005faf", "#005f00", "#626262"),
        text="#1c1c1c",
        quiet="#626262",
        grounds=("#ffffff", "#eeeeee", "#d7d7d7"),
        secondary="#5f87af",
        dark=False,
    ),
    # The nearest of the 256 to Okabe and Ito's colours, which people with any colour blindness can distinguish.
    _theme_of_256(
        "tenantpilot-colour-blind",
        ("#ffffff", "#d75f00", "#ffaf00", "#ffff87", "#5fafd7", "#00af87", "#9e9e9e"),
        text="#d0d0d0",
        quiet="#8a8a8a",
        grounds=("#121212", "#1c1c1c", "#303030"),
        secondary="#0087af",
    ),
    Theme(
        name=THEME_OF_16,
        ansi=True,
        primary="ansi_bright_blue",
        secondary="ansi_cyan",
        accent="ansi_bright_blue",
        warning="ansi_yellow",
        error="ansi_bright_red",
        success="ansi_green",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        dark=True,
        variables={**BUILTIN_THEMES[WITHOUT_COLOURS].variables, **TERMINALS_OWN},
    ),
)

THEME_NAMES: Final = (*(theme.name for theme in THEMES), *BUILTIN_THEMES)
"""All themes that a user can choose: ours and Textual's."""


def require_theme(name: str) -> None:
    """Raise SettingsError, with the nearest name, if no theme has this name."""
    if name not in THEME_NAMES:
        raise SettingsError(f"ui.theme: there is no theme {name}; the nearest is {nearest(name, THEME_NAMES)}")
