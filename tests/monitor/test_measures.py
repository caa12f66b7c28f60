from __future__ import annotations

import re

import numpy as np
import pytest

from mien.errors import UnknownNameError
from mien.labels import AFFECTNET8
from mien.monitor.measures import MEASURES, measure


def test_every_expression_and_what_the_issue_names() -> None:
    others = {"smiling", "expressivity", "changes", "coverage", "speaking", "valence", "arousal"}
    assert set(MEASURES) == {*AFFECTNET8, *others}
    assert all(each.name == name for name, each in MEASURES.items())


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'smiling'"):
        measure("smilling")


@pytest.mark.parametrize("name", MEASURES)
def test_the_charted_scale_can_be_taken_back(name: str) -> None:
    values = np.array([0.0, 0.03, 0.5, 1.0, np.nan])
    kind = measure(name)
    assert kind.uncharted(kind.charted(values)) == pytest.approx(values, nan_ok=True)
    assert (np.diff(kind.charted(values)[:-1]) > 0).all()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_shares_vary_alike_on_the_charted_scale(share: float) -> None:
    """The standard deviation of arcsin √p of n draws is about 1 / (2 √n), whatever the share."""
    drawn = np.random.default_rng(0).binomial(400, share, 20_000) / 400
    assert measure("smiling").charted(drawn).std() == pytest.approx(1 / 40, rel=0.05)


def test_words() -> None:
    smiling = measure("smiling")
    assert smiling.says(0.08, 0.15) == "smiled 8 % of the time, usually 15 %"
    assert smiling.says(0.004, 0) == "smiled 0.4 % of the time, usually 0 %"
    assert measure("changes").says(3.14, 12.4) == (
        "the expression changed 3.1 times a minute, usually 12 times a minute"
    )
    assert "no value" in measure("valence").says(float("nan"), 0.1)


@pytest.mark.parametrize("name", MEASURES)
def test_no_sentence_says_what_somebody_felt(name: str) -> None:
    """What a face showed, never "is sad"; no judgement either."""
    text = measure(name).says(0.1, 0.2)
    assert not re.search(r"\b(is|was|feels?|felt) (sad|happy|angry|afraid)\b", text)
    assert not re.search(r"\b(feel|felt|mood|better|worse|depress)", text)
