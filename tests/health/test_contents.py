"""Two contents side by side: the differences, the matching of parts, and fields that are left out on demand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.contents import SURROUNDINGS, ContentDifferences, LineKind, differences, indented, same_content

scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, "a", "", "…"]))
keys = st.sampled_from(["id", "name", "settings", "version", "a"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def shown(before: Any, after: Any, **options: bool) -> ContentDifferences:
    return differences(json.dumps(before), json.dumps(after), **options)


def lines(found: ContentDifferences) -> list[tuple[LineKind, str | None, str | None]]:
    """The differing lines, without their surroundings."""
    return [
        (line.kind, line.before, line.after)
        for part in found.parts
        for line in part.lines
        if line.kind is not LineKind.SAME
    ]


@given(before=values, after=values)
def test_there_are_differences_if_the_contents_are_not_the_same(before: Any, after: Any) -> None:
    found = shown(before, after)
    assert (not found.parts) is same_content(json.dumps(before), json.dumps(after))
    assert found.left_out == 0


@given(before=values, after=values)
def test_nothing_differs_without_being_shown_or_counted(before: Any, after: Any) -> None:
    found = shown(before, after, with_meaningless=False)
    assert (bool(found.parts) or found.left_out > 0) is not same_content(json.dumps(before), json.dumps(after))


@given(before=values, after=values)
def test_each_part_has_a_difference_and_little_around_it(before: Any, after: Any) -> None:
    for part in shown(before, after).parts:
        kinds = [line.kind is LineKind.SAME for line in part.lines]
        assert not all(kinds)
        assert kinds.index(False) <= SURROUNDINGS
        assert kinds[::-1].index(False) <= SURROUNDINGS
        for line in part.lines:
            assert (line.before is None) is (line.kind in (LineKind.ADDED,) or line.before is None)
            assert line.before is not None or line.after is not None


@given(content=values, indent=st.sampled_from([None, 1, 4]))
def test_the_same_value_written_otherwise_is_the_same(content: Any, indent: int | None) -> None:
    assert same_content(json.dumps(content), json.dumps(content, indent=indent, sort_keys=True))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("1", "1.0", True),
        ("1e2", "100", True),
        ("1e-400", "0", False),
        ("1e-400", "0.1e-399", True),
        ("0.1000000000000000000001", "0.1", False),
        ("1e99999999999999999999", "1e99999999999999999998", False),
        ("true", "1", False),
        ("[true]", "[1]", False),
        ("0", "false", False),
        ("null", '"null"', False),
        ("[1, 2]", "[2, 1]", False),
        ('{"a": 1, "a": 2}', '{"a": 2}', True),
        ("9007199254740993", "9007199254740992", False),
        ("", "", True),
        ("", "null", False),
        ("[" * 100_000, "[" * 100_000 + " ", False),
        ("1" * 5000, "1" * 5000, True),
        ("1" * 5000, " " + "1" * 5000, False),
    ],
)
def test_by_value(before: str, after: str, same: bool) -> None:
    assert same_content(before, after) is same


def test_only_differences_with_their_surroundings() -> None:
    before = {f"field {number:02}": number for number in range(40)}
    found = shown(before, {**before, "field 20": "other"})
    (part,) = found.parts
    assert part.path == ("field 20",)
    assert [(line.depth, line.before, line.after) for line in part.lines] == [
        (1, '"field 17": 17', '"field 17": 17'),
        (1, '"field 18": 18', '"field 18": 18'),
        (1, '"field 19": 19', '"field 19": 19'),
        (1, '"field 20": 20', '"field 20": "other"'),
        (1, '"field 21": 21', '"field 21": 21'),
        (1, '"field 22": 22', '"field 22": 22'),
        (1, '"field 23": 23', '"field 23": 23'),
    ]


@pytest.mark.parametrize(("apart", "parts"), [(1, 1), (7, 1), (8, 2)])
def test_surroundings_that_meet_are_one_part(apart: int, parts: int) -> None:
    before = {f"field {number:02}": number for number in range(40)}
    found = shown(before, {**before, "field 10": "other", f"field {10 + apart}": "other"})
    assert len(found.parts) == parts


def test_gone_and_added_lines_stand_on_one_side_only() -> None:
    found = shown({"a": 1, "gone": {"deep": [1]}}, {"a": 1, "added": "x"})
    assert lines(found) == [
        (LineKind.GONE, '"gone": {', None),
        (LineKind.GONE, '"deep": [', None),
        (LineKind.GONE, "1", None),
        (LineKind.GONE, "]", None),
        (LineKind.GONE, "}", None),
        (LineKind.ADDED, None, '"added": "x"'),
    ]


@pytest.mark.parametrize("identity", ["id", "name", "settingDefinitionId"])
def test_objects_in_an_array_are_matched_by_their_names(identity: str) -> None:
    one, two, three = ({identity: name, "value": 1} for name in ("one", "two", "three"))
    found = shown({"settings": [one, two]}, {"settings": [three, one, {**two, "value": 2}]})
    assert lines(found) == [
        (LineKind.CHANGED, '"value": 1', '"value": 2'),
        (LineKind.ADDED, None, "{"),
        (LineKind.ADDED, None, f'"{identity}": "three"'),
        (LineKind.ADDED, None, '"value": 1'),
        (LineKind.ADDED, None, "}"),
    ]
    assert found.parts[0].path == ("settings", "two", "value")


def test_a_wrapped_and_numbered_setting_is_matched_by_definition() -> None:
    def wrapped(place: int, name: str, value: int) -> Any:
        return {"id": str(place), "settingInstance": {"settingDefinitionId": name, "value": value}}

    found = shown(
        [wrapped(0, "a", 1), wrapped(1, "b", 2)], [wrapped(0, "new", 0), wrapped(1, "a", 1), wrapped(2, "b", 3)]
    )
    assert (LineKind.CHANGED, '"value": 2', '"value": 3') in lines(found)
    assert (LineKind.CHANGED, '"value": 1', '"value": 0') not in lines(found)


def test_another_order_is_a_difference() -> None:
    one, two = {"id": "x"}, {"id": "y"}
    assert lines(shown([one, two], [two, one])) == [(LineKind.REORDERED, "[", "[")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["a", "b"], ["x", "a", "b"]),
        # Two with one name, or one without a name, cannot be matched by name.
        ([{"id": "a"}, {"id": "a", "v": 1}], [{"id": "x"}, {"id": "a"}, {"id": "a", "v": 1}]),
        ([{"id": "a"}, {}], [{"id": "x"}, {"id": "a"}, {}]),
        ([{"id": 7}, {"id": 8}], [{"id": 9}, {"id": 7}, {"id": 8}]),
    ],
)
def test_else_by_position(before: Any, after: Any) -> None:
    changed = lines(shown(before, after))[0]
    assert changed[0] is LineKind.CHANGED


@pytest.mark.parametrize("field", ["version", "lastModifiedDateTime", "@odata.etag", "createdDateTime"])
def test_fields_without_meaning_are_left_out_on_demand_and_counted(field: str) -> None:
    before, after = {field: 1, "deep": [{field: "x"}], "a": 1}, {field: 2, "deep": [{}], "a": 2}
    assert len(lines(shown(before, after))) == 3
    hidden = shown(before, after, with_meaningless=False)
    assert lines(hidden) == [(LineKind.CHANGED, '"a": 1', '"a": 2')]
    assert hidden.left_out == 2


def test_content_that_is_not_json_is_compared_as_a_line_of_text() -> None:
    assert lines(differences("torn {", "{}")) == [(LineKind.CHANGED, '"torn {"', '"{}"')]
    deep = "[" * 100_000
    assert [line[0] for line in lines(differences(deep, "{}"))] == [LineKind.CHANGED]
    nested: Any = 1
    for _ in range(900):
        nested = [nested]
    assert [line[0] for line in lines(differences(json.dumps(nested), json.dumps([nested])))]


@pytest.mark.parametrize("number", ["1e-400", "1.50", "0.12345678901234567890123", "-0.0", "1E5"])
def test_a_number_is_shown_as_it_was_written(number: str) -> None:
    content = f'{{"a": [{number}, {{}}, [], "\u00e9"], "b": {{"c": true}}}}'
    assert indented(content) == (
        f'{{\n  "a": [\n    {number},\n    {{}},\n    [],\n    "\u00e9"\n  ],\n  "b": {{\n    "c": true\n  }}\n}}'
    )
    assert "\\u00e9" in indented(content, ascii_only=True)
    (part,) = differences(content, content.replace(number, "7")).parts
    assert [(line.before, line.after) for line in part.lines if line.kind is LineKind.CHANGED] == [(number, "7")]


@given(content=values, ascii_only=st.booleans())
def test_content_is_indented_as_json_is(content: Any, ascii_only: bool) -> None:
    expected = json.dumps(content, indent=2, ensure_ascii=ascii_only)
    assert indented(json.dumps(content), ascii_only=ascii_only) == expected


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "1" * 5000])
def test_content_that_is_not_json_stays_unchanged(content: str) -> None:
    assert indented(content) == content
