from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnxruntime
import pytest

from mien.errors import ModelSpecError
from mien.labels import FER2013
from mien.specs.classifier import METADATA_KEY, ModelSpec
from tests.support.models import tiny_classifier

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
    affect=True,
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
        ({"labels": None}, "labels must be a tuple of printable words"),
        ({"labels": "abcdefg"}, "labels must be a tuple"),
        ({"labels": [1, 2]}, "labels must be a tuple"),
        ({"labels": ["two\nlines"]}, "labels must be a tuple of printable words"),
        ({"name": 5}, "name, trained_on, licence and sha256 must be text"),
        ({"sha256": None}, "name, trained_on, licence and sha256 must be text"),
        ({"channels": 2}, "channels must be 1 or 3"),
        ({"input_size": 0}, "input_size and resize must be whole numbers"),
        ({"input_size": "44"}, "input_size and resize must be whole numbers"),
        ({"input_size": 10**9}, "input_size and resize must be whole numbers"),
        ({"resize": 48.5}, "input_size and resize must be whole numbers"),
        ({"resize": 40}, "resize 40 is smaller than input_size 44"),
        ({"mean": [0.5]}, "mean must be one number a channel"),
        ({"mean": ["a", "b", "c"]}, "mean must be one number a channel"),
        ({"std": [0.5, float("nan"), 0.5]}, "std must be one number a channel"),
        ({"std": [0.5, 0.0, 0.5]}, "std must be .* of a size from 1e-06"),
        ({"temperature": 0}, "temperature must be from 0.01 to 100, got 0"),
        ({"temperature": float("inf")}, "temperature must be from 0.01 to 100, got inf"),
        ({"margin": -1}, "margin must be above -1"),
        ({"margin": 1e6}, "margin must be above -1, at most 10"),
        ({"offset": [0.1]}, "offset must be two numbers"),
        ({"offset": "xy"}, "offset must be two numbers"),
        ({"temperature": 1e-320}, "temperature must be from"),
        ({"temperature": 10**30}, "temperature must be from"),
        ({"offset": [1e300, 0]}, "offset must be two numbers from -10 to 10"),
        ({"offset": [0, -11]}, "offset must be two numbers from -10 to 10"),
        ({"mean": [0, 0, 1e39]}, "mean must be one number a channel"),
        ({"std": [1, 1, 1e-40]}, "std must be one number a channel"),
        ({"std": [1, 1, True]}, "std must be one number a channel"),
        ({"channels": 3.0}, "channels must be 1 or 3, got 3.0"),
        ({"channels": True}, "channels must be 1 or 3, got True"),
        ({"labels": [f"label {i}" for i in range(1001)]}, "1 to 1000, got .*…"),
        ({"labels": ["a" * 201]}, "labels must be a tuple of printable words"),
        ({"labels": ["a", "\ud800"]}, "labels must be a tuple of printable words"),
        ({"name": "\ud800"}, "must be text"),
        ({"card": {"a": "\ud800"}}, "card must be facts by name"),
        ({"align": "no"}, "align must be true or false"),
        ({"scores": [1, 2]}, "scores must be finite numbers by name"),
        ({"scores": {"public_accuracy": "high"}}, "scores must be finite numbers by name"),
        ({"card": "hello"}, "card must be facts by name"),
    ],
)
def test_an_invalid_spec_says_what_is_wrong(change: dict[str, object], words: str) -> None:
    raw = {**json.loads(FULL.to_metadata()[METADATA_KEY]), **change}
    with pytest.raises(ModelSpecError, match=words) as caught:
        ModelSpec.from_metadata({METADATA_KEY: json.dumps(raw)}, "some.onnx")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "null", '{"name": "x"}', "[" * 3000, "9" * 400, "9" * 5000]
)
def test_damaged_metadata(text: str) -> None:
    with pytest.raises(ModelSpecError, match=r"some\.onnx has a damaged model spec"):
        ModelSpec.from_metadata({METADATA_KEY: text}, "some.onnx")


def test_no_spec_at_all_says_what_to_do() -> None:
    with pytest.raises(ModelSpecError, match="mien export"):
        ModelSpec.from_metadata({"author": "someone"}, "some.onnx")
