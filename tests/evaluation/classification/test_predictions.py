from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, OutputError
from mien.evaluation.classification.predictions import (
    Predictions,
    examples,
    surest_mistakes,
)
from tests.support.answers import answers


def predictions(**values: object) -> Predictions:
    probs = np.array([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]], np.float32)
    made = Predictions(
        probs=probs,
        labels=np.array([0, 0, 1]),
        names=("neutral", "happiness"),
        keys=("a/ä.png", "b.png", "c.png"),
        repeated=np.array([False, True, False]),
        model="tiny",
        model_hash="",
        dataset="folder",
        split="valid",
        splits="official",
        tta=True,
        fingerprint="00ff",
        repeats_of="",
        skipped=("d.png: cut short",),
        no_face=("e.png",),
        no_face_labels=np.array([1]),
    )
    return dataclasses.replace(made, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("skipped", [(), ("d.png: cut short", "e.png: empty")])
def test_what_is_saved_comes_back(tmp_path: Path, skipped: tuple[str, ...]) -> None:
    made = predictions(skipped=skipped)
    made.save(tmp_path / "p.npz")
    read = Predictions.load(tmp_path / "p.npz")
    for field in dataclasses.fields(Predictions):
        before, after = getattr(made, field.name), getattr(read, field.name)
        if isinstance(before, np.ndarray):
            assert np.array_equal(before, after) and before.dtype == after.dtype
        else:
            assert before == after and type(before) is type(after)
    assert len(read) == 3 and read.predicted.tolist() == [0, 1, 0]


def test_a_file_of_an_earlier_version_has_no_temperature_and_no_affect(tmp_path: Path) -> None:
    later = {"temperature", "uncalibrated", "affect", "affect_known"}
    made = {f.name: getattr(answers(), f.name) for f in dataclasses.fields(Predictions)}
    np.savez(tmp_path / "before.npz", **{k: v for k, v in made.items() if k not in later})
    read = Predictions.load(tmp_path / "before.npz")
    assert (read.temperature, read.uncalibrated, read.affect, read.affect_known) == (
        1.0, None, None, None,
    )  # fmt: skip


def test_a_file_of_something_else_is_refused_and_never_executed(tmp_path: Path) -> None:
    trap = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (trap,)

    cases = {
        "pickle.npz": pickle.dumps(Trap()),
        "text.npz": b"no archive",
        "zip.npz": b"PK\x05\x06" + bytes(18),
        "empty.npz": b"",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is not a file of predictions"):
            Predictions.load(tmp_path / name)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"array\.npy is not a file of predictions"):
        Predictions.load(tmp_path / "array.npy")
    np.savez(tmp_path / "object.npz", probs=np.array([Trap()], object))
    with pytest.raises(InputError, match=r"object\.npz is not a file of predictions"):
        Predictions.load(tmp_path / "object.npz")
    assert not trap.exists()
    given = answers(
        uncalibrated=answers().probs, affect=np.zeros((200, 2), np.float32),
        affect_known=np.full((200, 2), np.nan, np.float32),
    )  # fmt: skip
    made = {field.name: getattr(given, field.name) for field in dataclasses.fields(Predictions)}
    np.savez(tmp_path / "fits.npz", **made)
    Predictions.load(tmp_path / "fits.npz")
    for name, wrong in (
        ("labels", np.full(200, 7)),
        ("labels", np.zeros(200)),
        ("keys", np.array(["a"])),
        ("probs", np.zeros(200)),
        ("names", np.array("anger")),
        ("uncalibrated", np.zeros((200, 7), np.float32)),
        ("uncalibrated", given.probs[:, :6]),
        ("temperature", np.array(0.0)),
        ("temperature", np.array("warm")),
        ("affect", np.zeros((200, 3), np.float32)),
        ("affect", np.full((200, 2), np.nan, np.float32)),
        ("affect_known", np.full((200, 2), 1.5, np.float32)),
    ):
        np.savez(tmp_path / "misfit.npz", **{**made, name: wrong})
        with pytest.raises(InputError, match=r"misfit\.npz is not a file of predictions"):
            Predictions.load(tmp_path / "misfit.npz")
    answers(20_000).save(tmp_path / "damaged.npz")
    damaged = bytearray((tmp_path / "damaged.npz").read_bytes())
    damaged[1000:1100] = b"\xff" * 100  # inside a deflated member
    (tmp_path / "damaged.npz").write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged\.npz is not a file of predictions"):
        Predictions.load(tmp_path / "damaged.npz")
    with pytest.raises(InputError, match="no predictions at"):
        Predictions.load(tmp_path / "nothing.npz")
    with pytest.raises(OutputError, match="nowhere"):
        predictions().save(tmp_path / "nowhere" / "p.npz")


def test_the_surest_mistakes_come_first() -> None:
    made = answers()
    found = surest_mistakes(made, 10)
    assert len(found) == 10 and (made.predicted[found] != made.labels[found]).all()
    confidence = made.probs.max(axis=1)
    wrong = made.predicted != made.labels
    assert np.allclose(confidence[found], np.sort(confidence[wrong])[::-1][:10])
    perfect = dataclasses.replace(made, labels=made.predicted)
    assert len(surest_mistakes(perfect, 10)) == 0


def test_examples_are_half_mistakes_and_otherwise_of_every_class_in_turn() -> None:
    made = answers()
    found = examples(made, 16)
    right, wrong = found[:8], found[8:]
    assert (made.predicted[right] == made.labels[right]).all()
    assert np.array_equal(wrong, surest_mistakes(made, 8))
    assert sorted(made.labels[right].tolist()) == [0, 0, 1, 1, 2, 3, 4, 5]  # class 6 is empty
    of_two = np.flatnonzero((made.predicted == 2) & (made.labels == 2))
    confidence = made.probs.max(axis=1)
    chosen = confidence[right[made.labels[right] == 2][0]]
    distances = np.abs(confidence[of_two] - np.median(confidence[of_two]))
    assert abs(chosen - np.median(confidence[of_two])) == pytest.approx(distances.min())
    perfect = dataclasses.replace(made, labels=made.predicted)
    assert len(set(examples(perfect, 6).tolist())) == 6
    assert len(examples(made, 0)) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"labels": np.array([0, 0, 2])},
        {"labels": np.array([0, -1, 1])},
        {"labels": np.array([0.0, 0.0, 1.0])},
        {"probs": np.array([[0.7, np.nan], [0.2, 0.8], [0.5, 0.5]], np.float32)},
        {"probs": np.array([[1.7, -0.7], [0.2, 0.8], [0.5, 0.5]], np.float32)},
        {"probs": np.array([[0.7, 0.7], [0.2, 0.8], [0.5, 0.5]], np.float32)},
        {"probs": np.array([[1, 0], [0, 1], [1, 0]])},
        {"names": ("neutral", "neutral")},
        {"names": (1, 2)},
        {"keys": ("a", "b")},
        {"repeated": np.array([0, 1, 0])},
        {"model": 5},
        {"tta": "yes"},
        {"skipped": np.array(5)},
    ],
)
def test_values_that_no_model_gives_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    predictions(**change).save(tmp_path / "p.npz")
    with pytest.raises(InputError, match="is not a file of predictions by 'mien evaluate'"):
        Predictions.load(tmp_path / "p.npz")


def test_files_of_before_have_no_photos_without_a_face(tmp_path: Path) -> None:
    predictions().save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as arrays:
        old = {name: arrays[name] for name in arrays.files if not name.startswith("no_face")}
    np.savez(tmp_path / "old.npz", **old)
    read = Predictions.load(tmp_path / "old.npz")
    assert read.no_face == () and read.no_face_labels.tolist() == []


@pytest.mark.parametrize("labels", [[], [2], [-1], [0.5]])
def test_photos_without_a_face_have_a_label_each(labels: list[float], tmp_path: Path) -> None:
    predictions(no_face_labels=np.array(labels)).save(tmp_path / "p.npz")
    with pytest.raises(InputError, match="is not a file of predictions"):
        Predictions.load(tmp_path / "p.npz")
