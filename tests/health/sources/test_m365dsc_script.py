"""A configuration in PowerShell's DSC as blocks: any text is read, and never run."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from health.sources.m365dsc_script import Block, Script, read_data, read_script
from health.sources.m365dsc_values import MAX_NESTED, NotPowerShell


def script(*blocks: str, name: str = "M365TenantConfig") -> str:
    """A configuration as the tool writes it, with these blocks."""
    lines = [
        "# Generated with Microsoft365DSC version 1.24.717.1",
        "param (",
        "    [parameter()]",
        "    [System.Management.Automation.PSCredential]",
        "    $Credential",
        ")",
        "",
        f"Configuration {name}",
        "{",
        "    param (",
        "        [Parameter(Mandatory = $true)]",
        "        [System.String]",
        "        $CertificateId",
        "    )",
        "",
        "    if ($null -eq $Credential)",
        "    {",
        "        <# Credentials #>",
        '        $CredsCredential = Get-Credential -Message "Credentials"',
        "",
        "    }",
        "    else",
        "    {",
        "        $CredsCredential = $Credential",
        "    }",
        "",
        "    $OrganizationName = $CredsCredential.UserName.Split('@')[1]",
        "    Import-DscResource -ModuleName 'Microsoft365DSC' -ModuleVersion '1.24.717.1'",
        "",
        "    Node localhost",
        "    {",
        *blocks,
        "    }",
        "}",
        f"{name} -ConfigurationData .\\ConfigurationData.psd1 -Credential $Credential",
        "",
    ]
    return "\r\n".join(lines)


def block(properties: str, kind: str = "AADGroup", name: str = '"Pilots"') -> str:
    """One block, in the tool's layout."""
    return f"        {kind} {name}\r\n        {{\r\n{properties}\r\n        }}"


def only_block(text: str) -> Block:
    read = read_script(text)
    assert read.problem is None
    (found,) = read.blocks
    assert (found.problem, found.doubts) == (None, ())
    return found


def value_of(written: str) -> object:
    """The value of a property with this text, with one property before it and one after it."""
    end = "" if written.endswith("\n") else ";\r\n"
    found = only_block(script(block(f"  Before = 1;\r\n  It = {written}{end}  After = $False")))
    assert list(found.properties) == ["Before", "It", "After"]
    assert (found.properties["Before"], found.properties["After"]) == (1, False)
    return found.properties["It"]


def test_blocks_come_in_order_with_types_names_and_properties() -> None:
    text = script(
        block('  Id = "1";\r\n  Members = @();', name='"Pilots"'),
        block("  IsSingleInstance = 'Yes'", kind="SPOTenantSettings", name="a3dc2b51-c466-4718-b5f9-cf0bb3a98db3"),
        block("", kind="EXOMailTips", name="'It''s'"),
    )
    assert read_script(text) == Script(
        "M365TenantConfig",
        (
            Block("AADGroup", "Pilots", 32, {"Id": "1", "Members": []}),
            Block("SPOTenantSettings", "a3dc2b51-c466-4718-b5f9-cf0bb3a98db3", 37, {"IsSingleInstance": "Yes"}),
            Block("EXOMailTips", "It's", 41, {}),
        ),
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"plain"', "plain"),
        ('""', ""),
        ('"a ""b"" c"', 'a "b" c'),
        ('"{`"a`":`"b`"}"', '{"a":"b"}'),
        ('"a`tb`nc``d`$e"', "a\tb\nc`d$e"),
        ('"`u{263A}"', "☺"),
        ('"`u{110000}"', "`u{110000}"),
        ('"two\r\nlines # no comment; no } end"', "two\r\nlines # no comment; no } end"),
        ("“typographic”", "typographic"),
        ('"a`”b"', "a”b"),
        ("'it’’s'", "it’s"),
        ("'a ''b'' `n $c'", "a 'b' `n $c"),
        ('"to $OrganizationName"', "to $OrganizationName"),
        ('"x$(Get-Thing "y)" (1))z"', 'x$(Get-Thing "y)" (1))z'),
        ("$True", True),
        ("$false", False),
        ("$NULL", None),
        ("0", 0),
        ("-12", -12),
        ("12345678901234567890123", 12345678901234567890123),
        ("1.5", 1.5),
        ("1.50", 1.5),
        ("007.5", "007.5"),
        ("10MB", "10MB"),
        ("9" * 300, int("9" * 300)),
        ("9" * 301, "9" * 301),
        ("1.2.3", "1.2.3"),
        ("$true.ToString()", "$true.ToString()"),
        ("$Credscredential", "$Credscredential"),
        ("$ConfigurationData.NonNodeData.TenantId", "$ConfigurationData.NonNodeData.TenantId"),
        ("$trueish", "$trueish"),
        ('$x["a;b"]', '$x["a;b"]'),
        ("'a' + 'b'", "'a' + 'b'"),
        (
            "New-Object System.Management.Automation.PSCredential ('Password', (ConvertTo-SecureString 'x;' -Force))",
            "New-Object System.Management.Automation.PSCredential ('Password', (ConvertTo-SecureString 'x;' -Force))",
        ),
        ("[PSCredential]::new('a', $b)", "[PSCredential]::new('a', $b)"),
        ("(Get-Date)", "(Get-Date)"),
        ('@("a","b")', ["a", "b"]),
        ('@("a"\r\n  "b"; "c" # d\r\n)', ["a", "b", "c"]),
        ("@(1, $true, @('x'), @{})", [1, True, ["x"], {}]),
        ('"a", "b"', ["a", "b"]),
        ("@{a = 1; 'b c' = @(2)\r\n d = $null}", {"a": 1, "b c": [2], "d": None}),
        ("@'\r\nit's \"raw\" `n\r\n'@", 'it\'s "raw" `n'),
        ('@"\r\nsay "hi" `$x\r\n"@', 'say "hi" $x'),
        ("@'\r\n'@", ""),
        ("1 <# a comment; } #>", 1),
        ("1 # a comment; }\r\n", 1),
        ("`\r\n 7", 7),
        ("\r\n 7", 7),
    ],
)
def test_values_in_each_form(written: str, value: object) -> None:
    assert value_of(written) == value


