from __future__ import annotations

import inspect
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien
from mien.detectors.base import DetectorFacts
from mien.errors import (
    ConfigError,
    ImageReadError,
    InputError,
    ModelError,
    ModelFileError,
    UnknownNameError,
)
from mien.face_reading import BATCH_FACES, BATCH_PICTURES
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.specs.classifier import ModelSpec
from mien.types import Box, Face
from tests.support import sample
from tests.support.detector_models import coloured, tiny_detector
from tests.support.web import content, serving


class Marks:
    """Finds a face of 4×4 pixels at every pure red pixel, in reading order."""

    facts = DetectorFacts("marks", "red pixels", landmarks=False)
    score_threshold = 0.0

    def detect(self, image: np.ndarray, score_threshold: float | None = None) -> list[Face]:
        rows, columns = np.nonzero((image == (255, 0, 0)).all(axis=2))
        return [
            Face(Box(float(x), float(y), x + 4.0, y + 4.0), 0.9)
            for y, x in zip(rows, columns, strict=True)
        ]


class Brightness:
    """Class 0 for dark crops, 1 for bright ones; remembers the size of its batches."""

    spec = ModelSpec("brightness", ("anger", "happiness"), input_size=8)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def logits(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        raise NotImplementedError

    def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        self.batches.append(len(crops))
        bright = np.array([crop[1:, 1:].mean() / 255 for crop in crops], np.float32)
        return np.stack([1 - bright, bright], axis=1)


def picture(*faces: tuple[int, int, int], size: tuple[int, int] = (40, 60)) -> np.ndarray:
    """Faces as (x, y, grey value) on a grey ground."""
    image = np.full((*size, 3), 128, np.uint8)
    for x, y, value in faces:
        image[y : y + 4, x : x + 4] = value
        image[y, x] = (255, 0, 0)
    return image


def test_a_face_keeps_its_own_expression() -> None:
    images = [
        picture((3, 3, 250), (20, 9, 10)),
        picture(),
        picture((30, 30, 20)),
        picture((5, 5, 240), (15, 5, 5), (25, 5, 245)),
    ]
    recognizer = Recognizer(Marks(), Brightness())
    names = [[reading.expression for reading in r] for r in recognizer.images(images)]
    assert names == [
        ["happiness", "anger"], [], ["anger"], ["happiness", "anger", "happiness"]
    ]  # fmt: skip
    assert [[r.expression for r in recognizer.image(image)] for image in images] == names


def test_faces_of_several_pictures_share_a_batch() -> None:
    classifier = Brightness()
    each = BATCH_FACES // 8
    images = [picture(*((5 * k, 9, 250) for k in range(each)))] * 16
    results = Recognizer(Marks(), classifier).images(images)
    next(results)
    assert classifier.batches == [BATCH_FACES]
    assert len(list(results)) == 15
    assert classifier.batches == [BATCH_FACES] * 2


def test_reads_lazily() -> None:
    read = []

    def sources():
        for index in range(1000):
            read.append(index)
            yield picture((3, 3, 250), size=(1000, 1000))

    next(Recognizer(Marks(), Brightness()).images(sources()))
    assert len(read) < 40  # by pixels long before by faces


def test_a_bad_picture_is_reported_and_the_rest_go_on(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    good = tmp_path / "good.png"
    Image.fromarray(picture((3, 3, 250))).save(good)
    failed: list[tuple[str, Exception]] = []
    recognizer = Recognizer(Marks(), Brightness())
    sources = [bad, good, tmp_path / "none.png", good]
    results = list(recognizer.images(sources, lambda name, error: failed.append((name, error))))
    assert [r.source for r in results] == [str(good)] * 2
    assert [name for name, _ in failed] == [str(bad), str(tmp_path / "none.png")]
    with pytest.raises(ImageReadError, match=r"bad\.jpg"):
        list(recognizer.images(sources))


def test_result_has_the_facts(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(picture((3, 3, 250))).save(path)
    result = Recognizer(Marks(), Brightness()).image(path)
    assert (result.width, result.height, result.source) == (60, 40, str(path))
    assert (result.detector, result.model) == ("marks", "brightness")
    assert result.elapsed_ms > 0
    assert Recognizer(Marks(), Brightness()).image(picture()).source is None


def test_every_kind_of_source_gives_the_same_faces() -> None:
    recognizer = Recognizer()
    data = ASTRONAUT.read_bytes()
    with Image.open(ASTRONAUT) as opened:
        pixels = np.array(opened.convert("RGB"))
        sources = [str(ASTRONAUT), data, io.BytesIO(data), pixels, opened]
        faces = [[r.to_dict() for r in recognizer.image(source)] for source in sources]
    assert len(faces[0]) == 1
    assert all(other == faces[0] for other in faces)


def test_the_detector_none_takes_the_picture_as_the_crop() -> None:
    """A FER2013-like picture must reach the network as it is, not cut by a photo's framing."""
    seen = []

    class Watching(Brightness):
        spec = ModelSpec("w", ("anger", "happiness"), 8, margin=0.5, offset=(0.1, 0.1), align=True)

        def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
            seen.extend(crops)
            return super().classify(crops)

    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    result = Recognizer("none", Watching()).image(image)
    assert np.array_equal(seen[0], image)
    assert result[0].face.box == Box(0, 0, 48, 48)


def test_unknown_options_of_a_detector() -> None:
    with pytest.raises(ConfigError, match="detector 'none': unknown option 'min_face_size'"):
        Recognizer("none", min_face_size=30)
    with pytest.raises(ConfigError, match="min_face_size is given twice"):
        Recognizer(min_face_size=30, detector_options=["min_face_size=20"])
    with pytest.raises(ConfigError, match="x: only for a detector given by name or file"):
        Recognizer(Marks(), detector_options={"x": 1})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"facts": None}, "lacks facts:"),
        ({"score_threshold": None}, "lacks score_threshold: a detector has facts, score_threshold"),
        ({"facts": None, "detect": None}, "lacks facts, detect:"),
        ({"facts": "marks"}, "lacks facts that are a DetectorFacts"),
        ({"detect": lambda self, image: []}, "lacks the parameter score_threshold of detect"),
    ],
)
def test_a_detector_that_lacks_a_member(changes: dict[str, Any], words: str) -> None:
    members = {**vars(Marks), **changes}
    members = {key: value for key, value in members.items() if value is not None}
    odd: Any = type("Odd", (), members)()
    with pytest.raises(ConfigError, match=f"^detector 'Odd' {words}"):
        Recognizer(odd, Brightness())


