from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

from mien import face_reading
from mien.scale.analysis import Analysis
from mien.scale.groups import groups
from mien.scale.inputs import Input
from mien.scale.settings import Settings
from tests.support import corpus


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Input]:
    folder = corpus.write(tmp_path_factory.mktemp("corpus") / "pictures", 20)
    paths = sorted(folder.iterdir())
    return [
        Input(str(path), path.stat().st_size, number=number) for number, path in enumerate(paths)
    ]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return Analysis(Settings(detector="none"))


def test_faces_are_classified_by_groups(
    analysis: Analysis, inputs: list[Input], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def note(classifier: Any, crops: Any, real: Any = face_reading.answers) -> Any:
        sizes.append(len(crops))
        return real(classifier, crops)

    whole = analysis.run(inputs)
    monkeypatch.setattr(face_reading, "answers", note)
    first, second = groups(inputs)
    assert len(first) == 16 and analysis.run(second).inputs.equals(whole.inputs.slice(16))
    assert analysis.run(first).faces.equals(whole.faces.filter(_below(whole.faces, 16)))
    assert sizes == [4, 16]  # the last of the five is no picture
    assert whole.inputs.column("error").null_count == 20 == len(whole.faces)


def test_an_error_of_one_face_costs_no_other_answer(
    analysis: Analysis, inputs: list[Input], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = analysis.run(inputs[:4]), iter([False, True, False, True])

    def fail(classifier: Any, crops: Any, real: Any = face_reading.answers) -> Any:
        if not next(calls, True):  # for all together, and for the second alone
            raise ValueError("an odd face")
        return real(classifier, crops)

    monkeypatch.setattr(face_reading, "answers", fail)
    found = analysis.run(inputs[:4])
    errors = found.inputs.column("error").to_pylist()
    assert errors[0] is errors[2] is errors[3] is None
    assert errors[1] == f"cannot analyse {inputs[1].source!r} (ValueError): an odd face"
    assert found.faces.column("input").to_pylist() == [0, 2, 3]
    kept = [row for row in whole.faces.to_pylist() if row["input"] != 1]
    for row, other in zip(found.faces.to_pylist(), kept, strict=True):
        assert row == pytest.approx(other)


def _below(faces: Any, number: int) -> Any:
    import pyarrow.compute as pc

    return pc.less(faces.column("input"), number)
