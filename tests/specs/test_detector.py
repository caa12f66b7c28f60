from __future__ import annotations

import dataclasses
import json

import pytest

from mien.errors import ModelSpecError
from mien.specs.classifier import ModelSpec
from mien.specs.detector import METADATA_KEY, DetectorSpec

FULL = DetectorSpec(
    name="täst",
    short_side=320,
    long_side=640,
    stride=16,
    score_threshold=0.6,
    architecture="faster_rcnn mobilenet_v3_large",
    min_face_size=24,
    margin=-0.1,
    offset=(0.0, 0.05),
    trained_on="coco, split train",
    scores={"valid_ap50": 0.7},
    licence="Apache-2.0",
    sha256="0" * 64,
    card={"limits": ["upright faces"], "seed": 0},
)


def test_every_field_survives_the_metadata() -> None:
    least = DetectorSpec(name="x", short_side=1, long_side=1)
    for field in dataclasses.fields(DetectorSpec):
        if field.name not in ("name", "short_side", "long_side"):
            assert getattr(FULL, field.name) != getattr(least, field.name), field.name
    assert DetectorSpec.from_metadata(FULL.to_metadata()) == FULL
    assert DetectorSpec.from_metadata(least.to_metadata()) == least


def test_a_picture_may_keep_its_size() -> None:
    spec = dataclasses.replace(FULL, short_side=None, long_side=None)
    assert DetectorSpec.from_metadata(spec.to_metadata()) == spec


def test_a_newer_file_still_reads() -> None:
    raw = {**json.loads(FULL.to_metadata()[METADATA_KEY]), "from_the_future": 1}
    assert DetectorSpec.from_metadata({METADATA_KEY: json.dumps(raw)}) == FULL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": 5}, "must be text"),
        ({"trained_on": None}, "must be text"),
        ({"architecture": 5}, "architecture must be text"),
        ({"short_side": 0}, "must be whole numbers"),
        ({"short_side": "320"}, "must be whole numbers"),
        ({"long_side": 10**9}, "must be whole numbers"),
        ({"stride": 32.0}, "must be whole numbers"),
        ({"stride": True}, "must be whole numbers"),
        ({"long_side": 300}, "long_side 300 is smaller than short_side 320"),
        ({"short_side": None}, "must be whole numbers"),
        ({"long_side": None}, "must be whole numbers"),
        ({"min_face_size": -1}, "min_face_size must be from 0 to 4096 pixels"),
        ({"margin": -1}, "margin must be above -1"),
        ({"offset": (0, 11)}, "offset must be two numbers"),
        ({"score_threshold": 1.5}, "score_threshold must be from 0 to 1"),
        ({"score_threshold": "high"}, "score_threshold must be from 0 to 1"),
        ({"score_threshold": float("nan")}, "score_threshold must be from 0 to 1"),
        ({"scores": [1, 2]}, "scores must be finite numbers by name"),
        ({"scores": {"valid_ap50": "high"}}, "scores must be finite numbers by name"),
        ({"card": "hello"}, "card must be facts by name"),
    ],
)
def test_an_invalid_spec_says_what_is_wrong(change: dict[str, object], words: str) -> None:
    raw = {**json.loads(FULL.to_metadata()[METADATA_KEY]), **change}
    with pytest.raises(ModelSpecError, match=words) as caught:
        DetectorSpec.from_metadata({METADATA_KEY: json.dumps(raw)}, "some.onnx")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("some.onnx has a damaged detector spec")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"name": "x"}'])
def test_damaged_metadata(text: str) -> None:
    with pytest.raises(ModelSpecError, match=r"some\.onnx has a damaged detector spec"):
        DetectorSpec.from_metadata({METADATA_KEY: text}, "some.onnx")


def test_the_metadata_of_the_other_kind() -> None:
    spec = ModelSpec("c", ("anger",), input_size=8)
    with pytest.raises(ModelSpecError, match=r"no Mien detector spec.*mien export"):
        DetectorSpec.from_metadata(spec.to_metadata(), "some.onnx")
    with pytest.raises(ModelSpecError, match="no Mien model spec"):
        ModelSpec.from_metadata(FULL.to_metadata(), "some.onnx")
