from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import ConfigError, InputError
from mien.tracking.tracker import KEEP_S, Tracker
from mien.types import Box, Face
from tests.support.tracks import person


def numbers(faces: Sequence[Face]) -> list[int | None]:
    return [face.track_id for face in faces]


def scored(x: float, score: float) -> Face:
    return replace(person(None, x), score=score)


@pytest.mark.parametrize("rate", [3, 10, 60])
def test_people_keep_their_numbers_at_any_rate(rate: int) -> None:
    """Two walk towards each other and stay apart, one side of a face a second."""
    tracker = Tracker()
    for step in range(3 * rate):
        t = step / rate
        found = tracker.update([person(None, 100 + 40 * t), person(None, 400 - 40 * t)], t)
        assert numbers(found) == [1, 2]


def test_faces_come_back_as_they_were_in_their_order() -> None:
    tracker, first, second = Tracker(), person(None, 300), person(None, 100)
    tracker.update([second, first], 0)
    found = tracker.update([first, second], 0.1)
    assert numbers(found) == [2, 1]
    assert [replace(face, track_id=None) for face in found] == [first, second]


def test_who_passes_behind_another_keeps_the_number() -> None:
    """At 10 frames a second; while they overlap, only the nearer one is found."""
    tracker = Tracker()
    for step in range(41):
        t = step / 10
        near, far = person(None, 100 + 60 * t, 100), person(None, 340 - 60 * t, 104, 36)
        hidden = abs(near.box.center[0] - far.box.center[0]) < 25
        found = tracker.update([near] if hidden else [near, far], t)
        assert numbers(found) == ([1] if hidden else [1, 2])


def test_two_faces_of_a_frame_are_two_people() -> None:
    tracker = Tracker()
    tracker.update([person(None, 100)], 0)
    for step in range(1, 4):
        found = tracker.update([person(None, 100), person(None, 103)], step / 10)
        given = [number for number in numbers(found) if number is not None]
        assert len(given) == len(set(given))
    assert sorted(given) == [1, 2]


def test_a_false_alarm_of_one_frame_is_nobody() -> None:
    tracker = Tracker()
    tracker.update([person(None, 100)], 0)
    assert numbers(tracker.update([person(None, 100), person(None, 300)], 0.1)) == [1, None]
    tracker.update([person(None, 100)], 0.2)
    assert numbers(tracker.update([person(None, 100), person(None, 300)], 0.3)) == [1, None]
    assert numbers(tracker.update([person(None, 100), person(None, 300)], 0.4)) == [1, 2]


def test_a_person_is_remembered_for_a_while() -> None:
    for away, number in ((KEEP_S * 0.8, 1), (KEEP_S * 1.2, 2)):
        tracker = Tracker()
        tracker.update([person(None, 100), person(None, 300)], 0)
        for step in range(1, round(away * 10)):
            tracker.update([person(None, 300)], step / 10)
        tracker.update([person(None, 100), person(None, 300)], away)
        found = tracker.update([person(None, 100), person(None, 300)], away + 0.1)
        assert numbers(found)[0] == (1 if number == 1 else 3)


def test_a_long_gap_starts_anew() -> None:
    tracker = Tracker(keep_s=1)
    tracker.update([person(None, 100)], 0)
    assert numbers(tracker.update([person(None, 100)], 1)) == [1]
    assert numbers(tracker.update([person(None, 100)], 2.5)) == [2]


def test_unsure_faces_continue_tracks_and_start_none() -> None:
    tracker = Tracker(score_threshold=0.6)
    assert tracker.unsure_threshold == 0.3
    tracker.update([scored(100, 0.9)], 0)
    assert numbers(tracker.update([scored(101, 0.4), scored(300, 0.4)], 0.1)) == [1]
    assert numbers(tracker.update([scored(102, 0.4), scored(300, 0.4)], 0.2)) == [1]
    assert numbers(tracker.update([scored(103, 0.2)], 0.3)) == []
    assert numbers(tracker.update([scored(104, 0.4)], 0.4)) == [], "lost tracks need sure faces"
    assert numbers(tracker.update([scored(104, 0.7)], 0.5)) == [1]


