"""Numbers on the command line that no network and no generator can take are usage errors."""

from __future__ import annotations

import click
import pytest

from mien.cli.support.numbers import COUNT, SEED, THREADS, Finite


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
