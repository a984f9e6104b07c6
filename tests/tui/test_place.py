"""A place of the screens in words: which options go together, and the command line for it."""

from __future__ import annotations

import shlex
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.quality import ITEM_FAMILIES
from tui.commands import cli
from tui.commands.options import place_of
from tui.place import ANY_FAMILY, FAMILIES, FLEET, POSTURES, ImpossiblePlace, ItemIdentity, Place
from tui.words.searched import STATES

ITEM = ItemIdentity("app", "a/b")


def said(words: list[str]) -> Place:
    """The place that the command line makes from these arguments."""
    return place_of(cli.make_context("tenantpilot", list(words)).params)


def test_the_words_are_those_of_the_product() -> None:
    assert tuple(STATES) == POSTURES
    assert (ANY_FAMILY, *(family.name for family in ITEM_FAMILIES)) == FAMILIES


@given(st.text(), st.text())
def test_an_item_is_named_exactly(policy_type: str, identifier: str) -> None:
    item = ItemIdentity(policy_type, identifier)
    assert ItemIdentity.of(str(item)) == item


def test_an_item_needs_its_type() -> None:
    with pytest.raises(ValueError, match="'x' has no /: write TYPE/IDENTIFIER"):
        ItemIdentity.of("x")


@pytest.mark.parametrize(
    "place",
    [
        FLEET,
        Place("-x; rm -rf"),
        Place("a", "backup_set", set=(7,), filter="-word other", family="metadata_only", item=ITEM),
        Place("a", "changes", set=(3, 7)),
        Place("a", "runs", schedule=0, set=(7,)),
        Place("a", "item_changes", set=(3, 7), item=ITEM, meaningful=True),
        Place("a", "changes", item=ITEM, posture="stale", filter="x"),
        Place(group="gold", posture="stale,degraded"),
        Place(group="gold", filter="-check", posture="follow-up", sort="goes-stale", stale_within=timedelta(hours=8)),
        Place(changed=True, cause='AADSTS7000222: the secret\'s "key" expired …'),
        Place(screen="causes"),
    ],
)
def test_a_shell_hands_a_place_on_as_it_is(place: Place) -> None:
    assert said(shlex.split(shlex.join(place.arguments()))).checked() == place


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (Place(screen="schedules"), "--screen needs --tenant"),
        (Place(set=(7,)), "--set needs --tenant"),
        (Place(item=ITEM), "--item needs --tenant"),
        (Place(schedule=7), "--schedule needs --tenant"),
        (Place(family="any"), "--family needs --tenant"),
        (Place("a", "causes"), "--screen causes shows the fleet"),
        (Place("a", "dashboard", set=(7,)), "--set does not go with --screen dashboard"),
        (Place("a", set=(7, 8)), "only --screen changes and item_changes compare two sets"),
        (Place("a", "changes", set=(7, 8, 9)), "--set is given"),
        (Place("a", "captured_item"), "--screen captured_item needs --item"),
        (Place("a", "schedules", item=ITEM), "--item does not go with --screen schedules"),
        (Place("a", "runs"), "--screen runs needs --schedule"),
        (Place("a", "changes", schedule=7), "--schedule does not go with --screen changes"),
        (Place("a", "changes", meaningful=True), "--meaningful does not go with --screen changes"),
        (Place(meaningful=True), "--meaningful needs --tenant"),
        (Place("a", "changes", family="any"), "--family does not go with --screen changes"),
    ],
)
def test_options_that_do_not_go_together_are_refused(place: Place, sentence: str) -> None:
    with pytest.raises(ImpossiblePlace) as refused:
        place.checked()
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("place", "screen"),
    [
        (FLEET, None),
        (Place("a"), "dashboard"),
        (Place("a", set=(7,)), "backup_set"),
        (Place("a", family="any"), "backup_set"),
        (Place("a", set=(7,), item=ITEM), "captured_item"),
        (Place("a", schedule=7), "runs"),
        (Place("a", "changes", set=(7,)), "changes"),
    ],
)
def test_the_options_say_which_screen(place: Place, screen: str | None) -> None:
    assert place.checked().named_screen() == screen


def test_options_override_a_view() -> None:
    view = Place(group="gold", posture="stale", sort="age", changed=True, set=(3,), schedule=4)
    assert Place(posture="absent", filter="").over(view) == view._replace(posture="absent", filter="")
    assert Place(set=(7, 8), schedule=0).over(view) == view._replace(set=(7, 8), schedule=0)
    assert FLEET.over(view) == view
    assert view.over(FLEET) == view
