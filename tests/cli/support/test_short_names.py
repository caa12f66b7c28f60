from __future__ import annotations

from mien.cli.support.short_names import short_names


def test_a_name_is_the_last_part_that_says_something() -> None:
    given = [
        "default", "runs/vgg16", "runs/cnn/", "runs/mlp/predictions/public.npz",
        "runs/frcnn/detections/valid.npz", "models/x.onnx", "runs/knn/last.pt",
    ]  # fmt: skip
    assert list(short_names(given).values()) == [
        "default", "vgg16", "cnn", "mlp", "frcnn", "x", "last",
    ]  # fmt: skip


def test_two_that_would_share_a_name_keep_their_text() -> None:
    given = ["runs/x", "x.onnx", "y.onnx"]
    assert short_names(given) == {"runs/x": "runs/x", "x.onnx": "x.onnx", "y.onnx": "y"}
