"""One backup file, JSON or YAML, from any tool."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

import pytest

from health.sources.documents import UnreadableFile, is_document, read_document, stem_of
from health.sources.storable import MAX_DEPTH


def beginning(value: bytes | str) -> str:
    """The name of a case, because some of the contents are megabytes."""
    return ascii(value[:24])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.json", True),
        ("a.JSON", True),
        ("a.yaml", True),
        ("a.yml", True),
        (".NET_win32LobApp.json", True),
        ("a.md", False),
        ("json", False),
        ("a.json.bak", False),
    ],
)
def test_a_document_is_recognised_by_its_ending(name: str, expected: bool) -> None:
    assert is_document(name) is expected


def test_the_stem_loses_only_the_ending() -> None:
    assert stem_of("v1.2 policy_mdm.json") == "v1.2 policy_mdm"


def test_json_and_yaml_say_the_same() -> None:
    value = {"displayName": "é", "n": [1, 2.5, None, True]}
    assert read_document('{"displayName": "é", "n": [1, 2.5, null, true]}'.encode(), "a.json") == value
    assert read_document("displayName: é\nn: [1, 2.5, null, true]\n".encode(), "a.yaml") == value
    assert read_document("displayName: é\nn:\n- 1\n- 2.5\n- ~\n- true\n".encode(), "a.YML") == value


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert read_document(b"\xef\xbb\xbf{}", "a.json") == {}
    assert read_document(b"\xef\xbb\xbfa: 1", "a.yaml") == {"a": 1}


@pytest.mark.parametrize(("mark", "encoding"), [(BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")])
def test_utf_16_is_read_if_its_mark_says_so(mark: bytes, encoding: str) -> None:
    assert read_document(mark + '{"displayName": "é😀"}'.encode(encoding), "a.json") == {"displayName": "é😀"}
    assert read_document(mark + "displayName: é😀\n".encode(encoding), "a.yaml") == {"displayName": "é😀"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a": "\xff"}', r"not UTF-8 \(byte 8\)"),
        (BOM_UTF16_LE, "empty"),
        (BOM_UTF16_LE + b"{\0}", r"not UTF-16 \(byte 5\)"),
        (BOM_UTF16_LE + b"\0\xd8{\0", r"not UTF-16 \(byte 3\)"),
        ('{"a": 1}'.encode("utf-16-le"), "not valid JSON"),
        # An error that every Python reports at the same place. Not so an extra comma.
        (b'{"a": }', r"not valid JSON \(.*: line 1, column 7\)"),
        (b'{"a":\n', r"not valid JSON \(.*: line 2, column 1\)"),
        (b"NaN", "not valid JSON"),
        (b"[-Infinity]", "not valid JSON"),
        (b"1" * 5000, "too long"),
        (b"[" * 100_000, f"deeper than {MAX_DEPTH} levels"),
        (b'{"a":' * 100_000, f"deeper than {MAX_DEPTH} levels"),
    ],
    ids=beginning,
)
def test_bad_json_says_why(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_document(content, "a.json")


def test_yaml_values_that_json_has_not_become_text_and_lists() -> None:
    text = b"day: 2026-11-23\nat: 2026-11-23T09:00:00Z\nraw: !!binary aGk=\nset: !!set {b, a}\n7: seven\n"
    assert read_document(text, "a.yaml") == {
        "day": "2026-11-23",
        "at": "2026-11-23T09:00:00+00:00",
        "raw": "aGk=",
        "set": ["a", "b"],
        "7": "seven",
    }


def test_a_harmless_alias_and_a_merge_are_followed() -> None:
    text = b"one: &one {a: 1}\ntwo: *one\nthree: {<<: *one, b: 2}\n"
    assert read_document(text, "a.yaml") == {"one": {"a": 1}, "two": {"a": 1}, "three": {"a": 1, "b": 2}}


def bomb(first: str, item: str) -> bytes:
    """Nine aliases of nine aliases of ...: a billion times the first."""
    lines = [f"k0: &k0 {first}"]
    lines += [f"k{n}: &k{n} {item.replace('*', f'*k{n - 1}')}" for n in range(1, 10)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bomb("[lol]", "[*,*,*,*,*,*,*,*,*]"), "aliases make it too large"),
        (bomb("{a: 1}", "{<<: [*,*,*,*,*,*,*,*,*]}"), "aliases make it too large"),
        (b"a: &a " + b"x" * 1_000_000 + b"\nb: [" + b"*a," * 100 + b"]", "aliases make it too large"),
        (b"- a\n" * 300_000, "too large for YAML"),
        (b"a: &a [*a]", "alias of itself"),
        (b"a: *nothing", "alias of itself or of nothing"),
        (b"[" * 5000, f"deeper than {MAX_DEPTH} levels"),
        (b"".join(b" " * n + b"a:\n" for n in range(1000)), f"deeper than {MAX_DEPTH} levels"),
        (b"a: [1", r"not valid YAML \(line \d+, column \d+\)"),
        (b"a: 1\n---\nb: 2\n", "not valid YAML"),
        (b"a: !!python/object/apply:os.system [id]", "not valid YAML"),
        (b"a: \x07", "not valid YAML"),
        (b"a: .inf", "JSON does not have"),
        (b"a: .nan", "JSON does not have"),
        (b"a: 2026-02-31", "JSON does not have"),
        (b"2026-11-23: a", "JSON does not have"),
        (b"? [a, b]\n: c", "not valid YAML"),
        (b"a: 0x" + b"f" * 5000, "JSON does not have"),
        (b"", "empty"),
        (b"\xff", "not UTF-8"),
    ],
    ids=beginning,
)
def test_bad_yaml_says_why_and_never_unfolds(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_document(content, "a.yaml")
