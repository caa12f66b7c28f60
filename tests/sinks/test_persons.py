from __future__ import annotations

from dataclasses import replace

import pytest

from mien.sinks.persons import Persons
from mien.types import Result
from tests.support.results import make_reading


def frame(time_s: float, persons: dict[int | None, str], source: str = "v.mp4") -> Result:
    readings = []
    for track_id, label in persons.items():
        reading = make_reading(label)
        readings.append(replace(reading, face=replace(reading.face, track_id=track_id)))
    return Result(tuple(readings), 100, 80, source, 0, time_s)


def test_frames_count_until_the_next_begins() -> None:
    """A variable rate: half a second of neutral in one frame, happiness in four."""
    persons = Persons()
    for time_s, label in ((0, "neutral"), (0.5, "happiness"), (0.6, "happiness"),
                          (0.7, "happiness"), (0.8, "happiness")):  # fmt: skip
        persons.add(frame(time_s, {1: label}))
    (person,) = persons.all()
    assert (person.source, person.track_id, person.first_s) == ("v.mp4", 1, 0)
    assert person.last_s == pytest.approx(0.9) and person.seen_s == pytest.approx(0.9)
    assert person.shown == pytest.approx({"neutral": 0.5, "happiness": 0.4})
    assert person.shares() == [
        ("neutral", pytest.approx(5 / 9)),
        ("happiness", pytest.approx(4 / 9)),
    ]
    assert person.longest == ("neutral", 0, 0.5)


def test_a_stretch_ends_where_the_person_or_the_expression_does() -> None:
    shown = ["n", "n", "", "n", "n", "n", "h", "n", "n", "n", "n"]
    names = {"n": "neutral", "h": "happiness"}
    persons = Persons()
    for second, letter in enumerate(shown):
        persons.add(frame(second, {3: names[letter]} if letter else {}))
    (person,) = persons.all()
    assert person.longest == ("neutral", 7, 4)
    assert person.seen_s == 10 and (person.first_s, person.last_s) == (0, 11)


def test_every_video_has_persons_of_its_own() -> None:
    persons = Persons()
    for source in ("a.mp4", "b.mp4"):
        for second in range(3):
            found = {1: "neutral", 2: "anger"} if source == "b.mp4" else {1: "happiness"}
            persons.add(frame(second, {**found, None: "neutral"}, source))
    found = persons.all()
    assert [(p.source, p.track_id, p.seen_s) for p in found] == [
        ("a.mp4", 1, 3), ("b.mp4", 1, 3), ("b.mp4", 2, 3),
    ]  # fmt: skip
    assert persons.all() == found  # asked again


def test_usable_seconds_are_counted() -> None:
    persons = Persons()
    for time_s, usable in ((0.0, True), (1.0, None), (4.0, False), (9.0, True), (10.0, True)):
        result = frame(time_s, {1: "neutral"})
        readings = tuple(replace(reading, usable=usable) for reading in result)
        persons.add(replace(result, readings=readings))
    (person,) = persons.all()
    assert (person.seen_s, person.usable_s) == (11, 3)
    assert person.usable_share == pytest.approx(3 / 11)


def test_a_single_frame_has_no_length() -> None:
    persons = Persons()
    persons.add(frame(4, {1: "neutral"}))
    (person,) = persons.all()
    assert (person.seen_s, person.longest) == (0, ("neutral", 4, 0))
    assert person.shares() == [("neutral", 0)]
    assert Persons().all() == []