def test_a_detector_from_a_file_with_its_options(tmp_path: Path) -> None:
    tiny_detector(tmp_path / "d.onnx", name="rectangles", score_threshold=0.5)
    image = coloured(64, 64, (0, 4, 4, 20, 20), (1, 30, 30, 40, 40), (2, 44, 44, 60, 60))
    options: dict[str, Any] = {"model": Brightness()}
    found = Recognizer(tmp_path / "d.onnx", **options).image(image)
    assert found.detector == "rectangles" and len(found) == 2
    for asked in (["score_threshold=0.1"], {"score_threshold": 0.1}):
        recognizer = Recognizer(str(tmp_path / "d.onnx"), detector_options=asked, **options)
        assert len(recognizer.image(image)) == 3
        larger = Recognizer(
            tmp_path / "d.onnx", detector_options=asked, min_face_size=12, **options
        )
        assert [r.face.box.to_list() for r in larger.image(image)] == [
            [4, 4, 20, 20], [44, 44, 60, 60]
        ]  # fmt: skip


def test_wrong_names_list_the_right_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'mtcnn'"):
        Recognizer("mtcn")
    with pytest.raises(UnknownNameError, match=r"default"):
        Recognizer(model="defualt")
    with pytest.raises(ModelFileError, match=r"nothing\.onnx"):
        Recognizer(model="nothing.onnx")
    with pytest.raises(InputError):
        Recognizer().image(np.zeros((4, 4, 7), np.uint8))


