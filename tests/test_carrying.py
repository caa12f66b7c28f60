from __future__ import annotations

import pytest

from mien.carrying import CarriedReadings
from mien.errors import ConfigError
from mien.types import Box, EmotionScores, Face, Reading


def face(track: int | None, x: float = 0.0) -> Face:
    return Face(Box(x, 0, x + 10, 10), track_id=track)


def reading(one: Face, happy: float) -> Reading:
    return Reading(one, EmotionScores(("happiness", "fear"), (happy, 1 - happy)))


def is_left(one: Face) -> bool:
    return one.box.x1 < 50


@pytest.mark.parametrize(("rate", "expected"), [(30, 10), (60, 10), (25, 25 / 3), (10, 10), (4, 4)])
def test_a_person_is_due_by_time_whatever_the_rate(rate: int, expected: float) -> None:
    carried = CarriedReadings(0.1)
    # A container that counts in milliseconds.
    due = [len(carried.due([face(1)], round(n / rate, 3), is_left)) for n in range(rate * 3)]
    assert sum(due) / 3 == pytest.approx(expected, abs=0.4)


def test_without_a_time_every_face_is_due_in_every_frame() -> None:
    carried = CarriedReadings(0)
    for n in range(3):
        faces = [face(1), face(None, 20)]
        assert carried.due(faces, n / 1000, is_left) == faces


def test_who_is_new_or_nobody_yet_is_due_at_once() -> None:
    carried = CarriedReadings(0.1)
    assert carried.due([face(1)], 0.0, is_left) == [face(1)]
    assert carried.due([face(1), face(2), face(None)], 0.02, is_left) == [face(2), face(None)]
    assert carried.due([face(1), face(2), face(None)], 0.04, is_left) == [face(None)]
    assert carried.due([face(1), face(2)], 0.1, is_left) == [face(1)]  # each in its own time
    assert carried.due([face(2)], 5.0, is_left) == [face(2)]  # who was away


def test_who_is_usable_again_is_due_unless_what_is_known_is_of_a_usable_face() -> None:
    carried = CarriedReadings(1.0)
    # x from 50 on is not usable.
    shown = ((60, 0.0, 1), (70, 0.1, 0), (10, 0.2, 1), (20, 0.3, 0), (60, 0.4, 0), (10, 0.5, 0))
    for x, time_s, expected in shown:
        assert len(carried.due([face(1, x)], time_s, is_left)) == expected
    assert not carried.due([face(1)], 1.19, is_left)  # a second from the later reading on
    assert carried.due([face(1, 60)], 1.2, is_left)


def test_the_last_answers_are_carried_to_the_face_as_it_is_now() -> None:
    carried = CarriedReadings(0.1)
    for x, time_s in ((0, 0.0), (60, 0.04), (10, 0.08), (5, 0.12)):
        carried.due([face(1, x), face(None, 30)], time_s, is_left)  # frames ahead of their results
    steadied: list[Reading] = []

    def steady(one: Reading) -> Reading:
        steadied.append(one)
        return Reading(one.face, one.emotions, usable=one.usable, raw=one, held="fear")

    def complete(time_s: float, *own: Reading) -> tuple[Reading, ...]:
        return carried.complete(own, time_s, steady)

    nobody = reading(face(None, 30), 0.5)
    first, _ = complete(0.0, reading(face(1), 0.9), nobody)
    second, other = complete(0.04, nobody)
    assert (first.carried, first.usable, other.carried) == (False, True, False)
    assert second.carried and second.raw is not None and second.raw.carried
    assert (second.face, second.raw.face) == (face(1, 60), face(1, 60))
    assert (second.usable, second.raw.usable) == (False, False)
    assert (second.emotions, second.expression) == (first.emotions, "fear")
    assert complete(0.08, nobody)[0].face == face(1, 10)
    last, _ = complete(0.12, reading(face(1, 5), 0.1), nobody)
    assert not last.carried and last.emotions.probs == (0.1, 0.9)
    assert [one.face.track_id for one in steadied] == [1, None, None, None, 1, None]
    assert first.to_dict().get("carried") is None and second.to_dict()["carried"] is True


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
def test_times_out_of_range(seconds: float) -> None:
    with pytest.raises(ConfigError, match="classify_every must be 0 seconds or more"):
        CarriedReadings(seconds)
