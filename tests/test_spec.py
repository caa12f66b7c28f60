from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnxruntime
import pytest

from mien.errors import ModelSpecError
from mien.labels import FER2013
from mien.spec import METADATA_KEY, ModelSpec
from models import tiny_classifier

FULL = ModelSpec(
    name="täst",
    labels=FER2013,
    input_size=44,
    channels=3,
    mean=(0.1, 0.2, 0.3),
    std=(0.2, 0.25, 1 / 3),
    resize=48,
    margin=0.15,
    offset=(0.0, 0.05),
    align=True,
    temperature=1.37,
    trained_on="FER2013 Training",
    scores={"public_accuracy": 0.7},
    licence="Apache-2.0",
    sha256="0" * 64,
    card={"limits": ["frontal faces"], "seed": 0},
)


def test_every_field_survives_the_metadata() -> None:
    default = ModelSpec(name="x", labels=("anger",), input_size=1)
    for field in dataclasses.fields(ModelSpec):
        if field.name not in ("name", "labels", "input_size"):
            assert getattr(FULL, field.name) != getattr(default, field.name), field.name
    assert ModelSpec.from_metadata(FULL.to_metadata()) == FULL
    assert ModelSpec.from_metadata(default.to_metadata()) == default


def test_onnx_runtime_reads_it_from_a_file(tmp_path: Path) -> None:
    tiny = tiny_classifier(tmp_path / "tiny.onnx", temperature=1.5, margin=0.2)
    session = onnxruntime.InferenceSession(tiny.path, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert ModelSpec.from_metadata(metadata) == tiny.spec


def test_a_newer_file_still_reads() -> None:
    raw = {**json.loads(FULL.to_metadata()[METADATA_KEY]), "from_the_future": 1}
    assert ModelSpec.from_metadata({METADATA_KEY: json.dumps(raw)}) == FULL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": []}, "labels must be distinct"),
        ({"labels": ["anger", "anger"]}, "labels must be distinct"),
        ({"channels": 2}, "channels must be 1 or 3"),
        ({"input_size": 0}, "input_size must be positive"),
        ({"resize": 40}, "resize 40 is smaller than input_size 44"),
        ({"mean": [0.5]}, "need 3 values each"),
        ({"std": [0.5, 0.0, 0.5]}, "std none of 0"),
        ({"temperature": 0}, "temperature must be positive"),
        ({"margin": -1}, "margin must be above -1"),
        ({"input_size": "44"}, "damaged model spec"),
        ({"labels": None}, "labels must be distinct"),
    ],
)
def test_an_invalid_spec_says_what_is_wrong(change: dict[str, object], words: str) -> None:
    raw = {**json.loads(FULL.to_metadata()[METADATA_KEY]), **change}
    with pytest.raises(ModelSpecError, match=words) as caught:
        ModelSpec.from_metadata({METADATA_KEY: json.dumps(raw)}, "some.onnx")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"name": "x"}'])
def test_damaged_metadata(text: str) -> None:
    with pytest.raises(ModelSpecError, match=r"some\.onnx carries a damaged model spec"):
        ModelSpec.from_metadata({METADATA_KEY: text}, "some.onnx")


def test_no_spec_at_all_says_what_to_do() -> None:
    with pytest.raises(ModelSpecError, match="mien export"):
        ModelSpec.from_metadata({"author": "someone"}, "some.onnx")
