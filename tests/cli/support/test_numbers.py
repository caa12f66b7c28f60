"""Numbers on the command line that no network and no generator can take are usage errors."""

from __future__ import annotations

import click
import pytest

from mien.cli.support.numbers import COUNT, SEED, THREADS, Finite, Seconds


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (THREADS, ["1", "1024"], ["0", "1025", "9" * 20, "9" * 5000, "1.0", "x"]),
        (SEED, ["0", "4294967295"], ["-1", "4294967296", "9" * 400]),
        (COUNT, ["1", "1000000000"], ["0", "1000000001", "9" * 5000]),
        (Finite(0, 1), ["0", "0.5", "1"], ["nan", "inf", "-inf", "1e400", "1.1", "-0.1", "x"]),
    ],
)
def test_numbers(kind: click.ParamType, good: list[str], bad: list[str]) -> None:
    for text in good:
        assert kind.convert(text, None, None) == float(text)
    for text in bad:
        with pytest.raises(click.BadParameter):
            kind.convert(text, None, None)


def test_the_help_shows_no_limit_where_there_is_none() -> None:
    for number, limit in ((Finite(), None), (Finite(0, 1), "0<=x<=1")):
        option = click.Option(["--number"], type=number)
        shown = option.get_help_extra(click.Context(click.Command("command"))).get("range")
        assert (shown or None) == limit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("1:30", 90), ("0:01:30.25", 90.25), ("100:00", 6000)],
)
def test_times(text: str, seconds: float) -> None:
    assert Seconds().convert(text, None, None) == seconds
    assert Seconds().convert(seconds, None, None) == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "1:", ":1", "1:2:3:4", "nan", "1e3", "9" * 30, "٣", "1h"]
)
def test_what_is_not_a_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a time"):
        Seconds().convert(text, None, None)
