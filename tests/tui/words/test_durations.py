"""Durations: accepted ones, refused ones, and a printed one is read back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.words.durations import LONGEST, format_duration, format_span, parse_duration

WHOLE_SECONDS = st.integers(0, int(LONGEST.total_seconds())).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("0d0h0m0s", 0),
        ("1s", 1),
        ("90s", 90),
        ("5m", 300),
        ("60m", 3_600),
        ("24h", 86_400),
        ("1h30m", 5_400),
        ("2d", 172_800),
        ("1d2h3m4s", 93_784),
        ("1d4s", 86_404),
        ("3d 4h", 273_600),
        (" 24 h ", 86_400),
        ("007m", 420),
        ("3650d", 315_360_000),
        ("315360000s", 315_360_000),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "h",
        "24",
        "00",
        "-5m",
        "+5m",
        "1.5h",
        "24H",
        "30m1h",
        "5m5m",
        "1w",
        "24h.",
        "x24h",
        "1h\n",
        "\t1h",
        "٣h",
        "P1D",
    ],
)
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^a duration is whole numbers with units, the biggest first, such as .* 90s$"
    ):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3650d1s", "3651d", "315360001s", "99999999999999999999d"])
def test_more_than_ten_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a duration is at most 3650d$"):
        parse_duration(text)


def test_a_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(ValueError, match="a duration") as refused:
        parse_duration("postgresql://u:s3cret@h/db")
    assert "s3cret" not in str(refused.value)


def test_a_long_text_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        parse_duration("1d" + " " * 1_000_000 + "x")
    with pytest.raises(ValueError, match="whole numbers"):
        parse_duration("9" * 1_000_000 + "d")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0"),
        (timedelta(seconds=1), "1s"),
        (timedelta(seconds=30), "30s"),
        (timedelta(minutes=1), "60s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=1), "60m"),
        (timedelta(minutes=90), "90m"),
        (timedelta(minutes=99), "99m"),
        (timedelta(minutes=100), "1h40m"),
        (timedelta(hours=6), "6h"),
        (timedelta(hours=24), "24h"),
        (timedelta(hours=26), "26h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=365), "365d"),
        (timedelta(hours=1, seconds=1), "1h1s"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4), "1d2h3m4s"),
    ],
)
def test_a_duration_is_written(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@given(WHOLE_SECONDS)
def test_a_written_duration_is_read_back(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("duration", [timedelta(seconds=-1), timedelta(seconds=1.5), timedelta(microseconds=-1)])
def test_a_duration_that_cannot_be_written_is_refused(duration: timedelta) -> None:
    with pytest.raises(ValueError, match="whole seconds and not negative"):
        format_duration(duration)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0s"),
        (timedelta(microseconds=999_999), "0s"),
        (timedelta(microseconds=-999_999), "0s"),
        (timedelta(seconds=12), "12s"),
        (timedelta(seconds=59, microseconds=999_999), "59s"),
        (timedelta(seconds=60), "1m"),
        (timedelta(minutes=5, seconds=59), "5m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=1), "1h"),
        (timedelta(hours=2, seconds=59), "2h"),
        (timedelta(hours=5, minutes=10), "5h 10m"),
        (timedelta(hours=23, minutes=59, seconds=59), "23h 59m"),
        (timedelta(days=1), "1d"),
        (timedelta(days=3, minutes=59), "3d"),
        (timedelta(days=3, hours=4, minutes=59), "3d 4h"),
        (timedelta(days=4_000, hours=1), "4000d 1h"),
        (-timedelta(seconds=12), "-12s"),
        (-timedelta(days=3, hours=4, minutes=59), "-3d 4h"),
    ],
)
def test_a_span_in_words(span: timedelta, words: str) -> None:
    assert format_span(span) == words


@given(WHOLE_SECONDS)
def test_a_span_in_words_is_rounded_down_by_less_than_its_unit(span: timedelta) -> None:
    lost = span - parse_duration(format_span(span))
    assert timedelta(0) <= lost < (timedelta(hours=1) if span >= timedelta(days=1) else timedelta(minutes=1))


@given(st.timedeltas())
def test_every_span_has_words_and_a_negative_one_has_the_same(span: timedelta) -> None:
    words = format_span(span)
    assert len(words.split()) <= 2
    if span < timedelta(0):
        assert words.removeprefix("-") == format_span(-span)