def test_analyze_keeps_its_networks() -> None:
    from mien import pipeline

    mien.analyze(ASTRONAUT)
    kept = pipeline._kept
    mien.analyze(ASTRONAUT)
    assert pipeline._kept is kept
    mien.analyze(ASTRONAUT, detector=Marks())  # an object of any kind will do as an option
    assert pipeline._kept is not kept


def test_analyze_spells_the_options_of_a_recognizer() -> None:
    theirs = inspect.signature(Recognizer).parameters.values()
    ours = list(inspect.signature(mien.analyze).parameters.values())
    assert [(p.name, p.default, p.annotation) for p in ours[1:-1]] == [
        (p.name, p.default, p.annotation) for p in theirs
    ]
    assert ours[-1].name == "on_error"  # for lists
    assert len(mien.analyze(ASTRONAUT, detector="none", detector_options={})) == 1


def test_readings_come_from_left_to_right() -> None:
    """Whatever the order in which the detector gives its faces."""
    image = picture((30, 2, 250), (5, 20, 10), (5, 9, 240), (17, 1, 20))
    result = Recognizer(Marks(), Brightness()).image(image)
    corners = [(r.face.box.x1, r.face.box.y1) for r in result]
    assert corners == [(5, 9), (5, 20), (17, 1), (30, 2)]
    assert [r.expression for r in result] == ["happiness", "anger", "anger", "happiness"]
    assert result[0] == result.readings[0]
    numbers = [face["face"] for face in result.to_dict()["faces"]]
    assert numbers == [row["face"] for row in result.rows()] == [0, 1, 2, 3]


def test_threads_are_ignored_by_a_detector_without_a_network() -> None:
    assert len(Recognizer("none", threads=1).image(ASTRONAUT)) == 1


def test_results_so_far_come_before_the_error(tmp_path: Path) -> None:
    results = Recognizer(Marks(), Brightness()).images([picture((3, 3, 250)), tmp_path / "no.png"])
    assert len(next(results)) == 1
    with pytest.raises(ImageReadError):
        next(results)


@pytest.mark.parametrize("before", [0, 1, BATCH_PICTURES - 1, BATCH_PICTURES, BATCH_PICTURES + 3])
@pytest.mark.parametrize("fails", ["detector", "nonsense", "classifier", "sources", "reporting"])
def test_every_finished_picture_comes_before_any_error(before: int, fails: str) -> None:
    class Fails(Marks):
        def detect(self, image: np.ndarray, score_threshold: float | None = None) -> list[Face]:
            if image[0, 0, 0] == 7 and fails == "detector":
                raise RuntimeError("detector")
            if image[0, 0, 0] == 7 and fails == "nonsense":
                return [Face(Box(0.0, 0.0, float("nan"), 4.0), 0.9)]
            return super().detect(image, score_threshold)

    class FailsToo(Brightness):
        def classify(self, crops: Sequence[np.ndarray]) -> np.ndarray:
            if any((crop == 66).any() for crop in crops) and fails == "classifier":
                raise RuntimeError("classifier")
            return super().classify(crops)

    def sources() -> Iterator[np.ndarray | bytes]:
        for _ in range(before):
            yield picture((3, 3, 250))
        if fails == "sources":
            raise RuntimeError("sources")
        bad = picture((3, 3, 66))
        bad[0, 0] = 7
        yield b"no picture" if fails == "reporting" else bad
        yield picture((3, 3, 250))

    def report(name: str, error: ImageReadError) -> None:
        raise RuntimeError("reporting")

    results = Recognizer(Fails(), FailsToo()).stream(sources(), report)
    done = []
    with pytest.raises((RuntimeError, InputError, ModelError)):
        for result, _ in results:
            done.append(result[0].expression)
    assert done == ["happiness"] * before