def test_nested_instances_say_their_type() -> None:
    written = (
        "@(MSFT_AADApplicationPermission { \r\n  Name = 'Analysis.All'\r\n  Admin = $False\r\n }\r\n"
        "MSFT_AADApplicationPermission{\r\n Scopes = @(MSFT_Scope{ Id = 3 })\r\n }\r\n)"
    )
    assert value_of(written) == [
        {"CIMInstance": "MSFT_AADApplicationPermission", "Name": "Analysis.All", "Admin": False},
        {"CIMInstance": "MSFT_AADApplicationPermission", "Scopes": [{"CIMInstance": "MSFT_Scope", "Id": 3}]},
    ]
    assert value_of("MSFT_X{\r\n}") == {"CIMInstance": "MSFT_X"}


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment", "Get-ChildItem | Remove-Item -Recurse", "function X { Y 'z' { } }"]
)
def test_a_script_without_a_configuration_has_no_blocks(text: str) -> None:
    assert read_script(text) == Script(None, ())


@pytest.mark.parametrize(
    "around",
    [
        "Configuration X {{ {0} }}",
        "configuration 'X' {{ node $AllNodes.NodeName {{ {0} }} }}",
        "Configuration X {{ Node $AllNodes.Where{{ $_.Role -eq 'a' }}.NodeName {{ {0} }} }}",
        "Configuration X\n{{ LocalConfigurationManager\n {{ A = 1 }}\n Import-DscResource -ModuleName a\n {0}\n}}",
        "<# Configuration Y {{ #> Configuration X {{ {0} }}",
    ],
)
def test_blocks_are_found_wherever_a_configuration_has_them(around: str) -> None:
    found = only_block(around.format('AADGroup "a" { Id = 1 }'))
    assert (found.resource_type, found.instance, found.properties) == ("AADGroup", "a", {"Id": 1})


def test_a_block_in_a_loop_is_a_doubt() -> None:
    text = 'Configuration X { foreach ($p in $Policies) { AADGroup "a-$($p.Name)" { Id = $p.Id } } }'
    (found,) = read_script(text).blocks
    assert (found.instance, found.doubts) == (
        "a-$($p.Name)",
        ("it stands in a loop, and only a run says what there is",),
    )


def test_a_repeated_property_is_a_doubt() -> None:
    (found,) = read_script(script(block("  Id = 1\r\n  ID = 2"))).blocks
    assert (found.problem, found.doubts) == (None, ("'ID' stands there twice",))


WHOLE = script(block('  Id = "1"', name="'a'"), block('  Id = "2"\r\n  Text = "x"', name="'b'"))


def test_a_file_that_ends_inside_a_block_says_so() -> None:
    cut = WHOLE[: WHOLE.index("  Text = ") + 11]
    read = read_script(cut)
    assert [(each.instance, each.problem) for each in read.blocks] == [
        ("a", None),
        ("b", "the file ends inside a string"),
    ]
    assert read.blocks[1].properties == {"Id": "2"}
    assert read.problem == "the file ends inside a string"


@pytest.mark.parametrize("length", range(WHOLE.index("Node localhost"), WHOLE.rindex("}\r\n}")))
def test_a_file_cut_off_anywhere_is_not_called_whole(length: int) -> None:
    read = read_script(WHOLE[:length])
    assert read.problem is not None
    assert len(read.blocks) <= 2


