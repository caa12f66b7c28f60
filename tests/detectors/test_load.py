from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien import registry
from mien.detectors.base import DetectorFacts
from mien.detectors.load import load_detector
from mien.detectors.mtcnn.detector import MTCNN
from mien.detectors.onnx import OnnxDetector
from mien.detectors.whole import Whole
from mien.errors import ConfigError, MienError, ModelFileError, ModelSpecError, UnknownNameError
from mien.options import parameters
from mien.types import Face
from tests.support.detector_models import coloured, tiny_detector
from tests.support.models import tiny_classifier


class Theirs:
    """A third party's detector with an option of every kind."""

    facts = DetectorFacts("theirs", "nothing", landmarks=False)
    score_threshold = 0.5

    def __init__(
        self,
        *,
        size: float = 1.0,
        count: int = 1,
        quick: bool = False,
        file: str | Path | None = None,
        steps: Sequence[float] = (0.5,),
        table: dict[str, int] | None = None,
        untyped=None,
    ) -> None:
        self.given: dict[str, Any] = {
            "size": size, "count": count, "quick": quick, "file": file, "steps": steps,
            "table": table, "untyped": untyped,
        }  # fmt: skip

    def detect(self, image: np.ndarray, score_threshold: float | None = None) -> list[Face]:
        return []


class Open(Theirs):
    """Takes any option, and checks it itself."""

    def __init__(self, **options: Any) -> None:
        self.given = options


class Old:
    """Made before detectors had a threshold for one call."""

    facts = DetectorFacts("old", "nothing", landmarks=False)

    def detect(self, image: np.ndarray) -> list[Face]:
        return []


@pytest.fixture(autouse=True)
def theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in registry.detectors.names():
        registry.detectors.get(name)  # a built-in first imported below would be forgotten
    factories = {
        **registry.detectors._factories,
        "theirs": Theirs,
        "open": Open,
        "old": Old,
    }
    monkeypatch.setattr(registry.detectors, "_factories", factories)


def given(
    *texts: str, name: str = "theirs", threads: int | None = None, **values: Any
) -> dict[str, Any]:
    detector: Any = load_detector(name, threads=threads, options=values or texts)
    return detector.given


def test_texts_are_converted() -> None:
    found = given("size=20", "count=3", "quick=true", "file=a b.onnx", "steps=0.6,0.7", "table=x")
    assert found["size"] == 20.0 and isinstance(found["size"], float)
    assert found["count"] == 3 and isinstance(found["count"], int)
    assert found["quick"] is True and given("quick=False")["quick"] is False
    assert found["file"] == "a b.onnx"
    assert found["steps"] == (0.6, 0.7)
    assert found["table"] == "x"  # a type that is theirs to check
    assert given("untyped=1")["untyped"] == "1"
    assert given("file=a=b")["file"] == "a=b"
    assert given("size=1", "size=2")["size"] == 2  # the later one wins


def test_values_are_kept() -> None:
    values: dict[str, Any] = {
        "size": np.float32(2), "count": 4, "quick": True, "file": Path("x"), "steps": [1, 0.5],
        "table": {"a": 1}, "untyped": object(),
    }  # fmt: skip
    found = given(**values)
    assert found == {**values, "steps": (1.0, 0.5)}
    assert given(file=None)["file"] is None


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("size=large", r"^detector 'theirs': size must be a number, got 'large'$"),
        ("count=2.5", "count must be a whole number, got '2.5'"),
        ("quick=perhaps", "quick must be true or false, got 'perhaps'"),
        ("steps=0.5,x", "steps must be a list of numbers, separated by commas, got '0.5,x'"),
        ("size=", "size must be a number, got ''"),
    ],
)
def test_a_text_of_the_wrong_type(option: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_detector("theirs", options=[option])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", True), ("size", None), ("size", [1]), ("count", 1.0), ("quick", 1), ("file", 5),
        ("steps", 0.5), ("steps", [True]),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"^detector 'theirs': {key} must be "):
        load_detector("theirs", options={key: value})


def test_an_unknown_option() -> None:
    with pytest.raises(ConfigError, match="'min_face': did you mean 'min_face_size'"):
        load_detector("mtcnn", options=["min_face=3"])
    with pytest.raises(
        ConfigError, match=r"^detector 'none': unknown option 'x': there are no options$"
    ):
        load_detector("none", options={"x": 1})
    for option in ("size", "=3", ""):
        with pytest.raises(ConfigError, match=f"KEY=VALUE, got '{option}'"):
            load_detector("theirs", options=[option])


def test_a_third_partys_detector_that_lacks_a_member() -> None:
    with pytest.raises(ConfigError, match=r"^detector 'old' lacks score_threshold: a detector has"):
        load_detector("old")


def test_threads_only_for_detectors_that_take_them() -> None:
    assert isinstance(load_detector("none", threads=1), Whole)
    assert given("a=1", name="open", threads=2) == {"a": "1", "threads": 2}
    loaded: Any = load_detector("open", threads=2, options={"threads": 3})
    assert loaded.given == {"threads": 3}


def test_the_options_of_mtcnn() -> None:
    options = ["min_face_size=60", "thresholds=0.5,0.6,0.9"]
    detector = load_detector("mtcnn", threads=1, options=options)
    assert isinstance(detector, MTCNN)
    assert (detector.min_face_size, tuple(detector.thresholds)) == (60, (0.5, 0.6, 0.9))
    assert parameters(MTCNN)["min_face_size"] == (float, 32)


def test_a_file_is_a_detector(tmp_path: Path) -> None:
    path = tmp_path / "some.onnx"
    tiny_detector(path)
    path.with_name("renamed.bin").write_bytes(path.read_bytes())
    for name in (path, str(path), tmp_path / "renamed.bin"):
        detector = load_detector(name, options=["score_threshold=0.1"])
        assert isinstance(detector, OnnxDetector)
        assert len(detector.detect(coloured(64, 64, (0, 1, 1, 9, 9)))) == 1
    with pytest.raises(ConfigError, match=r"is the file .* already"):
        load_detector(path, options={"model": "x"})
    detector = load_detector("faster_rcnn", options=[f"model={path}"])
    assert detector.facts.name == "tiny"


def test_a_file_does_not_take_a_names_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none").write_text("a file of that name")
    monkeypatch.chdir(tmp_path)
    assert isinstance(load_detector("none"), Whole)


def test_files_that_are_not_a_detector(tmp_path: Path, shared: Path) -> None:
    """Each is one line that says what to do."""
    run, text, empty = tmp_path / "run", tmp_path / "notes.txt", tmp_path / "empty.onnx"
    run.mkdir()
    text.write_text("hello")
    empty.touch()
    cases: list[tuple[object, type[MienError], str]] = [
        (run, ModelFileError, f"is a folder.*mien export {run} --out FILE.onnx"),
        (run / "last.pt", ModelFileError, r"is a checkpoint.*mien export .*last\.pt"),
        (text, ModelFileError, "expected an ONNX file"),
        (empty, ModelFileError, "is empty"),
        (tmp_path / "none.onnx", ModelFileError, "does not exist"),
        (tiny_classifier(tmp_path / "c.onnx").path, ModelSpecError, "'--model .*c.onnx'"),
        (
            shared / "weights" / "yunet_n_320_320.onnx",
            ModelSpecError,
            r"is YuNet.*'--detector yunet --detector-option model=.*yunet_n_320_320\.onnx'",
        ),
        ("mtcn", UnknownNameError, "did you mean 'mtcnn'.*or give an .onnx file"),
    ]
    for name, error, words in cases:
        with pytest.raises(error, match=words) as caught:
            load_detector(name)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
