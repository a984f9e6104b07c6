"""Every listed source declares itself completely, under its listed name."""

from __future__ import annotations

import pytest

from health.sources.captured import CapturedSet
from health.sources.declaration import Asked, Option, Source
from health.sources.listed import SOURCES, source_named


@pytest.mark.parametrize("name", SOURCES)
def test_a_declaration_has_its_name_and_a_way_to_read(name: str) -> None:
    source = source_named(name)
    assert source.name == name
    assert any((source.folder, source.history, source.runs, source.lines))


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_of_folders_declares_its_instant_and_files(name: str) -> None:
    source = source_named(name)
    has_folder = source.folder is not None
    assert has_folder == (source.layout is not None) == bool(source.completed_help)


def test_an_unknown_source_is_an_error() -> None:
    with pytest.raises(KeyError):
        source_named("nothing")


def never(_: Asked) -> CapturedSet:
    raise AssertionError


def test_a_source_with_required_options_is_not_recorded() -> None:
    plain = Source("own", "Import.", "PATH", "The folder.", folder=never)
    assert plain.is_recorded
    assert plain._replace(options=(Option("edition", "text", "Which."),)).is_recorded
    assert not plain._replace(options=(Option("edition", "text", "Which.", required=True),)).is_recorded
    # The schedule has one.
    assert plain._replace(options=(Option("zone", "timezone", "Where.", required=True),)).is_recorded
    assert not plain._replace(folder=None).is_recorded


def test_options_that_are_not_given_are_off_or_none() -> None:
    options = (Option("edition", "text", "Which."), Option("strict", "flag", "How."))
    source = Source("own", "Import.", "PATH", "The folder.", options=options)
    assert source.options_not_given == {"edition": None, "strict": False}
