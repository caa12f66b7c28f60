"""The people of a video for programs: the numbers of the page of ``mien video --summary``."""

from __future__ import annotations

from typing import Any

from mien.reports.video.timeline import PersonTimeline, VideoTimeline


def people_of(video: VideoTimeline) -> dict[str, Any]:
    """JSON-ready: each person of a video that has ended, with shares and segments.

    ``others``: people seen for too short to be kept. Seconds have three decimals, shares four.
    """
    people = sorted(video.people.values(), key=lambda person: person.track_id)
    return {
        "begin_s": round(video.begin_s, 3), "end_s": round(video.end_s, 3),
        "frames": video.frames, "people": list(map(_person, people)), "others": video.others,
    }  # fmt: skip


def _person(person: PersonTimeline) -> dict[str, Any]:
    label, begin_s, seconds = person.longest
    return {
        "track_id": person.track_id,
        "first_s": round(person.first_s, 3), "last_s": round(person.last_s, 3),
        "seen_s": round(person.seen_s, 3), "usable_s": round(person.usable_s, 3),
        "shares": {name: round(share, 4) for name, share in person.shares()},
        "longest": {
            "expression": label, "start_s": round(begin_s, 3), "end_s": round(begin_s + seconds, 3),
        },
        "segments": [
            {
                "start_s": round(one.begin_s, 3), "end_s": round(one.end_s, 3),
                "expression": one.expression, "prob": round(one.prob, 4),
            }
            for one in person.segments
        ],
        "left_out": person.left_out,
    }  # fmt: skip