def test_a_file_cut_off_after_its_configuration_is_whole() -> None:
    assert read_script(WHOLE[: WHOLE.rindex("}") + 1]) == read_script(WHOLE)
    assert read_script(WHOLE).problem is None


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('  Id = "a" b" ; c = 1\r\n', "the file ends inside a string"),
        ("  Id = 1 )\r\n", "line 33: a property expected"),
        ("  Id = @(1 }\r\n", "line 33: a value expected"),
        ("  Id = ;\r\n", "line 33: a value expected"),
        ("  Id\r\n", "line 33: '=' expected"),
        ("  Id = @{a = 1; A = 2}\r\n", "line 33: 'A' stands there twice"),
        ("  Id = $x.Where({ $_ )\r\n", "line 33: '}' expected"),
    ],
)
def test_a_block_that_cannot_be_read_hides_no_other(broken: str, why: str) -> None:
    text = script(f"        AADGroup 'a' {{\r\n{broken}        }}", block("  Id = 2", name="'b'"))
    read = read_script(text)
    assert [each.instance for each in read.blocks] == ["a", "b"]
    assert read.blocks[1].problem is None
    assert (read.blocks[0].problem, read.problem) == (why, why)


def test_nesting_is_read_up_to_the_limit_and_no_deeper() -> None:
    fits = "@(" * MAX_NESTED + ")" * MAX_NESTED
    assert only_block(script(block(f"  A = {fits}"))).problem is None
    for deep in (f"@({fits})", "(" * 10_000, "@{a=" * 10_000, "MSFT_X{a=" * 10_000, '"$(' * 10_000, "@(" * 10_000):
        (found,) = read_script(script(block(f"  A = {deep}"))).blocks
        assert found.problem is not None
        assert f"nested deeper than {MAX_NESTED} levels" in found.problem


HOSTILE = [
    "AADGroup 'a' {\n",
    "AADGroup 'a {\n",
    'AADGroup "$( {\n',
    "{ a = 1\n",
    "a = 1\n",
    "@{ a = 1\n",
    "AADGroup ('x') {\n",
    "AADGroup 'a' { b = \"\n",
    "AADGroup 'a' { b = '\n",
    "AADGroup 'a' { b = @\"\n",
    "AADGroup 'a' { b = $( \n",
    "AADGroup 'a' { b = <# \n",
    "AADGroup 'a' { b = \"$(\n",
    "<#\n",
    '"`',
    "`\n",
    "a ",
    "a\n",
    "{\n",
    "}\n",
    "(\n",
    "1",
    '""',
    " \t",
    "#",
    "@'\n",
    "“",
    "Node {",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    def seconds(length: int) -> float:
        text = "Configuration X {\n" + piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            read_script(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(64_000) < 8 * seconds(16_000) + 0.05


@pytest.mark.parametrize("piece", ["AADGroup 'a' { b = @'\n", "AADGroup 'a' { b = <# \n"])
def test_an_open_block_is_searched_for_its_end_only_once(piece: str) -> None:
    def seconds(blocks: int) -> float:
        text = "Configuration X {\n" + piece * blocks
        start = time.process_time()
        read_script(text)
        return time.process_time() - start

    assert min(seconds(24_000) for _ in range(2)) < 10 * min(seconds(6_000) for _ in range(3))


@given(
    st.lists(
        st.sampled_from([*HOSTILE, WHOLE, "Configuration X {", "= ", ";", "@(", "@{", ")", "$true", "\0", "\ud800"])
    )
)
@example(["Configuration X {", "a ", "{\n"])
def test_any_text_is_read_without_an_error(pieces: list[str]) -> None:
    read = read_script("".join(pieces))
    assert all(each.line >= 1 for each in read.blocks)
    assert read.problem is not None or all(each.problem is None for each in read.blocks)


def test_a_data_file_is_a_hashtable() -> None:
    text = (
        '@{\r\n    AllNodes = @(\r\n        @{\r\n            NodeName = "localhost"\r\n'
        "            PSDscAllowPlainTextPassword = $true;\r\n            #region Parameters\r\n        }\r\n    )\r\n"
        "    NonNodeData = @(\r\n        @{\r\n            # Tenant's default verified domain name\r\n"
        '            OrganizationName = "contoso.example"\r\n\r\n        }\r\n    )\r\n}\r\n'
    )
    assert read_data(text) == {
        "AllNodes": [{"NodeName": "localhost", "PSDscAllowPlainTextPassword": True}],
        "NonNodeData": [{"OrganizationName": "contoso.example"}],
    }


@pytest.mark.parametrize("text", ["", "7", "@{", "Get-Process", "@{a = }"])
def test_an_invalid_data_file_is_refused(text: str) -> None:
    with pytest.raises(NotPowerShell, match="line 1: "):
        read_data(text)