def test_control_c_is_prompt() -> None:
    model = Brightness()

    def sources() -> Iterator[np.ndarray]:
        yield picture((3, 3, 250))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Recognizer(Marks(), model).stream(sources()))
    assert not model.batches


def test_pictures_without_faces_do_not_pile_up() -> None:
    """Results come every few pictures, however small and empty these are."""
    read = []

    def sources() -> Iterator[np.ndarray]:
        for index in range(10_000):
            read.append(index)
            yield picture(size=(8, 8))

    results = Recognizer(Marks(), Brightness()).images(sources())
    next(results)
    assert len(read) <= BATCH_PICTURES
    assert len(list(results)) == 9_999


def test_threads_share_one_recognizer() -> None:
    recognizer = Recognizer()
    expected = recognizer.image(ASTRONAUT).to_dict()
    answers: list[object] = []
    threads = [
        Thread(target=lambda: answers.append(recognizer.image(ASTRONAUT).to_dict()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


@pytest.mark.parametrize(
    ("name", "expression"),
    [("astronaut.jpg", "happiness"), ("obama_smile.jpg", "happiness"), ("biden.jpg", "neutral")],
)
def test_the_portraits_say_what_a_person_sees(photos: Path, name: str, expression: str) -> None:
    (reading,) = mien.analyze(photos / name)
    assert reading.expression == expression
    assert reading.face.box.iou(Box(*sample.boxes()[name])) > 0.85


@pytest.mark.parametrize(
    ("name", "expressions"),
    [
        ("obama_smile.jpg", {"happiness": 1}),
        ("biden.jpg", {"neutral": 1}),
        ("oarriaga_test_image.jpg", {"happiness": 5, "neutral": 1}),
    ],
)
def test_expressions_of_the_photos(shared: Path, name: str, expressions: dict[str, int]) -> None:
    result = mien.analyze(shared / "photos" / name)
    seen = [reading.expression for reading in result]
    assert {label: seen.count(label) for label in set(seen)} == expressions


def test_boxes_that_are_not_finite_are_refused() -> None:
    class Odd:
        facts = DetectorFacts("odd", "answers anything", landmarks=False)
        score_threshold = 0.0

        def detect(self, image: Any, score_threshold: float | None = None) -> list[Face]:
            return [Face(Box(0, float("nan"), 10, 10))]

    with pytest.raises(
        InputError, match=r"'odd' returned a box .* for .*astronaut\.jpg: Face.*nan"
    ):
        Recognizer(Odd()).image(ASTRONAUT)


def test_hundreds_of_faces_in_one_picture() -> None:
    """A crowd of one face, tiled: every one is found, and all are read alike."""
    with Image.open(ASTRONAUT) as opened:
        head = opened.convert("RGB").crop((150, 10, 310, 210)).resize((64, 80))
    crowd = np.tile(np.asarray(head), (15, 20, 1))  # (1200, 1280, 3)
    result = Recognizer(min_face_size=24).image(crowd)
    assert len(result) == 15 * 20
    assert {reading.expression for reading in result} == {"happiness"}


def test_the_sample_smiles() -> None:
    result = mien.analyze(ASTRONAUT)
    assert [reading.expression for reading in result] == ["happiness"]


def test_min_confidence_names_no_expression_below_it() -> None:
    image = picture((3, 3, 250), (20, 9, 140), (40, 9, 10))
    plain = Recognizer(Marks(), Brightness()).image(image)
    strict = Recognizer(Marks(), Brightness(), min_confidence=0.8).image(image)
    assert [r.expression for r in strict] == ["happiness", "uncertain", "anger"]
    assert [r.emotions for r in strict] == [r.emotions for r in plain]
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="min_confidence"):
            Recognizer(min_confidence=wrong)


def test_faces_with_fewer_pixels_than_the_input_are_small() -> None:
    big = np.full((8, 8, 3), 200, np.uint8)  # Brightness wants 8×8
    recognizer = Recognizer("none", Brightness())
    assert [recognizer.image(p)[0].small for p in (big, big[1:, 1:])] == [False, True]
    assert Recognizer(Marks(), Brightness()).image(picture((3, 3, 250)))[0].small  # 4×4


def test_a_list_gives_results() -> None:
    images = [picture((3, 3, 250)), picture(), picture((5, 9, 9), (9, 3, 250))]
    options: dict[str, Any] = {"detector": Marks(), "model": Brightness()}
    results = mien.analyze(images, **options)
    assert isinstance(results, mien.Results)
    assert [list(r) for r in results] == [list(mien.analyze(image, **options)) for image in images]
    assert mien.analyze(iter(images), **options)[2].columns == results[0].columns
    assert mien.analyze([], **options) == mien.Results()


@pytest.mark.parametrize(
    "one", ["photo.jpg", b"bytes", np.zeros((48, 48, 3), np.uint8), np.zeros((48, 48), np.uint8)]
)
def test_one_picture_is_no_list(one: Any) -> None:
    recognizer = Recognizer("none")
    for call in (recognizer.frame, lambda pictures: list(recognizer.images(pictures))):
        with pytest.raises(InputError, match="put it in a list"):
            call(one)
    stack = np.zeros((2, 48, 48, 3), np.uint8)
    assert len(list(recognizer.images(stack))) == 2  # type: ignore[arg-type]


def test_a_list_reports_what_it_cannot_read(tmp_path: Path) -> None:
    sources = [tmp_path / "none.jpg", picture((3, 3, 250))]
    failed: list[str] = []
    with pytest.raises(ImageReadError, match=r"none\.jpg"):
        mien.analyze(sources, detector="none")
    results = mien.analyze(
        sources, detector="none", on_error=lambda name, error: failed.append(name)
    )
    assert len(results) == 1 and failed == [str(tmp_path / "none.jpg")]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_has_a_row_for_every_face_and_every_picture_without(library: str) -> None:
    pytest.importorskip(library)
    recognizer = Recognizer(Marks(), Brightness())
    images = [picture((3, 3, 250), (9, 9, 9)), picture(), picture((5, 9, 9))]
    frame = recognizer.frame(images, library=library)
    assert len(frame) == 4
    assert list(frame["expression"][:2]) == ["happiness", "anger"]
    assert tuple(recognizer.frame([], library=library).columns) == tuple(frame.columns)
    faces = frame["face"]
    assert faces.isna().sum() == 1 if library == "pandas" else faces.null_count() == 1


def test_a_result_shows_the_array_it_was_made_of_and_keeps_none() -> None:
    image = picture((3, 3, 250))
    recognizer = Recognizer(Marks(), Brightness())
    result = recognizer.image(image)
    assert result.remembered() is image and "<img" in result._repr_html_()
    many = list(recognizer.images(picture((3, 3, 250)) for _ in range(40)))
    assert all(r.remembered() is None for r in many)  # or a stream would fill the memory
    with Image.open(ASTRONAUT) as opened:
        from_pil = recognizer.image(opened)
        assert from_pil.draw().size == opened.size


def test_bytes_are_shown_after_analyze() -> None:
    result = mien.analyze(ASTRONAUT.read_bytes())
    assert result.draw().size == (512, 512)


def test_addresses_are_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_ALLOW_PRIVATE", raising=False)
    with serving({"/a.jpg": content(ASTRONAUT.read_bytes())}) as web:
        url = f"{web.url}/a.jpg"
        with pytest.raises(ImageReadError, match=r"not on the internet.*allow_private"):
            mien.analyze(url)
        assert not web.asked
        result = mien.analyze(url, allow_private=True)
        assert result.source == url and [r.expression for r in result] == ["happiness"]
        result._repr_html_()
        assert result.draw().size == (512, 512)
        assert web.asked["/a.jpg"] == 1  # showing asks nobody
        results = mien.analyze([url, f"{web.url}/b.jpg"], allow_private=True, on_error=print)
        assert len(results) == 1
