from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.kept_answers import load_answers
from tests.support.corrupted import corrupted_answers


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    made = corrupted_answers(
        skipped=("ä.png: cut short",), no_face=("e.png",), no_face_labels=np.array([1])
    )
    made.save(tmp_path / "a.npz")
    read = load_answers(tmp_path / "a.npz")
    assert isinstance(read, CorruptedAnswers) and len(read) == 60
    for field in fields(CorruptedAnswers):
        before, after = getattr(made, field.name), getattr(read, field.name)
        if isinstance(before, np.ndarray):
            assert np.array_equal(before, after) and before.dtype == after.dtype
        else:
            assert before == after and type(before) is type(after)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"clean": np.arange(59) % 7}, "shapes or types"),
        ({"corrupted": np.zeros((60, 8, 4), np.int64)}, "shapes or types"),
        ({"corrupted": np.zeros((60, 8, 5))}, "shapes or types"),
        ({"labels": np.full(60, 7)}, "not indices of its names"),
        ({"clean": np.full(60, -1)}, "not indices of its names"),
        ({"levels": np.full((8, 5), np.nan)}, "not finite"),
        ({"levels": np.zeros((8, 4))}, "shapes or types"),
        ({"kinds": ("blur",) * 8}, "not distinct"),
        ({"kinds": ()}, "shapes or types"),
        ({"model": np.array(3)}, "model is not a text"),
        ({"no_face": ("a.png",)}, "shapes or types"),
    ],
)
def test_a_file_that_does_not_fit_itself_is_refused(
    tmp_path: Path, changed: dict[str, Any], problem: str
) -> None:
    made = corrupted_answers()
    values = {each.name: getattr(made, each.name) for each in fields(made)}
    np.savez(tmp_path / "a.npz", **{**values, **changed})
    with pytest.raises(InputError, match=f"by 'mien evaluate --corruptions': .*{problem}"):
        CorruptedAnswers.load(tmp_path / "a.npz")


def test_damaged_and_missing_files_are_one_line(tmp_path: Path) -> None:
    corrupted_answers().save(tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "few.npz", clean=np.zeros(3), corrupted=np.zeros(3))
    for name in ("cut", "few"):
        with pytest.raises(InputError, match="is not a file of answers") as caught:
            CorruptedAnswers.load(tmp_path / f"{name}.npz")
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no answers at"):
        CorruptedAnswers.load(tmp_path / "missing.npz")
