from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError, InputError
from mien.media.video.reader import open_video
from mien.sinks import VideoSink
from mien.types import Box, Result
from tests.support.results import make_frames, make_reading, make_result


def test_frames_are_drawn(tmp_path: Path) -> None:
    image = np.full((80, 100, 3), 90, np.uint8)
    with VideoSink(tmp_path / "o.mp4", 30) as sink:
        assert sink.description == ""
        for result in make_frames():
            sink.write(result, image)
    assert sink.description
    frames = list(open_video(tmp_path / "o.mp4"))
    assert [frame.image.shape for frame in frames] == [(80, 100, 3)] * 3
    assert [frame.time_s for frame in frames] == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-3)
    changed = [float((np.abs(frame.image.astype(int) - 90) > 40).mean()) for frame in frames]
    assert changed[0] == 0 and min(changed[1:]) > 0.05  # no face in the first


def test_boxes_of_people_do_not_tremble(tmp_path: Path) -> None:
    """The left edge is found in 40 and 52 by turns; it is steadied for a person alone."""
    image = np.full((120, 160, 3), 90, np.uint8)
    edges = {}
    for track_id in (None, 5):
        first = make_frames(track_id)[1][0]
        out = tmp_path / f"{track_id}.mp4"
        with VideoSink(out, 30) as sink:
            for n in range(20):
                reading = replace(
                    first, face=replace(first.face, box=Box(40 + n % 2 * 12, 40, 110, 100))
                )
                sink.write(Result((reading,), 160, 120, "v.mp4", n, n / 30), image)
        rows = [frame.image[80].astype(int) for frame in open_video(out)]
        edges[track_id] = [int((np.abs(row - 90).max(axis=1) > 60).argmax()) for row in rows][5:]
    assert np.ptp(edges[None]) >= 10 and np.ptp(edges[5]) <= 5


def test_a_result_brings_its_picture(tmp_path: Path) -> None:
    image = np.full((80, 100, 3), 90, np.uint8)
    (empty, *_) = make_frames()
    empty.remember(image)
    with VideoSink(tmp_path / "o.webm", 30) as sink:
        sink.write(empty)
    assert len(list(open_video(tmp_path / "o.webm"))) == 1


def test_what_is_not_a_frame_is_refused(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "o.mp4", 30) as sink:
        for result, image in (
            (make_result(make_reading()), np.zeros((80, 100, 3), np.uint8)),
            (make_frames()[0], None),
        ):  # fmt: skip
            with pytest.raises(InputError, match="drawn from frames"):
                sink.write(result, image)
    assert not (tmp_path / "o.mp4").exists()
    with pytest.raises(ConfigError):
        VideoSink(tmp_path / "o.jpg", 30)
