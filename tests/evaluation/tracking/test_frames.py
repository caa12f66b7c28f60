from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.tracking.frames import compare_frames
from tests.support.tracks import person


def test_people_are_counted_from_zero() -> None:
    stream = compare_frames([([person(7, 50), person(3, 150)], [person(40, 150)]), ([], [])])
    first, second = stream.frames
    assert (stream.truths, stream.tracks) == (2, 1)
    assert first.truth.tolist() == [0, 1] and first.tracked.tolist() == [0]
    assert first.overlap.tolist() == [[0.0], [1.0]]
    assert second.overlap.shape == (0, 0)
    assert [counts.tolist() for counts in stream.counts()] == [[1, 1], [1]]


def test_faces_without_a_number_are_nobody_yet() -> None:
    stream = compare_frames([([person(1, 50)], [replace(person(1, 50), track_id=None)])])
    assert stream.tracks == 0 and stream.frames[0].overlap.shape == (1, 0)


def test_a_number_is_once_in_a_frame() -> None:
    with pytest.raises(InputError, match="same track_id"):
        compare_frames([([person(1, 50), person(1, 150)], [])])


def test_a_stream_without_frames() -> None:
    stream = compare_frames([])
    assert all(np.array_equal(counts, []) for counts in stream.counts())
