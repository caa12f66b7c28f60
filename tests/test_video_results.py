from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.classifiers.base import Classifier
from mien.detectors.load import load_detector
from mien.errors import ConfigError, VideoReadError
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from mien.tracking.smoothing import Smoother, smooth_track
from mien.types import COLUMNS, FRAME_COLUMNS, EmotionScores, Face, Reading
from mien.video_results import FaceTracker, ReadingSmoother
from tests.support import clips
from tests.support.camera_server import faulty_camera


class Numbers:
    """Every face of a frame is a person, in the order of detection; keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, float, tuple[int, ...]]] = []

    def update(
        self, faces: Sequence[Face], time_s: float, image: np.ndarray | None = None
    ) -> tuple[Face, ...]:
        assert image is not None
        self.calls.append((len(faces), time_s, image.shape))
        numbered = [replace(face, track_id=7 + n) for n, face in enumerate(faces)]
        return tuple(reversed(numbered))

    def predict(self, time_s: float) -> tuple[Face, ...]:
        return ()


@dataclass(frozen=True)
class Values:
    emotions: EmotionScores
    expression: str
    valence: float | None = None
    arousal: float | None = None


class Half:
    """Half of the probabilities, and half of an even share; holds ``label``."""

    def __init__(self, label: str = "happiness") -> None:
        self.label = label
        self.calls: list[tuple[int | None, float]] = []

    def update(self, reading: Reading, time_s: float) -> Values:
        self.calls.append((reading.face.track_id, time_s))
        labels, probs = reading.emotions.labels, reading.emotions.probs
        half = tuple((p + 1 / len(probs)) / 2 for p in probs)
        return Values(EmotionScores(labels, half), self.label, valence=0.5)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait in six frames, but for the third."""
    return clips.write_face(tmp_path_factory.mktemp("clip") / "face.avi", empty=[2])


def test_a_video_gives_a_result_a_frame(recognizer: Recognizer, clip: Path) -> None:
    results = list(recognizer.video(clip))
    assert [len(result) for result in results] == [1, 1, 0, 1, 1, 1]
    assert [result.frame_index for result in results] == list(range(6))
    assert [result.time_s for result in results] == pytest.approx([n / 10 for n in range(6)])
    assert {result.source for result in results} == {str(clip)}
    assert {result[0].expression for result in results if len(result)} == {"happiness"}
    labels = recognizer.classifier.spec.labels
    assert all(result.columns == (*FRAME_COLUMNS, *labels) for result in results)
    for result in results:
        (row,) = result.rows(keep_empty=True)
        assert tuple(row) == result.columns
        assert (row["source"], row["frame_index"]) == (str(clip), result.frame_index)
        assert row["time_s"] == pytest.approx(result.time_s)
        assert result.to_dict()["frame_index"] == result.frame_index


def test_frames_are_read_as_pictures_are(recognizer: Recognizer) -> None:
    images = [clips.face(shift) for shift in (0, 10, 20)]
    frames = [Frame(image, n, n / 5) for n, image in enumerate(images)]
    seen = list(recognizer.watch(frames, "here", track=False))
    for result, expected in zip(seen, recognizer.images(images), strict=True):
        assert [replace(reading, usable=None) for reading in result] == list(expected)
        assert (expected.frame_index, expected.columns[: len(COLUMNS)]) == (None, COLUMNS)


def test_options_and_errors_are_those_of_the_reader(
    recognizer: Recognizer, clip: Path, tmp_path: Path
) -> None:
    results = list(recognizer.video(clip, start=0.1, end=0.5, every=2))
    assert [result.frame_index for result in results] == [1, 3]
    with pytest.raises(VideoReadError, match="no file"):  # at the call
        recognizer.video(tmp_path / "none.mp4")
    with pytest.raises(VideoReadError, match="pixels"):
        Recognizer("none", max_pixels=100).video(clip)
    cut = tmp_path / "cut.avi"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    came = []
    with pytest.raises(VideoReadError, match="ends before"):
        for result in recognizer.video(cut):
            came.append(len(result))
    assert came and came[:2] == [1, 1]  # whatever came before is kept
    errors: list[str] = []
    again = recognizer.video(cut, on_error=lambda name, error: errors.append(name))
    assert [len(result) for result in again] == came and errors == [str(cut)]


