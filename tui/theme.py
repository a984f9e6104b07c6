"""The themes: one colour a state, from the 256 that every terminal has, far apart in lightness as well as in hue.

A colour never stands alone: every state has a glyph and a word beside it, so that nothing is lost without colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

DARK: Final = "tenantpilot-dark"
LIGHT: Final = "tenantpilot-light"
WITHOUT_COLOURS: Final = "ansi-dark"
"""Textual's theme of the terminal's own colours: with NO_COLOR it is the only one that emits none."""

TERMINALS_OWN: Final[Mapping[str, str]] = {
    "state-unreadable": "ansi_bright_magenta",
    "state-absent": "ansi_bright_red",
    "state-stale": "ansi_yellow",
    "state-degraded": "ansi_bright_yellow",
    "state-follow-up": "ansi_bright_blue",
    "state-healthy": "ansi_green",
    "state-unconfirmed": "ansi_default",
    "quiet": "ansi_default",
    "cursor-background": "ansi_default",
    "cursor-background-blurred": "ansi_default",
    "input-cursor-text-style": "reverse",
}
"""Our own names in the sixteen colours of the terminal; also what they are in Textual's themes, which have none."""

THEMES: Final = (
    Theme(
        name=DARK,
        primary="#87afff",
        secondary="#5f87af",
        accent="#87afff",
        warning="#ffaf5f",
        error="#ff5f5f",
        success="#87d787",
        foreground="#d0d0d0",
        background="#121212",
        surface="#121212",
        panel="#1c1c1c",
        dark=True,
        variables={
            "state-unreadable": "#ff87ff",
            "state-absent": "#ff5f5f",
            "state-stale": "#ffaf5f",
            "state-degraded": "#ffd75f",
            "state-follow-up": "#87afff",
            "state-healthy": "#87d787",
            "state-unconfirmed": "#9e9e9e",
            "quiet": "#8a8a8a",
            "cursor-background": "#303030",
            "cursor-background-blurred": "#1c1c1c",
            "input-cursor-text-style": "none",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#005faf",
        secondary="#5f87af",
        accent="#005faf",
        warning="#af5f00",
        error="#af0000",
        success="#005f00",
        foreground="#1c1c1c",
        background="#ffffff",
        surface="#ffffff",
        panel="#eeeeee",
        dark=False,
        variables={
            "state-unreadable": "#870087",
            "state-absent": "#af0000",
            "state-stale": "#af5f00",
            "state-degraded": "#875f00",
            "state-follow-up": "#005faf",
            "state-healthy": "#005f00",
            "state-unconfirmed": "#626262",
            "quiet": "#626262",
            "cursor-background": "#d7d7d7",
            "cursor-background-blurred": "#eeeeee",
            "input-cursor-text-style": "none",
        },
    ),
    # Okabe and Ito's colours, which people of every kind of colour blindness tell apart, the nearest of the 256.
    Theme(
        name="tenantpilot-colour-blind",
        primary="#5fafd7",
        secondary="#0087af",
        accent="#5fafd7",
        warning="#ffaf00",
        error="#d75f00",
        success="#00af87",
        foreground="#d0d0d0",
        background="#121212",
        surface="#121212",
        panel="#1c1c1c",
        dark=True,
        variables={
            "state-unreadable": "#ffffff",
            "state-absent": "#d75f00",
            "state-stale": "#ffaf00",
            "state-degraded": "#ffff87",
            "state-follow-up": "#5fafd7",
            "state-healthy": "#00af87",
            "state-unconfirmed": "#9e9e9e",
            "quiet": "#8a8a8a",
            "cursor-background": "#303030",
            "cursor-background-blurred": "#1c1c1c",
            "input-cursor-text-style": "none",
        },
    ),
    Theme(
        name="tenantpilot-16",
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
"""Every theme that can be chosen: ours and Textual's."""
