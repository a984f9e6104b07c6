"""Two sets compared, checked against a second implementation that was written from the contract's words alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.changes import Aspect, CapturedItem, Change, Changes, compared, wanted_copies, with_a_digest_on_one_side
from tests.health.making import an_item

Kept = tuple[CapturedItem, str | None]
"""An item and its content; None if it was not kept."""


def captured(
    number: int = 1,
    *,
    digest: str | None = "sha256:1",
    assignments: str | None = "[]",
    content: str | None = None,
    **columns: Any,
) -> Kept:
    return CapturedItem(an_item(number, payload_digest=digest, **columns), assignments), content


def compare(before: Sequence[Kept], after: Sequence[Kept]) -> Changes:
    """The comparison as the product does it: content is read of items without a digest, and as far as it asks."""
    both = (*before, *after)
    contents = {each.item.id: content for each, content in both if content is not None}
    one, other = [each for each, _ in before], [each for each, _ in after]
    read = {each.item.id for each, _ in both if each.item.payload_digest is None}
    read.update(with_a_digest_on_one_side(one, other))
    return compared(one, other, {item_id: contents[item_id] for item_id in read if item_id in contents})


def renumbered(items: Sequence[Kept], first: int) -> list[Kept]:
    """Items of another set have other ids."""
    return [
        (each._replace(item=each.item._replace(id=first + place)), content)
        for place, (each, content) in enumerate(items)
    ]


# The second implementation


def families_by_words(item: Any) -> list[str]:
    found = []
    if item.capture_mode not in ("full", "metadata_only"):
        found.append("unknown_quality")
    if item.capture_mode == "metadata_only":
        found.append("metadata_only")
    if item.assignments_state not in (None, "captured", "unassigned"):
        found.append("assignments_not_captured")
    if item.orphaned_assignments > 0:
        found.append("orphaned_assignments")
    if item.integrity_warning is not None:
        found.append("integrity_warning")
    return found


def by_value(content: str | None) -> object:
    """JSON as a value in which `true` is not 1."""

    def told_apart(value: object) -> object:
        if isinstance(value, dict):
            return {key: told_apart(each) for key, each in value.items()}
        if isinstance(value, list):
            return [told_apart(each) for each in value]
        return ("boolean", value) if isinstance(value, bool) else value

    return None if content is None else (told_apart(json.loads(content)),)


def expected(before: Sequence[Kept], after: Sequence[Kept]) -> dict[str, Any]:
    totals = {"added": 0, "gone": 0, "changed": 0, "unchanged": 0, "not_comparable": 0}
    listed: dict[str, list[tuple[str, str, str, tuple[str, ...]]]] = {
        "gone": [],
        "changed": [],
        "not_comparable": [],
        "added": [],
    }

    def note(change: str, item: Any, aspects: tuple[str, ...] = ()) -> None:
        totals[change] += 1
        if change != "unchanged":
            listed[change].append((item.policy_type, item.policy_identifier, item.display_name, aspects))

    for one, one_content in before:
        same = [kept for kept in after if kept[0].identity == one.identity]
        if not same:
            note("gone", one.item)
            continue
        ((other, other_content),) = same
        aspects = []
        comparable = True
        if one.item.payload_digest is not None and other.item.payload_digest is not None:
            if one.item.payload_digest != other.item.payload_digest:
                aspects.append("content")
        elif one_content is None or other_content is None:
            comparable = False
        elif by_value(one_content) != by_value(other_content):
            aspects.append("content")
        if (
            one.item.assignments_state != other.item.assignments_state
            or one.item.orphaned_assignments != other.item.orphaned_assignments
            or by_value(one.assignments) != by_value(other.assignments)
        ):
            aspects.append("assignments")
        if families_by_words(one.item) != families_by_words(other.item):
            aspects.append("quality")
        if aspects:
            note("changed", other.item, tuple(aspects))
        else:
            note("unchanged" if comparable else "not_comparable", other.item)
    for other, _ in after:
        if all(one.identity != other.identity for one, _ in before):
            note("added", other.item)
    return {"totals": totals, "items": [(change, *each) for change, items in listed.items() for each in sorted(items)]}


def in_words(found: Changes) -> dict[str, Any]:
    items = [
        (
            each.change.value,
            each.item.policy_type,
            each.item.policy_identifier,
            each.item.display_name,
            tuple(aspect.value for aspect in each.aspects),
        )
        for each in found.items
    ]
    return {"totals": found.totals._asdict(), "items": items}


TEXTS = st.sampled_from(
    [
        None,
        "{}",
        '{"a": 1, "b": true}',
        '{"b":true,"a":1.0}',
        '{"a": true, "b": 1}',
        "[1, 2]",
        "[2, 1]",
        "[1,2]",
        "null",
    ]
)
items = st.builds(
    lambda kind, name, display, mode, state, orphans, warning, digest, assignments, content: captured(
        1,
        policy_type=kind,
        policy_identifier=name,
        display_name=display,
        capture_mode=mode,
        assignments_state=state,
        orphaned_assignments=orphans,
        integrity_warning=warning,
        digest=digest,
        assignments=assignments,
        content=content,
    ),
    st.sampled_from(["Filters", "Roles"]),
    st.sampled_from(["a", "b", "c", ""]),
    st.sampled_from(["One", "Two"]),
    st.sampled_from(["full", "full", "full", "metadata_only", None, "odd"]),
    st.sampled_from(["captured", "captured", "unassigned", "failed", None]),
    st.sampled_from([0, 0, 0, 2]),
    st.sampled_from([None, None, None, "", "torn"]),
    st.sampled_from(["sha256:1", "sha256:1", "sha256:2", None, None]),
    TEXTS,
    TEXTS,
)
sets = st.lists(items, max_size=8, unique_by=lambda kept: kept[0].identity)


@given(before=sets, after=sets)
def test_it_finds_what_the_words_of_the_contract_say(before: list[Kept], after: list[Kept]) -> None:
    before, after = renumbered(before, 1), renumbered(after, 100)
    assert in_words(compare(before, after)) == expected(before, after)


@given(before=sets, after=sets, data=st.data())
def test_the_order_of_the_items_changes_nothing(before: list[Kept], after: list[Kept], data: st.DataObject) -> None:
    before, after = renumbered(before, 1), renumbered(after, 100)
    shuffled = compare(data.draw(st.permutations(before)), data.draw(st.permutations(after)))
    assert shuffled == compare(before, after)


@given(before=sets, after=sets)
def test_every_item_is_counted_once_and_backwards_gone_is_added(before: list[Kept], after: list[Kept]) -> None:
    before, after = renumbered(before, 1), renumbered(after, 100)
    found, backwards = compare(before, after).totals, compare(after, before).totals
    assert sum(found) == len({each.identity for each, _ in (*before, *after)})
    assert (found.added, found.gone) == (backwards.gone, backwards.added)
    assert found[2:] == backwards[2:]


# One by one


@pytest.mark.parametrize(
    ("before", "after", "aspects"),
    [
        ({}, {}, None),
        ({}, {"display_name": "Renamed"}, None),
        ({}, {"platform": "iOS"}, None),
        ({}, {"digest": "sha256:2"}, [Aspect.CONTENT]),
        # Two digests decide it, even if their content is kept or pruned.
        ({"content": "1"}, {"content": "2"}, None),
        ({"digest": None, "content": "1"}, {"digest": None, "content": "2"}, [Aspect.CONTENT]),
        ({"digest": None, "content": "1"}, {"content": "1.0"}, None),
        ({"digest": None, "content": '{"a":1,"b":2}'}, {"digest": None, "content": '{"b": 2, "a": 1}'}, None),
        ({"digest": None, "content": "true"}, {"digest": None, "content": "1"}, [Aspect.CONTENT]),
        ({"digest": None, "content": "torn {"}, {"digest": None, "content": "torn {"}, None),
        ({"digest": None, "content": "torn {"}, {"digest": None, "content": "torn  {"}, [Aspect.CONTENT]),
        ({}, {"assignments_state": "unassigned"}, [Aspect.ASSIGNMENTS]),
        ({}, {"assignments_state": None}, [Aspect.ASSIGNMENTS]),
        ({}, {"assignments_state": "failed"}, [Aspect.ASSIGNMENTS, Aspect.QUALITY]),
        ({"orphaned_assignments": 1}, {"orphaned_assignments": 2}, [Aspect.ASSIGNMENTS]),
        ({}, {"assignments": None}, [Aspect.ASSIGNMENTS]),
        ({"assignments": "null"}, {"assignments": None}, [Aspect.ASSIGNMENTS]),
        ({}, {"assignments": "[ ]"}, None),
        ({}, {"capture_mode": "metadata_only"}, [Aspect.QUALITY]),
        # Another unknown word, another warning: the families are the same.
        ({"capture_mode": None}, {"capture_mode": "odd"}, None),
        ({"integrity_warning": ""}, {"integrity_warning": "torn"}, None),
        (
            {},
            {"digest": "sha256:2", "assignments_state": "excluded"},
            [Aspect.CONTENT, Aspect.ASSIGNMENTS, Aspect.QUALITY],
        ),
    ],
)
def test_the_aspects_of_a_changed_item(before: Any, after: Any, aspects: list[Aspect] | None) -> None:
    found = compare([captured(1, **before)], renumbered([captured(1, **after)], 100))
    assert [(each.change, list(each.aspects)) for each in found.items] == (
        [] if aspects is None else [(Change.CHANGED, aspects)]
    )
    assert found.totals.unchanged == (aspects is None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((None, None), (None, None)),
        ((None, "1"), (None, None)),
        ((None, None), ("sha256:1", "1")),
        (("sha256:1", None), (None, "1")),
    ],
)
def test_content_that_was_not_kept_is_never_unchanged(
    before: tuple[str | None, str | None], after: tuple[str | None, str | None]
) -> None:
    one = captured(1, digest=before[0], content=before[1])
    (other,) = renumbered([captured(1, digest=after[0], content=after[1])], 100)
    found = compare([one], [other])
    assert [(each.change, each.aspects) for each in found.items] == [(Change.NOT_COMPARABLE, ())]
    # If something else differs, that is the aspect.
    degraded = (other[0]._replace(item=other[0].item._replace(capture_mode="metadata_only")), other[1])
    assert [each.aspects for each in compare([one], [degraded]).items] == [(Aspect.QUALITY,)]


def test_content_of_a_digest_is_read_if_the_other_set_has_none() -> None:
    before = [captured(1), captured(2, digest=None), captured(3), captured(4, digest=None)]
    after = renumbered([captured(1), captured(2), captured(3, digest=None), captured(5, digest=None)], 100)
    assert with_a_digest_on_one_side([each for each, _ in before], [each for each, _ in after]) == [101, 3]


# The items that need a last good copy


@given(basis=sets, reference=sets)
def test_degraded_items_and_items_of_the_reference_need_a_copy(basis: list[Kept], reference: list[Kept]) -> None:
    in_basis, in_reference = ([each.item for each, _ in items] for items in (basis, reference))
    wanted: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    for item in in_reference:
        wanted[item.policy_type, item.policy_identifier] = (item.display_name, ())
    for item in in_basis:
        wanted.pop((item.policy_type, item.policy_identifier), None)
        if families := families_by_words(item):
            wanted[item.policy_type, item.policy_identifier] = (item.display_name, tuple(families))
    found = wanted_copies(in_basis, in_reference)
    assert [tuple(each) for each in found] == [(*identity, *wanted[identity]) for identity in sorted(wanted)]
