"""The group of a tenant, by its external id."""

from __future__ import annotations

import pytest

from tui.groups import Group, Groups
from tui.words.failures import SettingsError

GOLD, SILVER = Group("gold", ("*.bank.example", "contoso.example"), "ana"), Group("silver", ("shop[1]*",))


@pytest.mark.parametrize(
    ("external_id", "group"),
    [
        ("contoso.example", GOLD),
        ("Contoso.example", None),
        ("contoso.example ", None),
        ("x.contoso.example", None),
        ("a.bank.example", GOLD),
        (".bank.example", GOLD),
        ("two\nlines.bank.example", GOLD),
        ("bank.example", None),
        ("a-bank-example", None),
        ("shop[1].example", SILVER),
        ("shop1.example", None),
        ("", None),
    ],
)
def test_by_whole_ids_in_which_a_star_is_anything(external_id: str, group: Group | None) -> None:
    assert Groups([GOLD, SILVER]).of(external_id) == group


def test_a_tenant_in_two_groups_is_an_error_that_names_both() -> None:
    groups = Groups([GOLD, Group("night", ("contoso*",))])
    assert groups.of("a.bank.example") == GOLD
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"'contoso\.example' is in two groups, gold and night"):
            groups.of("contoso.example")


def test_without_groups_no_tenant_is_in_one() -> None:
    assert not Groups()
    assert Groups().of("contoso.example") is None
    assert Groups([GOLD, SILVER]).names == ("gold", "silver")
