"""Without glyphs the columns stay where they are. Module: tui.terminal.plain."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tui.terminal.plain import PlainFilter

RED, GREY = Style(color="red"), Style(color="grey50")


def filtered(*segments: Segment, codeset: str = "utf-8") -> list[Segment]:
    return PlainFilter(codeset).apply(list(segments), Color(0, 0, 0))


def said(text: str, codeset: str = "utf-8") -> str:
    made = "".join(segment.text for segment in filtered(Segment(text), codeset=codeset))
    assert cell_len(made) == cell_len(text)
    return made


@pytest.mark.parametrize(
    ("drawn", "plain"),
    [
        ("> ✕ absent     Contoso    never ", "> absent       Contoso    never "),
        ("  ◷ follow-up  North", "  follow-up    North"),
        ("? unreadable   Contoso", "unreadable     Contoso"),
        ("◆ 9 metadata only", "9 metadata only  "),
        ("where, ◆ degraded", "where, degraded  "),
        ("is it? yes", "is it? yes"),
        ("a name that was cu…  never", "a name that was cu~  never"),
        ("└── policy", "    policy"),
        ("⟨U+202E⟩x", "<U+202E>x"),
        ("no glyph", "no glyph"),
        ("✓", " "),
    ],
)
def test_no_glyph_and_no_gap_in_its_place(drawn: str, plain: str) -> None:
    assert said(drawn) == plain


def test_every_word_keeps_its_colour() -> None:
    made = filtered(Segment("✕ ", RED), Segment("absent", RED), Segment("  3", GREY))
    assert [(segment.text, segment.style) for segment in made if segment.text.strip()] == [
        *((char, RED) for char in "absent"),
        ("3", GREY),
    ]


def test_a_character_the_output_lacks_is_a_question_mark_a_cell() -> None:
    assert said("Café 宽 ✕ absent", "ascii") == "Caf? ?? absent  "
    assert said("Café 宽", "iso8859-1") == "Café ??"
    assert said("Café 宽") == "Café 宽"
