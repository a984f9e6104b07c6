"""The line of a settings file on which a setting stands (docs/settings.md, "Settings").

Modules: tui.settings.lines.
"""

from __future__ import annotations

import pytest

from tui.settings.lines import line_of

TEXT = """\
# one
[ui]
theme = "nord"
[ sources . "con-toso" ]   # his
kind = "intunecd"
'path' = "a = b"

[keys]
tenants.sort = "o"
"screen.back" = "x"
"""


@pytest.mark.parametrize(
    ("dotted", "line"),
    [
        ("ui.theme", 3),
        ("ui", 2),
        ("ui.mouse", 2),
        ("sources.con-toso", 4),
        ("sources.con-toso.path", 6),
        ("sources.con-toso.tenant", 4),
        ("keys.tenants.sort", 9),
        ("keys.screen.back", 10),
        ("nothing.there", None),
    ],
)
def test_the_line_of_a_setting_or_else_of_its_section(dotted: str, line: int | None) -> None:
    assert line_of(TEXT, dotted) == line


def test_invalid_toml_has_lines_too() -> None:
    assert line_of('= 1\n[[[x]\n"a\nui.theme = 1', "ui.theme") == 4