def test_a_result_can_be_drawn_until_the_next_is_taken(recognizer: Recognizer, clip: Path) -> None:
    steps = recognizer.video(clip, smooth=Half(), track=Numbers())
    for result in (next(steps), next(steps)):
        drawn = np.asarray(result.draw(min_side=0))
        assert drawn.shape == (200, 200, 3)
        assert (drawn != result.remembered()).any()


def test_a_tracker_numbers_the_faces_and_a_smoother_smooths_them(
    recognizer: Recognizer, clip: Path
) -> None:
    tracker, smoother = Numbers(), Half("fear")
    tracked: FaceTracker = tracker
    smoothed: ReadingSmoother = smoother
    plain = list(recognizer.video(clip, track=False))
    results = list(recognizer.video(clip, track=tracked, smooth=smoothed))
    assert [call[0] for call in tracker.calls] == [1, 1, 0, 1, 1, 1]
    assert [call[1] for call in tracker.calls] == pytest.approx([n / 10 for n in range(6)])
    assert {call[2] for call in tracker.calls} == {(200, 200, 3)}
    assert [call[0] for call in smoother.calls] == [7] * 5
    for result, before in zip(results, plain, strict=True):
        for reading, own in zip(result, before, strict=True):
            assert reading.face.track_id == 7 and reading.raw is not None
            assert reading.raw.emotions == own.emotions and reading.valence == 0.5
            expected = [(p + 1 / 7) / 2 for p in own.emotions.probs]
            assert reading.emotions.probs == pytest.approx(expected)
            assert (reading.expression, reading.emotions.top) == ("fear", "happiness")
            assert reading.prob == reading.emotions["fear"] < reading.emotions.top_prob
            data, (row,) = reading.to_dict(), result.rows()
            assert data["raw"] == {"expression": "happiness", "probs": own.to_dict()["probs"]}
            assert (data["track_id"], row["track_id"]) == (7, 7)
            assert (row["expression"], row["prob"]) == ("fear", round(reading.prob, 5))
            assert row["raw_expression"] == "happiness"
            (mark,) = result.marks()
            assert (mark.number, mark.expression, mark.prob) == (7, "fear", reading.prob)


def test_faces_stay_in_their_order_and_without_a_track_as_they_are(recognizer: Recognizer) -> None:
    class Some(Numbers):
        def update(
            self, faces: Sequence[Face], time_s: float, image: np.ndarray | None = None
        ) -> tuple[Face, ...]:
            found = super().update(faces, time_s, image)
            return tuple(replace(f, track_id=None) if f.track_id == 7 else f for f in found)

    image = np.hstack([clips.face(), clips.face(20)])
    (result,) = recognizer.watch([Frame(image, 0, 0.0)], track=Some(), smooth=Half())
    assert len(result) == 2
    first, second = result
    assert first.face.box.x1 < second.face.box.x1
    assert (first.face.track_id, first.raw) == (None, None)
    assert second.face.track_id == 8 and second.raw is not None


def test_steadied_probabilities_decide_what_is_uncertain(clip: Path) -> None:
    certain = Recognizer(min_confidence=0.7)
    assert {r[0].expression for r in certain.video(clip, end=0.2)} == {"happiness"}
    steadied = list(certain.video(clip, end=0.2, track=Numbers(), smooth=Half()))
    assert {r[0].expression for r in steadied} == {"uncertain"}
    (held,) = certain.video(clip, end=0.1, track=Numbers(), smooth=Half("fear"))
    for result in (*steadied, held):  # the highest of all, whichever label is held
        (reading,) = result
        assert result.rows()[0]["prob"] == round(max(reading.emotions.probs), 5)


def test_frames_are_read_lazily(recognizer: Recognizer) -> None:
    read = []

    def frames() -> Iterator[Frame]:
        for number in range(1000):
            read.append(number)
            yield Frame(np.zeros((100, 100, 3), np.uint8), number, number / 10)

    next(iter(recognizer.watch(frames())))
    assert len(read) < 40


