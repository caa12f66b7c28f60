from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mien.classifiers.onnx import OnnxClassifier
from mien.datasets.base import Dataset
from mien.evaluation.classification.measures import Evaluation, Headline, measure
from mien.labels import FER2013
from tests.support.answers import answers
from tests.support.by_hand import by_hand, evaluate, pictures
from tests.support.models import Tiny


def test_figures_are_those_of_a_computation_by_hand(data: Dataset, tiny: Tiny) -> None:
    sklearn = pytest.importorskip("sklearn.metrics", reason="the 'dev' extra brings scikit-learn")
    images, labels = pictures(data, "public")
    probs = by_hand(tiny, images[:, 2:46, 2:46])
    predicted = probs.argmax(axis=1)
    found = evaluate(OnnxClassifier(tiny.path), data, "public")
    assert found.n == 21 and found.labels == FER2013
    assert found.accuracy == pytest.approx(np.mean(predicted == labels))
    assert found.nll == pytest.approx(-np.log(probs[np.arange(21), labels]).mean(), rel=1e-4)
    assert found.macro_f1 == pytest.approx(
        sklearn.f1_score(labels, predicted, average="macro", zero_division=0)
    )
    matrix = sklearn.confusion_matrix(labels, predicted, labels=range(7))
    assert np.array_equal(found.confusion, matrix)
    columns = sklearn.precision_recall_fscore_support(
        labels, predicted, labels=range(7), zero_division=0
    )
    for label, *expected in zip(FER2013, *columns, strict=True):
        assert dataclasses.astuple(found.per_class[label]) == pytest.approx(tuple(expected))

    kept = slice(0, 16)  # the others repeat training pictures
    assert found.duplicates_of == "train" and found.without_duplicates is not None
    assert found.without_duplicates.n == 16
    assert found.without_duplicates.accuracy == pytest.approx(
        np.mean(predicted[kept] == labels[kept])
    )
    expected_nll = -np.log(probs[np.arange(16), labels[kept]]).mean()
    assert found.without_duplicates.nll == pytest.approx(expected_nll, rel=1e-4)


def test_duplicates_are_left_in_where_nothing_is_to_be_left_out(data: Dataset, tiny: Tiny) -> None:
    model = OnnxClassifier(tiny.path)
    for found in (
        evaluate(model, data, "train"),
        evaluate(model, data, "public", repeats_of=None),
        evaluate(model, data, "public", repeats_of="test"),
    ):
        assert found.without_duplicates is None and found.duplicates_of is None


def test_to_dict_is_json(data: Dataset, tiny: Tiny) -> None:
    found: Evaluation = evaluate(OnnxClassifier(tiny.path), data, "public")
    read = json.loads(json.dumps(found.to_dict()))
    assert read["per_class"]["fear"]["support"] == found.per_class["fear"].support
    assert read["without_duplicates"]["n"] == 16 and len(read["confusion"]) == 7


def test_intervals_hold_the_measure_and_widen_without_pictures(data: Dataset, tiny: Tiny) -> None:
    found = evaluate(OnnxClassifier(tiny.path), data, "public")
    assert found.without_duplicates is not None
    for name, interval in found.intervals.items():
        assert interval.low <= getattr(found, name) <= interval.high
    read = json.loads(json.dumps(found.to_dict()))
    assert read["intervals"]["accuracy"]["high"] == found.intervals["accuracy"].high


def test_photos_without_a_face_are_wrong_and_left_out_of_a_second_figure() -> None:
    sklearn = pytest.importorskip("sklearn.metrics", reason="the 'dev' extra brings scikit-learn")
    made = answers(50)
    lost = np.array([0, 0, 3, 5])
    found = measure(dataclasses.replace(made, no_face=("a", "b", "c", "d"), no_face_labels=lost))
    # A class of its own, which no picture has, is what the lost ones were "classified" as.
    labels = np.concatenate([made.labels, lost])
    predicted = np.concatenate([made.predicted, np.full(4, 7)])
    assert found.n == 54 and found.no_face == ("a", "b", "c", "d")
    assert found.accuracy == pytest.approx(np.mean(labels == predicted))
    precision, recall, f1, support = sklearn.precision_recall_fscore_support(
        labels, predicted, labels=range(7), zero_division=0
    )
    occurs = sorted({*labels.tolist(), *predicted.tolist()} - {7})
    assert found.balanced_accuracy == pytest.approx(recall[support > 0].mean())
    assert found.macro_f1 == pytest.approx(f1[occurs].mean())
    matrix = sklearn.confusion_matrix(labels, predicted, labels=range(8))
    assert np.array_equal(found.confusion, matrix[:7])
    assert found.columns == (*FER2013, "no face found")
    assert [row.support for row in found.per_class.values()] == support.tolist()
    assert [row.precision for row in found.per_class.values()] == pytest.approx(precision)

    plain = measure(made)
    assert plain.with_face is None and plain.columns == FER2013
    assert found.with_face is not None
    for field in dataclasses.fields(Headline):
        assert getattr(found.with_face, field.name) == getattr(plain, field.name)
    assert (found.ece, found.nll, found.aurc) == (plain.ece, plain.nll, plain.aurc)
    low, high = dataclasses.astuple(found.intervals["accuracy"])
    assert low < found.accuracy < high < plain.accuracy + 0.2
