from __future__ import annotations

import pytest

from mien.errors import ConfigError
from mien.labelling.label_keys import KEYS, parse_labels
from mien.labels import FERPLUS


def test_the_eight_expressions_by_default() -> None:
    assert parse_labels(None) == FERPLUS


def test_own_labels_stay_as_they_are_and_expressions_become_nouns() -> None:
    assert parse_labels("bored, pain ,drowsy") == ("bored", "pain", "drowsy")
    assert parse_labels("happy,sad") == ("happiness", "sadness")
    assert parse_labels("happy,bored") == ("happy", "bored")
    assert len(parse_labels(",".join("abcdefghij"))) == len(KEYS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bored", "1 label: give 2 to 10"),
        (",".join("abcdefghijk"), "11 labels"),
        ("a,,b", "1 to 40 characters, not 0"),
        ("a," + "b" * 41, "not 41"),
        ("happy,Happiness", "given twice"),
        ("Pain,pain", "given twice"),
        ("=1+1,pain", "begins like a formula"),
        ("a\u202eb,pain", "cannot be seen"),
    ],
)
def test_others_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse_labels(text)
