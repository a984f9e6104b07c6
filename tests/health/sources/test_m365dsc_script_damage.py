"""A block whose head is damaged: it never vanishes without a word (docs/import-folders.md, "Microsoft365DSC")."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.sources.m365dsc_script import Script, read_script
from tests.health.sources.test_m365dsc import FILE, read
from tests.health.sources.trees import plant

HEAD = '        IntuneA "IntuneA-p1"\n        {\n'
BODY = '            DisplayName = "p1";\n            Id          = "1";\n        }\n'


def block(number: int) -> str:
    return (HEAD + BODY).replace("p1", f"p{number}").replace('"1"', f'"{number}"')


BEFORE = "Configuration M365TenantConfig\n{\n    Node localhost\n    {\n" + block(0)
AFTER = block(2) + block(3) + "    }\n}\n"
WHOLE = BEFORE + HEAD + BODY + AFTER


def with_head(head: str) -> str:
    return BEFORE + head + BODY + AFTER


def names_in(script: Script) -> list[str]:
    return [str(each.properties.get("Id")) for each in script.blocks]


HEADS = [
    "IntuneA",
    '"IntuneA-p1"',
    'IntuneA "IntuneA-p1" WARNING: y',
    'IntuneA "IntuneA-p1", "y"',
    "IntuneA ('x')",
    "IntuneA $(x)",
    '$x "y"',
    "$x = ",
    "",
    '#IntuneA "IntuneA-p1"',
    'IntuneA "IntuneA-p1',
    "IntuneA 'IntuneA-p1\"",
    '[IntuneA] "IntuneA-p1"',
    '.IntuneA "IntuneA-p1"',
    'IntuneA\n"IntuneA-p1"',
    "if ($false)",
    "else",
    "try",
    "foreach ($x in $y)",
    "function Foo",
    "function Foo($x)",
    "filter Foo",
    "return",
    "enum Foo",
    "Get-Foo | ForEach-Object",
    "$x | ForEach-Object -Process",
    "Configuration IntuneA",
    "Node IntuneA",
    "WARNING: throttled",
    "\x00\x00\x00",
    "@",
    "$",
]


@pytest.mark.parametrize("brace", ["\n        {\n", " {\n", "\n\n{ # x\n"])
@pytest.mark.parametrize("head", HEADS)
def test_a_block_with_a_damaged_head_is_there_with_a_warning(tmp_path: Path, head: str, brace: str) -> None:
    text = with_head(f"        {head}{brace}")
    assert names_in(read_script(text)) == ["0", "1", "2", "3"]
    captured = read(plant(tmp_path, {FILE: text}))
    assert captured.status == "partial"
    assert captured.error is not None
    assert "the head of a block is damaged" in captured.error or head.startswith("#")
    warnings = [item.integrity_warning for item in captured.items]
    assert [warnings[0], *warnings[2:]] == [None] * 3
    assert warnings[1] is not None
    assert "the head of its block is damaged" in warnings[1]


@pytest.mark.parametrize(
    "text",
    [
        with_head('        IntuneA "IntuneA-p1"\n'),
        with_head("        {\n"),
        with_head(""),
        with_head("        IntuneA ('x')\n"),
    ],
)
def test_a_block_without_its_brace_is_there_with_a_warning(text: str) -> None:
    script = read_script(text)
    assert names_in(script) == ["0", "1", "2", "3"]
    assert script.problem is not None
    assert [each.doubts for each in script.blocks] == [(), ("the head of its block is damaged",), (), ()]


@pytest.mark.parametrize(
    ("head", "policy_type", "identity", "shown"),
    [
        ("IntuneA", "IntuneA", "1", "p1"),
        ("IntuneA ('x')", "IntuneA", "1", "p1"),
        ('IntuneA "IntuneA-p1" WARNING: y', "IntuneA", "1", "p1"),
        ('"IntuneA-p1"', "(unknown type)", "1", "p1"),
        ("", "(unknown type)", "1", "p1"),
    ],
)
def test_what_is_left_of_a_head_says_what_the_item_is(
    tmp_path: Path, head: str, policy_type: str, identity: str, shown: str
) -> None:
    plant(tmp_path, {FILE: with_head(f"        {head}\n        {{\n")})
    item = read(tmp_path).items[1]
    assert (item.policy_type, item.policy_identifier, item.display_name) == (policy_type, identity, shown)
    assert (item.capture_mode, item.payload) == ("full", '{"DisplayName":"p1","Id":"1"}')


def test_nothing_is_left_of_a_block_but_its_braces(tmp_path: Path) -> None:
    text = BEFORE + "        IntuneA ('x')\n        {\n        }\n        \n        {\n        }\n" + AFTER
    items = read(plant(tmp_path, {FILE: text})).items
    assert [item.policy_identifier for item in items] == ["0", "IntuneA", "(unknown type)", "2", "3"]
    assert [item.integrity_warning is None for item in items] == [True, False, False, True, True]


def test_a_damaged_node_hides_no_block_and_makes_the_set_partial() -> None:
    for damaged in ("#Node localhost", "Nod", "", "Node"):
        script = read_script(WHOLE.replace("Node localhost", damaged))
        assert names_in(script) == ["0", "1", "2", "3"]
        assert (script.problem is None) is (damaged == "Node")


def test_a_name_over_two_lines_is_no_damage() -> None:
    for name in ('"two\nlines"', "'two\nlines'"):
        script = read_script(with_head(f"        IntuneA {name}\n        {{\n"))
        assert (script.problem, script.blocks[1].instance) == (None, "two\nlines")


def test_a_block_that_is_commented_out_is_not_an_item(tmp_path: Path) -> None:
    for out in ("<#\n" + HEAD + BODY + "#>\n", "".join(f"#{line}\n" for line in (HEAD + BODY).splitlines())):
        captured = read(plant(tmp_path, {FILE: BEFORE + out + AFTER}))
        assert (captured.status, [item.policy_identifier for item in captured.items]) == ("completed", ["0", "2", "3"])


@pytest.mark.parametrize("damaged", ["onfiguration X", "#Configuration X", "", "Configuration"])
@pytest.mark.parametrize("brace", ["\n{", " {"])
def test_a_configuration_with_a_damaged_head_is_not_left_out(tmp_path: Path, damaged: str, brace: str) -> None:
    text = WHOLE.replace("Configuration M365TenantConfig\n{", f"{damaged}{brace}")
    plant(tmp_path, {FILE: text, "AAD.ps1": WHOLE.replace("IntuneA", "AADGroup")})
    captured = read(tmp_path)
    if damaged == "Configuration":
        assert (captured.status, len(captured.items)) == ("completed", 8)
    else:
        assert captured.status == "partial"


def test_code_beside_a_configuration_is_no_damage() -> None:
    outside = [
        "enum Colour\n{\n    Red = 1\n}\n",
        "class Thing {\n    [string]$Name = 'x'\n}\n",
        "Get-Date\n",
    ]
    code = [
        "function Write-Log($x)\n{\n    $x = @{ A = 1 }\n    [int]$y = 2\n}\n",
        "$x = @{\n    A = 1\n}\n",
        "$x = Get-Thing | Where-Object { $_.A -eq 1 }\n",
        "try { Get-Thing } catch [System.Exception] { throw } finally { $x = 1 }\n",
        "switch -Regex ($x) { 'a' { 1 } default { 2 } }\n",
        "do { $x++ } while ($x -lt 3)\n",
        "${a b} = 1\n",
    ]
    for each in (*outside, *code):
        inside = WHOLE.replace("    Node localhost", f"{each if each in code else ''}    Node localhost")
        for text in (each + WHOLE, WHOLE + each, inside):
            assert read_script(text).problem is None
            assert names_in(read_script(text)) == ["0", "1", "2", "3"]
            assert {doubt for found in read_script(text).blocks for doubt in found.doubts} == set()


@given(
    st.integers(0, len(HEAD)), st.integers(0, 12), st.text(st.sampled_from("IntuneA \"'-p1#$(){};:`<>.\n"), max_size=12)
)
def test_no_damage_to_a_head_loses_its_block_without_a_word(at: int, lost: int, junk: str) -> None:
    head = HEAD[:at] + junk + HEAD[at + lost :]
    script = read_script(with_head(head))
    assert script.problem is not None or names_in(script) == ["0", "1", "2", "3"]
