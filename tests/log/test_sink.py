"""What the sink stores, in both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.log import queries
from mien.log.database import Log
from mien.log.erasing import erase
from mien.log.opening import create_log
from mien.log.persons import withdraw_consent
from mien.log.shown import Region
from mien.log.sink import LogSink
from mien.log.times import DAY_MS, LiveClock, now_ms, parse_time
from mien.log.verifying import verify
from tests.log.conftest import enrol
from tests.support.logs import START_MS, frames, reading, record, recording, result, rows


def test_windows_of_one_person(any_log: Log) -> None:
    sink = record(any_log, frames(35, expression="happiness", prob=0.8), keep_readings=False)
    found = rows(any_log, "observations")
    assert [row["start_ms"] for row in found] == [START_MS + n * 10_000 for n in range(4)]
    assert [row["usable_s"] for row in found] == [10, 10, 10, 5]
    assert {row["happiness"] for row in found} == {0.8} and {row["smiling"] for row in found} == {1}
    assert {row["offset_min"] for row in found} == {120} and found[0]["contempt"] is None
    assert sink.windows == 4 and sink.usable_s == pytest.approx(35)
    (hour,) = rows(any_log, "hours")
    assert (hour["day"], hour["hour"]) == (START_MS // DAY_MS, 16)  # 14:13 in UTC
    assert hour["usable_s"] == pytest.approx(35) and hour["happiness"] == pytest.approx(0.8)
    (session,) = rows(any_log, "sessions")
    assert session["end_ms"] == START_MS + 34_900
    assert verify(any_log).problems == ()


def test_two_persons_in_their_regions_and_others_who_are_counted(log: Log) -> None:
    regions = {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 0.75, 1)}
    stream = [
        result(n / 10, reading("fear", at=20, track=1), reading("anger", at=220, track=2),
               reading("sadness", at=330, track=3))
        for n in range(100)
    ]  # fmt: skip
    record(log, stream, persons=regions)
    anna, ben = rows(log, "observations")
    assert (anna["fear"], anna["anger"]) == (ben["anger"], ben["fear"]) == (0.7, 0.05)
    assert anna["others"] == ben["others"] == 2
    places = {row["region"] for row in rows(log, "session_persons")}
    assert places == {"0,0,0.5,1", "0.5,0,0.75,1"}


def test_what_nobody_consented_to_is_not_stored(any_log: Log) -> None:
    with LogSink(any_log, recording()) as sink:
        for one in frames(25):
            sink.write(one)
        withdraw_consent(any_log, "anna")
        with pytest.raises(InputError, match="no consent is in force any more"):
            for one in frames(60)[250:]:
                sink.write(one)
    assert len(rows(any_log, "observations")) == 2
    with pytest.raises(InputError, match=r"'anna' cannot be recorded: consent was withdrawn"):
        record(any_log, frames(1), start_ms=START_MS + DAY_MS)
    assert verify(any_log).problems == ()


@pytest.mark.parametrize(
    ("start", "hours", "watched"),
    [
        ("2026-10-25T01:59:30+02:00", [(1, 30), (2, 7200), (3, 30)], 7260),  # put back at 3:00
        ("2026-03-29T01:59:30+01:00", [(1, 30), (3, 3600), (4, 30)], 3660),  # put forward at 2:00
    ],
)
def test_hours_when_clocks_change(
    tmp_path: Path, start: str, hours: list[tuple[int, int]], watched: int
) -> None:
    log = create_log(tmp_path / "log.db", window_s=900)  # few windows
    enrol(log)
    start_ms = parse_time(start, recording().zone)[0]
    stream = [result(30.0 * n, reading()) for n in range(watched // 30)]
    record(log, stream, start_ms=start_ms, hold_s=30, notes_gaps=False)
    assert [(row["hour"], row["watched_s"]) for row in rows(log, "hours")] == hours
    days = queries.days(log, "anna")
    assert len(days) == 1 and days.seconds["watched_s"][0] == watched


def test_midnight_parts_the_days(log: Log) -> None:
    start_ms = parse_time("2026-09-21T23:59:45", recording().zone)[0]
    record(log, frames(30), start_ms=start_ms)
    days = queries.days(log, "anna")
    assert days.seconds["usable_s"] == pytest.approx([15, 15])
    assert days.day[1] - days.day[0] == 1


def test_gaps_are_noted_and_not_watched(log: Log) -> None:
    stream = [result(t, reading()) for t in (0, 0.5, 1, 30, 30.5)]
    record(log, stream)
    (gap,) = queries.gaps(log, "anna", START_MS, START_MS + DAY_MS)
    assert (gap.start_ms - START_MS, gap.end_ms - START_MS) == (1000, 30_000)
    assert sum(row["watched_s"] for row in rows(log, "observations")) == pytest.approx(1.5 + 1)


def test_a_gap_within_a_window_leaves_it_one_window(log: Log) -> None:
    with LogSink(log, recording()) as sink:
        for time_s in (0, 0.5, 1, 7, 7.5):
            sink.write(result(time_s, reading()))
        sink.pause("the camera was lost")
        for time_s in (9, 9.5, 10, 10.5):
            sink.write(result(time_s, reading()))
    assert [row["watched_s"] for row in rows(log, "observations")] == [3.5, 1]
    assert len(queries.gaps(log, "anna", START_MS, START_MS + DAY_MS)) == 1
    assert sink.windows == 2 and verify(log).problems == ()


def test_two_processes_do_not_record_a_file_twice(any_log: Log) -> None:
    one, two = (LogSink(any_log, recording(resumes=True)) for _ in range(2))
    with one:
        with pytest.raises(InputError, match="another process is recording"), two:
            for frame in frames(25):
                one.write(frame)
                two.write(frame)
        for frame in frames(35)[101:]:  # after the one at which the other stopped
            one.write(frame)
    assert [row["watched_s"] for row in rows(any_log, "observations")] == [10, 10, 10, 5]


def test_a_recording_of_an_erased_person_does_not_end_another(log: Log) -> None:
    sink = LogSink(log, recording())
    for one in frames(5):
        sink.write(one)
    erase(log, "anna")
    other = LogSink(log, recording(persons={"ben": None}))
    other.write(result(0, reading()))
    with pytest.raises(InputError, match="no consent is in force"):
        for one in frames(20)[50:]:
            sink.write(one)
    assert [row["end_ms"] for row in rows(log, "sessions")] == [None]
    other.close()
    assert verify(log).problems == ()


def test_frames_that_are_meant_to_be_rare_have_no_gaps(log: Log) -> None:
    record(log, [result(t, reading()) for t in range(0, 60, 10)], hold_s=15)  # as of --fps 0.1
    assert not queries.gaps(log, "anna", START_MS, START_MS + DAY_MS)
    assert [row["watched_s"] for row in rows(log, "observations")] == [10] * 6


def test_two_frames_of_one_millisecond_are_one_reading(log: Log) -> None:
    start = now_ms() // 10_000 * 10_000 - 60_000
    stream = [result(t, reading()) for t in (0, 0.0001, 0.5)]
    record(log, stream, start_ms=start, keep_readings=True)
    assert [row["time_ms"] - start for row in rows(log, "readings")] == [0, 500]


def test_answers_that_are_carried_over_count_and_are_no_readings(log: Log) -> None:
    start = now_ms() // 10_000 * 10_000 - 60_000
    stream = [result(n / 10, replace(reading(), carried=n % 3 > 0)) for n in range(100)]
    record(log, stream, start_ms=start, keep_readings=True)
    assert [row["time_ms"] - start for row in rows(log, "readings")] == list(range(0, 10_000, 300))
    assert [row["usable_s"] for row in rows(log, "observations")] == [10]


@pytest.mark.parametrize("jump", [-3_600_000, 7_200_000])
def test_a_clock_that_is_set_begins_a_new_session(log: Log, jump: int) -> None:
    now = [START_MS]
    with LogSink(log, recording(clock=LiveClock(lambda: now[0]))) as sink:
        for number in range(250):
            if number == 125:
                now[0] += jump
            sink.write(result(number / 10, reading()))
            now[0] += 100
    first, second = rows(log, "sessions")
    assert second["start_ms"] - first["end_ms"] == pytest.approx(jump, abs=200)
    assert sum(row["watched_s"] for row in rows(log, "observations")) == pytest.approx(25, abs=0.2)
    (gap,) = rows(log, "gaps")
    assert gap["session_id"] == second["id"] and "the clock was set" in str(gap["reason"])
    assert verify(log).problems == ()


def test_an_interrupted_file_leaves_whole_windows_alone(log: Log) -> None:
    def stopped() -> None:
        with LogSink(log, recording(resumes=True)) as sink:
            for one in frames(25):
                sink.write(one)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [row["watched_s"] for row in rows(log, "observations")] == [10, 10]
    assert rows(log, "sessions")[0]["end_ms"] is None


def test_readings_only_if_asked(log: Log) -> None:
    recent = now_ms() // 10_000 * 10_000 - DAY_MS
    record(log, frames(12), start_ms=recent)
    assert rows(log, "readings") == []
    record(log, frames(12), start_ms=recent + 60_000, keep_readings=True)
    assert len(rows(log, "readings")) == 120
    with pytest.raises(InputError, match="older than readings are kept"):
        record(log, frames(1), keep_readings=True)


def test_a_recording_of_tomorrow_is_refused(log: Log) -> None:
    with pytest.raises(InputError, match="lies ahead"):
        record(log, frames(1), start_ms=START_MS * 2)


def test_another_model_is_another_setup(log: Log) -> None:
    from mien.log.sessions import Setup

    for number, model in enumerate(("one", "two", "one")):
        record(log, frames(10), start_ms=START_MS + number * 60_000, setup=Setup("room", model))
    assert len(rows(log, "setups")) == 2 and len(rows(log, "hours")) == 2
    days = queries.days(log, "anna")
    assert sorted(days.seconds["usable_s"]) == pytest.approx([10, 20])
