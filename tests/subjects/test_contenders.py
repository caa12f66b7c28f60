from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import ConfigError, InputError
from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.predict import predict
from mien.subjects.base import Settings
from mien.subjects.contenders import Contender, common_kind, compare, gather, open_common
from mien.subjects.source import identify
from tests.support import tiny
from tests.support.answers import answers
from tests.support.coloured_faces import data_and_detector
from tests.support.detections import made_up
from tests.support.detector_models import tiny_detector
from tests.support.models import tiny_classifier


def contenders(*texts: object, settings: Settings | None = None) -> list[Contender]:
    return [
        Contender(Path(str(text)).stem, identify(str(text)), settings or Settings())
        for text in texts
    ]


def test_saved_answers_need_no_data_and_say_their_split(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made_up(0).save(tmp_path / f"{name}.npz")
    found = gather(contenders(tmp_path / "a.npz", tmp_path / "b.npz"), None, None)
    assert list(found.answers) == ["a", "b"] and found.data is None and found.warnings == []
    assert found.answers["a"].split == "valid"


def test_a_run_s_kept_answers_are_used_unless_settings_change_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "detections").mkdir(parents=True)
    (run / "recipe.json").write_text(json.dumps({"task": "detection"}))
    replace(made_up(0), detector="kept").save(run / "detections" / "valid.npz")
    made_up(0).save(tmp_path / "b.npz")
    found = gather(contenders(run, tmp_path / "b.npz"), None, None)
    assert found.answers["run"].detector == "kept"
    limited = contenders(run, tmp_path / "b.npz", settings=Settings(limit=3))
    with pytest.raises(ConfigError, match=r"run: no saved answers on the split 'valid'; add"):
        gather(limited, None, None)


def test_ten_crops_are_kept_apart(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "predictions").mkdir(parents=True)
    answers(tta=True).save(run / "predictions" / "valid-tencrops.npz")
    (found,) = gather(contenders(run, settings=Settings(tta=True)), None, "valid").answers.values()
    assert found.tta
    with pytest.raises(ConfigError, match=r"run: no saved answers on the split 'valid'; add"):
        gather(contenders(run), None, "valid")
    with pytest.raises(ConfigError, match=r"'public', ten crops; add --data PATH"):
        gather(contenders(run, settings=Settings(tta=True)), None, "public")


def test_detectors_without_saved_answers_are_asked_on_the_only_split(tmp_path: Path) -> None:
    data, model = data_and_detector(tmp_path)
    tiny_detector(tmp_path / "rash.onnx", name="rash", answers=(0.8, 0.9, 0.85))
    both = contenders(model, tmp_path / "rash.onnx")
    with pytest.raises(ConfigError, match=r"colours\.onnx, .*rash\.onnx: no saved answers; add"):
        gather(both, None, None)
    calls: list[tuple[int, int]] = []
    found = gather(both, open_common(both, str(data)), None, lambda *at: calls.append(at))
    assert [len(each) for each in found.answers.values()] == [5, 5] and calls.count((5, 5)) == 2
    assert found.data is not None and found.data.name == "faces_val"


def test_all_models_are_loaded_before_the_first_is_asked(tmp_path: Path) -> None:
    data, model = data_and_detector(tmp_path)
    calls: list[tuple[int, int]] = []
    with pytest.raises(ConfigError, match="faster_rcnn"):
        missing = contenders(model, "faster_rcnn")
        gather(missing, open_common(missing, str(data)), None, lambda *at: calls.append(at))
    assert calls == []


def test_classifiers_are_measured_as_the_first_run_divides_the_data(tmp_path: Path) -> None:
    """The other one answers the run's own pictures, and is warned about what it has seen there."""
    pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    data = tiny.write_csv(tmp_path / "fer2013.csv")
    run = tmp_path / "run"
    (run / "predictions").mkdir(parents=True)
    recipe = tiny.config(
        dataset="fer2013", splits="random:80/20", splits_seed=3, valid_split="valid"
    ).to_dict()
    (run / "recipe.json").write_text(json.dumps(recipe))
    own = resplit(open_dataset(data), "random:80/20", "train", 3)
    kept = predict(OnnxClassifier(tiny_classifier(tmp_path / "kept.onnx").path), own, "valid")
    replace(kept, model="kept").save(run / "predictions" / "valid.npz")
    card = {"recipe": {"dataset": "fer2013", "train_split": "train"}}
    model = tiny_classifier(tmp_path / "other.onnx", card=card).path
    both = contenders(model, run)
    found = gather(both, open_common(both, str(data)), "valid")
    assert found.answers["run"].model == "kept"
    assert found.answers["other"].keys == tuple(sample.key for sample in own.samples("valid"))
    assert found.answers["other"].splits == "random:80/20"
    assert found.warnings == [
        "other: the classifier was trained on split 'valid': these figures flatter it"
    ]


def test_kinds_do_not_mix(tmp_path: Path) -> None:
    assert common_kind([identify("mtcnn"), identify("none")]) == "detector"
    assert common_kind([identify("default")]) == "classifier"
    words = "mtcnn is a face detector and default is a classifier: compare models of one kind"
    with pytest.raises(ConfigError, match=words):
        common_kind([identify("mtcnn"), identify("default")])


def test_classifiers_are_compared_with_their_costs(tmp_path: Path) -> None:
    Cost(parameters=7).save(tmp_path / "cost.json")
    (tmp_path / "predictions").mkdir()
    answers().save(tmp_path / "predictions" / "a.npz")
    answers().save(tmp_path / "b.npz")
    both = contenders(tmp_path / "predictions" / "a.npz", tmp_path / "b.npz")
    found = compare(both, gather(both, None, None))
    assert {row.name: row.cost.parameters for row in found.rows} == {"a": 7, "b": None}
    answers(split="public").save(tmp_path / "b.npz")
    (tmp_path / "cost.json").write_text("{")  # costs are read after that
    with pytest.raises(InputError, match="a and b cannot be compared: split valid against public"):
        compare(both, gather(both, None, None))


def test_detectors_are_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made_up(0).save(tmp_path / f"{name}.npz")
    both = contenders(tmp_path / "a.npz", tmp_path / "b.npz")
    found = compare(both, gather(both, None, None))
    assert [row.name for row in found.rows] == ["a", "b"] and found.pairs[0].difference == 0
