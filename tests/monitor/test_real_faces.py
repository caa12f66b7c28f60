"""From real portraits to a day's sentence: what the classifier says is what is charted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mien.monitor.days import day_values
from mien.monitor.detection import Chart
from mien.monitor.hours import Observations, hours_of
from mien.monitor.trend import trend
from mien.pipeline import Recognizer
from tests.support import sample

WINDOW_S, A_DAY = 10, 360
DAYS, CHANGED = 50, 38


@pytest.fixture(scope="module")
def probabilities() -> tuple[tuple[str, ...], np.ndarray]:
    """(portraits, labels) of three real faces, one of them not smiling."""
    recognizer = Recognizer()
    readings = [recognizer.image(sample.path_of(name))[0] for name in sample.NAMES]
    return readings[0].emotions.labels, np.array([r.emotions.probs for r in readings])


def test_fewer_smiles_are_seen_and_said(
    probabilities: tuple[tuple[str, ...], np.ndarray],
) -> None:
    labels, probs = probabilities
    smiles = probs.argmax(axis=1) == labels.index("happiness")
    assert smiles.any() and not smiles.all()
    random = np.random.default_rng(0)
    share = np.clip(random.normal(0.3, 0.03, DAYS), 0, 1)
    share[CHANGED:] -= 0.15
    smiling = random.random((DAYS, A_DAY)) < share[:, None]
    shown = np.where(smiling, np.argmax(smiles), np.argmin(smiles)).reshape(-1)  # a portrait
    nine = 1_767_225_600_000 + 9 * 3_600_000
    starts = nine + np.add.outer(
        np.arange(DAYS) * 86_400_000, np.arange(A_DAY) * WINDOW_S * 1000 * 10
    )
    full = np.full(DAYS * A_DAY, float(WINDOW_S))
    means = {label: probs[shown, n] for n, label in enumerate(labels)}
    means["smiling"] = smiles[shown].astype(float)
    rows = Observations(starts.reshape(-1), np.zeros(len(full), np.int64), full, full, full,
                        np.zeros(len(full)), means)  # fmt: skip
    days = day_values(hours_of(rows))
    found = trend(days, "smiling", Chart())
    plain = smiles[shown].reshape(DAYS, A_DAY).mean(axis=1)
    assert found.value == pytest.approx(plain, abs=0.01)
    assert not found.alarm[:CHANGED].any() and found.alarm[CHANGED + 5 :].all()
    assert re.fullmatch(r"smiled 1\d % of the time, usually (29|30|31) %", found.says(DAYS - 1))
    total = sum(days.values[label] for label in labels)
    assert total == pytest.approx(1, abs=1e-5)  # shares of what the face showed