def test_people_are_followed_and_steadied_unless_told_otherwise(recognizer: Recognizer) -> None:
    """Two portraits side by side; one frame is blurred, so that answers differ."""
    images = [np.hstack([clips.face(n), clips.face(20 + n)]) for n in range(4)]
    images[2] = cv2.GaussianBlur(images[2], (0, 0), 4)
    stream = [Frame(image, n, n / 10) for n, image in enumerate(images)]
    seen = list(recognizer.watch(stream))
    assert [[r.face.track_id for r in result] for result in seen] == [[1, 2]] * 4
    alone = list(recognizer.watch(stream, track=False))
    unsteadied = list(recognizer.watch(stream, smooth=0))
    smoother = Smoother(0.1)
    for result, single, numbered in zip(seen, alone, unsteadied, strict=True):
        assert result.time_s is not None
        for reading, own, person in zip(result, single, numbered, strict=True):
            assert reading.raw is not None and reading.raw.emotions == own.emotions
            assert (own.face.track_id, own.raw, own.held, person.raw) == (None, None, None, None)
            assert person.emotions == own.emotions
            expected = smoother.update(person, result.time_s)
            assert (reading.emotions, reading.held) == (expected.emotions, expected.expression)
    assert seen[2][0].emotions != alone[2][0].emotions
    slow = list(recognizer.watch(stream, smooth=5))
    assert slow[3][0].emotions != seen[3][0].emotions
    with pytest.raises(ConfigError, match="time_constant_s"):  # at the call
        recognizer.watch(stream, smooth=-1)


def test_offline_looks_ahead(recognizer: Recognizer) -> None:
    images = [np.hstack([clips.face(n), clips.face(20 + n)]) for n in range(6)]
    images[3] = cv2.GaussianBlur(images[3], (0, 0), 4)
    stream = [Frame(image, n, n / 10) for n, image in enumerate(images)]
    alone = list(recognizer.watch(stream, smooth=0))
    steadied = list(recognizer.watch(stream, smooth=0.2, offline=True))
    for person in range(2):
        own = [result[person] for result in alone]
        expected = smooth_track(own, [frame.time_s for frame in stream], 0.2)
        for result, reading, values in zip(steadied, own, expected, strict=True):
            found = result[person]
            assert (found.emotions, found.held) == (values.emotions, values.expression)
            assert found.raw == reading and found.usable is not None
    assert steadied[0][0].emotions != alone[0][0].emotions  # what comes later counts
    cut = recognizer.watch(broken(stream), smooth=0.2, offline=True)
    came = []
    with pytest.raises(VideoReadError, match="cut"):
        for result in cut:
            came.append(result.frame_index)
    assert came == [0, 1, 2, 3, 4, 5]
    for smooth in (0, Half()):
        with pytest.raises(ConfigError, match="seconds above 0"):
            recognizer.watch(stream, smooth=smooth, offline=True)


def broken(frames: list[Frame]) -> Iterator[Frame]:
    yield from frames
    raise VideoReadError("cut off")


