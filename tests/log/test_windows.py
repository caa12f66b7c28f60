"""Windows, against values computed frame by frame with NumPy."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

pytest.importorskip("sqlalchemy")

from mien.log.windows import Observation, Sample, Windows

TEN = 10_000


def run(
    frames: list[tuple[int, dict[int, Sample], int]], hold_ms: int = 1000, window_ms: int = TEN
) -> list[Observation]:
    windows, found = Windows([1], window_ms, hold_ms), []
    for frame in frames:
        found += windows.add(*frame).get(1, [])
    return found + windows.end().get(1, [])


def test_means_variance_and_shares_are_those_of_numpy() -> None:
    random.seed(3)
    frames, table = [], []
    for number in range(100):
        probs = np.random.default_rng(number).dirichlet([1, 2, 3])
        usable = number % 4 != 0
        sample = Sample(
            usable, dict(zip("abc", probs.tolist(), strict=True)), "abc"[int(probs.argmax())],
            smiling=number % 3 == 0, speaking=number % 2 == 0, size=50 + number, light=number / 200,
        )  # fmt: skip
        frames.append((number * 100, {1: sample}, 3))
        table.append((usable, *probs, number % 3 == 0, number % 2 == 0))
    (found,) = run(frames)
    values = np.array(table, float)
    good = values[values[:, 0] == 1]
    assert (found.watched_s, found.seen_s) == pytest.approx((10, 10))
    assert found.usable_s == pytest.approx(7.5)
    assert list(found.probs.values()) == pytest.approx(good[:, 1:4].mean(axis=0))
    assert found.expressivity == pytest.approx(good[:, 1:4].var(axis=0).sum())
    assert found.smiling == pytest.approx(good[:, 4].mean())
    assert found.speaking == pytest.approx(values[:, 5].mean())
    assert (found.size, found.light) == pytest.approx((99.5, 0.2475))
    assert found.others == 2
    shown = [int(row[1:4].argmax()) for row in values]
    changes = sum(
        shown[n] != shown[n - 1] and values[n, 0] == values[n - 1, 0] == 1 for n in range(1, 100)
    )
    assert found.changes == changes > 5
    assert found.changes_a_minute == pytest.approx(changes / 7.5 * 60)


def test_frames_count_until_the_next_one_at_any_rate() -> None:
    """Random times: every second is in exactly one window, and none is invented."""
    for seed in range(30):
        chance = random.Random(seed)
        times = sorted(chance.sample(range(500, 95_000), 80))
        hold = 1500
        seen = [chance.random() < 0.6 for _ in times]
        frames = [(t, {1: Sample()} if s else {}, 1) for t, s in zip(times, seen, strict=True)]
        found = run(frames, hold)
        lengths = [min(b - a, hold) for a, b in itertools.pairwise(times)]
        lengths.append(lengths[-1])
        assert sum(one.watched_s for one in found) * 1000 == pytest.approx(sum(lengths))
        expected = sum(length for length, s in zip(lengths, seen, strict=True) if s)
        assert sum(one.seen_s for one in found) * 1000 == pytest.approx(expected)
        starts = [one.start_ms for one in found]
        assert starts == sorted(set(starts)) and all(start % TEN == 0 for start in starts)
        for one in found:  # each window holds what lies in it
            inside = sum(
                max(0, min(t + n, one.start_ms + TEN) - max(t, one.start_ms))
                for t, n in zip(times, lengths, strict=True)
            )
            assert one.watched_s * 1000 == pytest.approx(inside)


def test_a_window_comes_when_it_is_over() -> None:
    windows = Windows([1], TEN, 1000)
    came = [bool(windows.add(t, {}, 0)) for t in (0, 9_000, 9_999, 10_400, 10_900, 35_000)]
    assert came == [False, False, False, True, False, True]
    assert len(windows.end()[1]) == 1


def test_a_change_is_counted_only_from_one_frame_to_the_next() -> None:
    def shown(*words: str | None) -> Observation:
        frames = []
        for number, word in enumerate(words):
            sample = word and Sample(expression=word.strip("-"), usable="-" not in word)
            frames.append((number * 500, {1: sample} if isinstance(sample, Sample) else {}, 1))
        return run(frames)[0]

    assert shown("a", "b", "a", "a").changes == 2
    assert shown("a", None, "b").changes == 0
    assert shown("a", "b-", "a").changes == 0
    assert shown("a", "a", "b").changes == 1


def test_without_expressions_nothing_is_said_of_them() -> None:
    (found,) = run([(0, {1: Sample(smiling=True)}, 1), (500, {1: Sample(smiling=False)}, 1)])
    assert found.probs == {} and found.expressivity is None and found.changes is None
    assert found.smiling == pytest.approx(0.5)
    (unseen,) = run([(0, {}, 2)])
    assert unseen.seen_s == 0 and unseen.smiling is None and unseen.others == 2
