from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector
from mien.errors import InputError, OutputError
from mien.evaluation.classification.measures import measure as measure_classifier
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.detect import detect_all
from mien.evaluation.detection.measures import measure as measure_detector
from mien.evaluation.kept_answers import (
    are_answers_to,
    detections_path,
    holds_detections,
    keep_answers,
    load_answers,
    predictions_path,
)
from tests.support.answers import answers
from tests.support.coloured_faces import data_and_detector
from tests.support.detections import made_up


def test_a_run_has_a_place_for_each_kind_split_and_crops() -> None:
    run = Path("runs/mine")
    places = {
        predictions_path(run, "valid"),
        predictions_path(run, "valid", tta=True),
        predictions_path(run, "public"),
        detections_path(run, "valid"),
        detections_path(run, "public"),
    }
    assert len(places) == 5 and all(place.is_relative_to(run) for place in places)


def test_what_is_kept_is_loaded_as_its_kind(tmp_path: Path) -> None:
    keep_answers(answers(), predictions_path(tmp_path, "valid"))
    keep_answers(made_up(0), detections_path(tmp_path, "valid"))
    first = load_answers(tmp_path / "predictions" / "valid.npz")
    second = load_answers(tmp_path / "detections" / "valid.npz")
    assert isinstance(first, Predictions) and np.array_equal(first.probs, answers().probs)
    assert isinstance(second, Detections) and second.fingerprint == made_up(0).fingerprint
    assert first.split == second.split == "valid"
    assert second.keys == tuple(answer.key for answer in second.answers)


def test_a_run_that_cannot_be_written_to_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "predictions").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*predictions"):
        keep_answers(answers(), predictions_path(tmp_path, "valid"))
    with pytest.raises(OutputError, match="nowhere"):
        keep_answers(answers(), predictions_path(tmp_path / "nowhere", "valid"))


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_file_of_something_else_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "answers.npz"
    if content is not None:
        path.write_bytes(content)
    assert not holds_detections(path) and not holds_detections("\0")
    with pytest.raises(InputError, match=r"answers\.npz"):
        load_answers(path)


def test_answers_that_an_earlier_version_saved(tmp_path: Path) -> None:
    """They load, give the figures of that time, and are written back whole."""
    fixtures = Path(__file__).parents[1] / "fixtures" / "answers"
    expected = json.loads((fixtures / "scores.json").read_text("utf-8"))
    for name, measure in (("predictions", measure_classifier), ("detections", measure_detector)):
        old = load_answers(fixtures / f"{name}.npz")
        scores = json.loads(json.dumps(measure(old).to_dict()))
        for key, value in expected[name].items():
            assert scores[key] == (pytest.approx(value) if isinstance(value, float) else value), key
        old.save(tmp_path / "again.npz")
        with np.load(fixtures / f"{name}.npz") as before, np.load(tmp_path / "again.npz") as after:
            assert set(before.files) <= set(after.files)  # later versions added some
            assert all(np.array_equal(before[array], after[array]) for array in before.files)


def test_answers_belong_to_their_data_only(tmp_path: Path) -> None:
    data, file = data_and_detector(tmp_path)
    scenes = open_dataset(data, "coco")
    found = detect_all(load_detector(file), scenes, "valid")
    assert are_answers_to(found, scenes, "valid")
    found.save(tmp_path / "kept.npz")
    kept = Detections.load(tmp_path / "kept.npz")
    assert are_answers_to(kept, scenes, "valid") and not are_answers_to(kept, scenes, "train")
    fewer = replace(kept, answers=kept.answers[1:])
    assert not are_answers_to(fewer, scenes, "valid")
    assert are_answers_to(replace(fewer, skipped=("it is damaged",)), scenes, "valid")
    first = kept.answers[0]
    moved = replace(first, truth=first.truth + 1)
    assert not are_answers_to(replace(kept, answers=(moved, *kept.answers[1:])), scenes, "valid")


def test_a_zip_of_a_later_version_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, words=np.array("{}"), truth=np.zeros(4))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")  # the last entry of the directory
    data[at + 6] = 200  # the version that is needed to read it
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a file of predictions"):
        load_answers(path)