def test_sure_faces_come_before_unsure_ones() -> None:
    tracker = Tracker(score_threshold=0.6)
    tracker.update([scored(100, 0.9)], 0)
    found = tracker.update([scored(100, 0.5), scored(106, 0.7)], 0.1)
    assert numbers(found) == [1] and found[0].score == 0.7


def test_a_cut_ends_every_track() -> None:
    tracker, faces = Tracker(), [person(None, 100)]
    dark, light = (np.full((200, 320, 3), grey, np.uint8) for grey in (20, 220))
    assert numbers(tracker.update(faces, 0, dark)) == [1]
    assert numbers(tracker.update(faces, 0.1, dark)) == [1]
    assert numbers(tracker.update(faces, 0.2, light)) == [2], "at once after a cut"


def test_another_size_of_the_frames_ends_every_track() -> None:
    tracker, faces = Tracker(), [person(None, 100)]
    large, small = (np.full((side, 320, 3), 99, np.uint8) for side in (240, 180))
    assert numbers(tracker.update(faces, 0, large)) == [1]
    assert numbers(tracker.update(faces, 0.1, large)) == [1]
    assert numbers(tracker.update(faces, 0.2, small)) == [2]
    assert numbers(tracker.update(faces, 0.3)) == [2], "without the frame nothing is known"
    assert numbers(tracker.update(faces, 0.4, small)) == [2]


def test_colours_tell_apart_who_places_do_not() -> None:
    """Two who are at one place in turn: a red face, and then a blue one."""
    image = np.full((200, 320, 3), 128, np.uint8)
    other = image.copy()
    image[80:120, 80:120] = (200, 40, 40)
    other[80:120, 80:120] = (40, 40, 200)
    for frame, expected in ((image, 1), (other, 2), (None, 1)):
        tracker = Tracker()
        tracker.update([person(None, 100)], 0, image)
        tracker.update([person(None, 100)], 0.1, frame)
        assert numbers(tracker.update([person(None, 100)], 0.2, frame)) == [expected]


def test_faces_without_landmarks() -> None:
    tracker = Tracker()
    for step in range(10):
        face = Face(Box(step * 4, 0, step * 4 + 40, 40))
        assert numbers(tracker.update([face], step / 10)) == [1]


def test_places_are_predicted_between_updates() -> None:
    tracker = Tracker()
    assert tracker.predict(0) == ()
    for step in range(10):
        tracker.update([person(None, 100 + 10 * step)], step / 10)
    (face,) = tracker.predict(1.05)
    assert face.track_id == 1 and face.landmarks is not None
    assert face.box.center[0] == pytest.approx(205, abs=1)
    assert face.landmarks[2][0] == pytest.approx(205, abs=1)
    assert tracker.predict(1.05) == (face,), "the tracker stays as it is"


def test_times_must_grow() -> None:
    tracker = Tracker()
    tracker.update([], 1)
    for time_s in (1, 0.5, float("nan"), float("inf")):
        with pytest.raises(InputError, match="later than"):
            tracker.update([], time_s)
        with pytest.raises(InputError, match="later than"):
            tracker.predict(time_s)
    with pytest.raises(InputError, match="number of seconds"):
        Tracker().update([], float("nan"))


def test_bad_input_is_refused_and_changes_nothing() -> None:
    tracker, nan = Tracker(), float("nan")
    tracker.update([person(None, 100)], 0)
    for face in (
        Face(Box(0, nan, 1, 1)),
        Face(Box(0, 0, 1, 1), nan),
        Face(Box(0, 0, 1, 1), 1.0, ((nan, 0),) * 5),
    ):
        with pytest.raises(InputError, match="finite"):
            tracker.update([face], 0.1)
    for image in (np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)):
        with pytest.raises(InputError, match="uint8"):
            tracker.update([], 0.1, image)
    assert numbers(tracker.update([person(None, 100)], 0.1)) == [1]


@pytest.mark.parametrize("options", [{"score_threshold": 2}, {"keep_s": -1}, {"keep_s": np.inf}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        Tracker(**options)


def test_memory_stays_flat() -> None:
    """People who come and go by the hundred leave nothing behind."""
    tracker = Tracker()
    for step in range(150):
        tracker.update([person(None, (step // 3 * 97) % 1000)], step / 5)
    assert len(tracker._tracks) < 10 + KEEP_S * 5