def test_usable_says_whether_a_face_is_seen_well() -> None:
    crop = np.ascontiguousarray(clips.face()[40:160, 40:160])
    blurred = cv2.GaussianBlur(crop, (0, 0), 12)
    frames = [Frame(image, n, n / 5) for n, image in enumerate((crop, blurred, crop // 40))]
    for track in (True, False):
        results = list(Recognizer("none").watch(frames, track=track))
        assert [result[0].usable for result in results] == [True, False, False]
        assert [result.rows()[0]["usable"] for result in results] == [True, False, False]
        assert [result[0].to_dict()["usable"] for result in results] == [True, False, False]
    (picture,) = Recognizer("none").images([crop])
    assert picture[0].usable is None and "usable" not in picture[0].to_dict()


class Counted:
    """YuNet, counting the searches of whole frames and the looks at parts."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._detector = load_detector("yunet", threads=1)
        self.facts, self.score_threshold = self._detector.facts, self._detector.score_threshold
        self._size, self.whole, self.parts = size, 0, 0

    def detect(self, image: np.ndarray, score_threshold: float | None = None) -> list[Face]:
        whole = image.shape[:2] == self._size
        self.whole, self.parts = self.whole + whole, self.parts + (not whole)
        return self._detector.detect(image, score_threshold)


def large(folder: Path, frames: int, empty: tuple[int, ...] = ()) -> Path:
    """A portrait that moves in frames of 400×400; those in ``empty`` show none."""
    blank = np.full((400, 400, 3), 90, np.uint8)
    doubled = [np.kron(clips.face(2 * n), np.ones((2, 2, 1), np.uint8)) for n in range(frames)]
    shown = [blank if n in empty else frame for n, frame in enumerate(doubled)]
    return clips.write_frames(folder / "face.avi", shown, 10)


def test_between_searches_persons_are_looked_for_where_they_should_be(tmp_path: Path) -> None:
    clip = large(tmp_path, 9)
    counted = Counted((400, 400))
    results = list(Recognizer(counted).video(clip, detect_every=4))
    # Frames 0, 4 and 8 whole; between them one look each.
    assert (counted.whole, counted.parts) == (3, 6)
    every = list(Recognizer().video(clip))
    for mine, its in zip(results, every, strict=True):
        assert mine[0].face.box.iou(its[0].face.box) > 0.8
        assert mine[0].face.track_id == its[0].face.track_id == 1
        assert mine[0].expression == its[0].expression


def test_who_is_lost_is_searched_for_in_the_whole_frame(tmp_path: Path) -> None:
    clip = large(tmp_path, 8, empty=(2, 3))
    counted = Counted((400, 400))
    results = list(Recognizer(counted).video(clip, detect_every=100))
    assert [len(result) for result in results] == [1, 1, 0, 0, 1, 1, 1, 1]
    # The first, the two empty ones, the one after them; then the person is followed again.
    assert counted.whole == 4


def test_who_comes_later_gets_a_number_though_others_are_followed(recognizer: Recognizer) -> None:
    """A new face is a person when two frames running show it, so the next one is searched too."""
    both = np.hstack([clips.face(), np.full((200, 200, 3), 90, np.uint8), clips.face()])
    large = np.kron(both, np.ones((2, 2, 1), np.uint8))
    alone = large.copy()
    alone[:, 800:] = 90  # less than half of the frame changes: no cut
    stream = [Frame(alone if n < 3 else large, n, n / 10) for n in range(10)]
    results = list(recognizer.watch(stream, detect_every=4))
    assert [len(result) for result in results] == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert [r.face.track_id for r in results[4]] == [1, None]
    assert {r.face.track_id for result in results[5:] for r in result} == {1, 2}


def test_detect_every_needs_persons(recognizer: Recognizer, clip: Path) -> None:
    with pytest.raises(ConfigError, match="detect_every looks for the persons"):
        recognizer.video(clip, detect_every=2, track=False)
    with pytest.raises(ConfigError, match="1 or more, got 0"):
        recognizer.video(clip, detect_every=0)


class Classified:
    """The shipped classifier, counting faces."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier, self.spec, self.faces = classifier, classifier.spec, 0

    def logits(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return self._classifier.logits(crops)

    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        self.faces += len(crops)
        return self._classifier.classify(crops)


@pytest.mark.parametrize("live", [True, False])
def test_a_person_is_classified_by_time_and_read_in_every_frame(
    recognizer: Recognizer, live: bool
) -> None:
    """A portrait that moves, ten frames a second; the last is blurred."""
    images = [clips.face(n) for n in range(7)]
    images[6] = cv2.GaussianBlur(images[6], (0, 0), 4)
    stream = [Frame(image, n, n / 10, live=live) for n, image in enumerate(images)]
    counted = Classified(recognizer.classifier)
    sparse = Recognizer(recognizer.detector, counted)
    every = list(recognizer.watch(stream, smooth=0))
    results = list(sparse.watch(stream, smooth=0, classify_every=0.3))
    assert counted.faces == 3
    assert [result[0].carried for result in results] == [n % 3 > 0 for n in range(7)]
    for n, (mine, its) in enumerate(zip(results, every, strict=True)):
        assert mine[0].face == its[0].face and mine[0].usable == its[0].usable
        assert mine[0].emotions == results[n - n % 3][0].emotions
        assert mine.rows()[0]["carried"] is (n % 3 > 0)
    steadied = list(sparse.watch(stream, classify_every=0.3))
    smoother = Smoother()
    for result, own in zip(steadied[::3], results[::3], strict=True):
        assert result.time_s is not None
        assert result[0].emotions == smoother.update(own[0], result.time_s).emotions
    assert steadied[2][0].emotions == steadied[0][0].emotions  # and raw is of the frame before too
    assert steadied[2][0].raw == replace(results[2][0], usable=True)


def test_no_usable_row_carries_the_answers_of_a_face_that_was_not(recognizer: Recognizer) -> None:
    images = [clips.face(n) for n in range(8)]
    for n in (0, 1, 4):
        images[n] = cv2.GaussianBlur(images[n], (0, 0), 7)
    stream = [Frame(image, n, n / 10) for n, image in enumerate(images)]
    results = list(recognizer.watch(stream, smooth=0, classify_every=0.5))
    assert [result[0].usable for result in results] == [n not in (0, 1, 4) for n in range(8)]
    assert [n for n, result in enumerate(results) if not result[0].carried] == [0, 2, 7]


def test_offline_only_what_was_classified_is_averaged(recognizer: Recognizer) -> None:
    stream = [Frame(clips.face(2 * n), n, n / 10) for n in range(7)]
    own = [result[0] for result in recognizer.watch(stream, smooth=0, classify_every=0.3)]
    steadied = list(recognizer.watch(stream, smooth=0.2, offline=True, classify_every=0.3))
    logs = np.log(np.maximum([own[n].emotions.probs for n in (0, 3, 6)], 1e-3))
    for n, result in enumerate(steadied):
        weights = np.exp(-0.5 * ((np.array([0, 0.3, 0.6]) - n / 10) / 0.2) ** 2)
        mean = np.exp(weights @ logs / weights.sum())
        assert result[0].emotions.probs == pytest.approx(mean / mean.sum(), abs=1e-6)
        assert result[0].carried is (n % 3 > 0) and result[0].raw == own[n]


def test_classify_every_needs_persons(recognizer: Recognizer, clip: Path) -> None:
    with pytest.raises(ConfigError, match="classify_every is for persons that are followed"):
        recognizer.video(clip, classify_every=0.1, track=False)
    with pytest.raises(ConfigError, match="0 seconds or more, got -1"):
        recognizer.video(clip, classify_every=-1)


@pytest.mark.parametrize("live", [True, False])
def test_a_live_frame_does_not_wait_for_the_next(recognizer: Recognizer, live: bool) -> None:
    taken = 0

    def frames() -> Iterator[Frame]:
        nonlocal taken
        for index in range(4):
            taken += 1
            yield Frame(clips.face(index), index, index / 10, live=live)

    results = [(taken, len(result)) for result in recognizer.watch(frames())]
    assert results == [(number if live else 4, 1) for number in (1, 2, 3, 4)]


def test_a_camera_is_watched_until_the_loop_is_left(recognizer: Recognizer) -> None:
    """People get new numbers when its pictures change their size, since places mean others."""
    with faulty_camera(picture=clips.face(), rate=20) as server:
        results = recognizer.camera(server.url)
        first = next(results)
        assert (first.width, first[0].face.track_id, first[0].expression) == (200, 1, "happiness")
        assert first.source == server.url and first.draw().width >= 200
        server.scale = 1.5
        larger = next(result for result in results if result.width > 200)
        assert (larger.width, larger[0].face.track_id) == (300, 2)
        results.close()  # type: ignore[attr-defined]
        end = time.monotonic() + 60
        while server.serving:
            assert time.monotonic() < end
            time.sleep(0.02)
    with pytest.raises(ConfigError, match="is not a camera"):
        recognizer.camera("talk.mp4")
