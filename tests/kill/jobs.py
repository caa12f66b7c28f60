"""The commands that write, each small enough to run in a second or a few."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from mien.samples import ASTRONAUT
from tests.support import clips, tiny
from tests.support.models import tiny_classifier


@dataclass(frozen=True)
class Job:
    """One command."""

    name: str
    arguments: Callable[[Path], list[object]]
    """Of the first run, given the folder that it writes into."""
    again: tuple[str, ...] = ()
    """What the run after a kill adds, if the one before has left a checkpoint."""
    prepare: Callable[[], None] = lambda: None
    """Runs in the process of the command, before it."""
    weight: float = 1.0
    """Share of the kills."""


class Material:
    """The inputs of all jobs, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.csv = tiny.write_csv(folder / "fer2013.csv")
        self.photos = folder / "photos"
        self.photos.mkdir()
        with Image.open(ASTRONAUT) as picture:
            face = picture.convert("RGB").crop((130, 20, 330, 220)).resize((80, 80))
            for number in range(40):
                face.rotate(number - 20).save(self.photos / f"p{number:02}.jpg")
        self.clip = clips.write(folder / "clip.avi", frames=30)
        self.model = folder / "model.onnx"
        tiny_classifier(self.model)
        (folder / "space.toml").write_text("lr = [0.01, 0.05, 0.1]\n")
        (folder / "study.toml").write_text(tiny.STUDY.format(batch_size=32))
        self.scenes = folder / "scenes"
        self._write_scenes()

    def _write_scenes(self) -> None:
        (self.scenes / "images").mkdir(parents=True)
        images, annotations = [], []
        with Image.open(ASTRONAUT) as picture:
            small = picture.convert("RGB").resize((128, 128))
        for number in range(8):
            name = f"s{number}.jpg"
            small.rotate(2 * number).save(self.scenes / "images" / name)
            images.append({"id": number, "file_name": name, "width": 128, "height": 128})
            box = {"bbox": [44, 14, 22, 28], "area": 616, "iscrowd": 0}
            annotations.append({"id": number, "image_id": number, "category_id": 1, **box})
        table = {
            "images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "face"}],
        }  # fmt: skip
        (self.scenes / "annotations.json").write_text(json.dumps(table))


def training(material: Material, epochs: int) -> list[object]:
    """``mien train`` of a small perceptron, without its ``--out``."""
    return [
        "train", "mlp", "--data", material.csv, "--device", "cpu", "--epochs", epochs, "--limit",
        96, "--set", "widths=[8]", "--set", "batch_size=32", "--set", "resize=16", "--set",
        "input_size=16", "--threads", 1,
    ]  # fmt: skip


def jobs(material: Material, run: Path) -> list[Job]:
    """Every command that writes. ``run`` is a finished run of ``training``."""
    from mien.train.study import plan
    from mien.train.tuning import storage

    def study() -> None:
        plan.SETTINGS = material.folder / "study.toml"

    def impatient() -> None:  # else each restart waits a minute for the heartbeat of the dead
        storage.HEARTBEAT, storage.GRACE = 1, 2

    analyze = ["analyze", material.photos, "--model", material.model, "--detector", "none"]
    texts = [
        Job(
            f"analyze -f {kind}",
            lambda out, kind=kind: [*analyze, "-f", kind, "-o", out / f"r.{kind}"],  # type: ignore[misc]
        )
        for kind in ("table", "json", "jsonl", "csv")
    ]
    data, common = ["--data", material.csv], ["--device", "cpu", "--threads", 1]
    detector = [
        "--set", "strides=[16, 32]", "--set", "channels=16", "--set", "anchor_sizes=[24, 48, 96]",
        "--set", "proposals=20", "--set", "box_samples=16", "--set", "short_side=96", "--set",
        "long_side=160", "--set", "view=96", "--set", "batch_size=4", "--epochs", 2,
        "--set", "splits=random:50/50", "--set", "valid_split=valid", "--weights", "none",
    ]  # fmt: skip
    tune = [
        "--method", "random", "--trials", 2, "--epochs", 1, "--set", "widths=[8]", "--set",
        "batch_size=32", "--set", "resize=16", "--set", "input_size=16", "--limit", 96,
    ]  # fmt: skip

    def own_run(out: Path) -> Path:
        copy = out / "run"
        if not copy.exists():
            shutil.copytree(run, copy, ignore=shutil.ignore_patterns(".*"))
        return copy

    return [
        *texts,
        Job("analyze --draw --crops", lambda out: [
            *analyze, "-f", "jsonl", "-o", out / "r.jsonl", "--draw", out / "drawn", "--crops",
            out / "crops",
        ]),
        Job("video --draw", lambda out: [
            "video", material.clip, "--model", material.model, "--detector", "none", "-o",
            out / "r.jsonl", "--draw", out / "drawn.mp4",
        ]),
        Job("data pack", lambda out: ["data", "pack", material.csv, out / "pack", "--size", 32]),
        Job("data crop", lambda out: [
            "data", "crop", material.photos, "--out", out / "faces", "--size", 32,
        ]),
        Job("data plot", lambda out: ["data", "plot", material.csv, "--out", out / "plots"],
            weight=0.4),
        Job("train (classifier)", lambda out: [*training(material, 4), "--out", out / "run"],
            ("--resume",)),
        Job("train (detector)", lambda out: [
            "train", "faster_rcnn_mobile", "--data", material.scenes, "--out", out / "run",
            *common, *detector,
        ], ("--resume",), weight=0.3),
        Job("tune", lambda out: [
            "tune", "mlp", *data, "--out", out / "search", "--space",
            material.folder / "space.toml", *common, *tune,
        ], prepare=impatient, weight=0.7),
        Job("study", lambda out: ["study", *data, "--out", out / "study", *common], prepare=study,
            weight=0.4),
        Job("evaluate", lambda out: [
            "evaluate", own_run(out), *data, "--split", "public", "--figure", out / "f.png",
            "--figures", out / "figures", "--html", out / "r.html", "--save", out / "a.npz",
            "--explain", 1,
        ], weight=0.7),
        Job("compare", lambda out: [
            "compare", "default", material.model, *data, "--figure", out / "f.svg",
        ], weight=0.7),
        Job("export", lambda out: ["export", own_run(out), "--out", out / "m.onnx"], weight=0.4),
    ]  # fmt: skip
