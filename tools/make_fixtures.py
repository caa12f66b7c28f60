"""Make tests/fixtures/before: small runs, packs, models and answers of an older version of Mien.

    git worktree add ../before 07d96cb
    PYTHONPATH=../before/src python tools/make_fixtures.py

Uses whichever ``mien`` that Python imports, through its command line alone, so it works with any
version. Needs PyTorch, ONNX, Optuna and Matplotlib. Takes about two minutes.

The pictures are pieces of the sample photo that ships with Mien (NASA, public domain). The
detector's backbone is almost all zeros, which compresses its 12 MB to some hundred kilobytes.
Files that compress well are stored as ``NAME.xz``; ``tests/support/before.py`` unpacks them.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))
from tests.support.before import write_many  # noqa: E402

OUT = REPO / "tests/fixtures/before"
PHOTO = REPO / "src/mien/samples/astronaut.jpg"
FACE = 180.0, 61.0, 266.0, 171.0
"""Her face in the photo: x1, y1, x2, y2 in pixels."""

FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
COLUMNS = (4, 5, 6, 1, 3, 2, 0)
"""FER2013's labels as columns of the votes."""

CLASSIFIER = """\
name = "small"
description = "A network of a few thousand weights, for tests."
widths = [8, 8]
blocks = [1, 1]
squeeze_excitation = true
ferplus_weight = 0.1
splits = "random:80/20"
valid_split = "valid"
batch_size = 8
lr = 0.1
ema = 0.8
rotation = 0.0
erasing = 0.0
mixup = 0.0
weak_epochs = 0
size_schedule = []
"""
DETECTOR = """\
task = "detection"
name = "small"
description = "A detector of a few thousand weights that are not zero, for tests."
splits = "official"
backbone = "mobilenet_v3_large"
weights = "backbone.pth"
frozen_stages = 5
norm = "frozen"
strides = [4, 8, 16, 32]
channels = 6
anchor_sizes = [16, 32, 48, 64, 96]
proposals = 20
box_samples = 16
short_side = 96
long_side = 160
view = 96
zoom = [0.9, 1.1]
batch_size = 4
optimizer = "adam"
lr = 0.01
ema = 0.5
score_threshold = 0.3
"""
SPACE = "lr = [0.01, 0.05]\ndropout = [0.0, 0.3]\n"


def piece(photo: Image.Image, number: int, side: int) -> tuple[Image.Image, tuple[float, ...]]:
    """A square piece of the photo around the face, and the face's box in it."""
    rng = np.random.default_rng(number)
    x1, y1, x2, y2 = FACE
    size = (y2 - y1) * rng.uniform(1.0, 1.25 if side < 100 else 2.0)
    spare = max(0.0, size - (y2 - y1))
    left = (x1 + x2 - size) / 2 + rng.uniform(-0.5, 0.5) * spare
    top = max(0.0, y1 - rng.uniform(0, 1) * spare)
    box = (left, top, left + size, top + size)
    image = photo.resize((side, side), Image.Resampling.BOX, box=box)
    if number % 2:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        x1, x2 = 2 * left + size - x2, 2 * left + size - x1
    scale = side / size
    return image, tuple(
        (v - o) * scale for v, o in zip((x1, y1, x2, y2), (left, top) * 2, strict=True)
    )


def write_faces(path: Path, counts: dict[str, int]) -> None:
    """FER2013's folders in a zip, with votes: the class is the angle of stripes."""
    y, x = np.mgrid[:48, :48]
    photo = Image.open(PHOTO).convert("L")
    votes, row = [VOTES], 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for usage, count in counts.items():
            for _ in range(count):
                label = row % 7
                face = np.asarray(piece(photo, row, 48)[0]) // 2 + 64
                image = (face + 60 * np.sin(x * np.cos(label) + y * np.sin(label))) // 8 * 8
                content = io.BytesIO()
                Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(
                    content, "PNG", optimize=True
                )
                folder = "train" if usage == "Training" else "test"
                name = f"{folder}/{FOLDERS[label]}/{usage}_{row:07}.png"
                file.writestr(zipfile.ZipInfo(name), content.getvalue())
                cells = [0] * 10
                cells[COLUMNS[label]] += 8
                cells[row % 8] += 2
                votes.append(f"{usage},fer{row:07}.png,{','.join(map(str, cells))}")
                row += 1
        file.writestr(zipfile.ZipInfo("ferplus.csv"), "\n".join([*votes, ""]))


def write_scenes(path: Path, counts: dict[str, int]) -> None:
    """Whole pictures with marked faces, in COCO form, a file a split."""
    photo, number = Image.open(PHOTO).convert("RGB"), 0
    with zipfile.ZipFile(path, "w") as file:
        for split, count in counts.items():
            images, annotations = [], []
            for _ in range(count):
                image, (x1, y1, x2, y2) = piece(photo, number, 128)
                content = io.BytesIO()
                image.save(content, "JPEG", quality=80)
                name = f"{split}/{number:02}.jpg"
                file.writestr(zipfile.ZipInfo(name), content.getvalue())
                images.append({"id": number, "file_name": name, "width": 128, "height": 128})
                box = [round(v, 2) for v in (x1, y1, x2 - x1, y2 - y1)]
                annotations.append(
                    {"id": number, "image_id": number, "category_id": 1, "bbox": box, "iscrowd": 0}
                )
                number += 1
            table = {
                "images": images, "annotations": annotations,
                "categories": [{"id": 1, "name": "face"}],
            }  # fmt: skip
            file.writestr(zipfile.ZipInfo(f"faces_{split}.json"), json.dumps(table))


def write_backbone(path: Path) -> None:
    """ImageNet-like weights of a MobileNetV3: random and coarse up to stride 8, zero behind."""
    import torch
    from torchvision.models import mobilenet_v3_large

    torch.manual_seed(0)
    state = mobilenet_v3_large(weights=None).state_dict()
    for name, value in state.items():
        if name.startswith("features.") and int(name.split(".")[1]) <= 6:
            if value.is_floating_point():
                state[name] = value.bfloat16().float()
        elif name.endswith("running_var"):
            continue
        else:
            state[name] = torch.zeros_like(value)
    torch.save(state, path)


def mien(*args: str, output: bool = False, size_limit: int | None = None) -> str:
    """Run the command line in this folder; ``size_limit``: no file may grow beyond it, in bytes."""

    def limit() -> None:
        if size_limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, size_limit))

    print("$ mien", *args, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "mien", *args], capture_output=True, text=True, preexec_fn=limit,
        check=False,
    )  # fmt: skip
    failed = done.returncode != 0
    if failed != (size_limit is not None):
        raise SystemExit(f"exit status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout if output else ""


def killed(args: list[str], stop: Callable[[], bool]) -> None:
    """Run the command line and kill it as soon as ``stop`` holds."""
    print("$ mien", *args, "  # killed", flush=True)
    command = [sys.executable, "-m", "mien", *args]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not stop():
        time.sleep(0.002)
    process.kill()
    if process.wait() == 0:
        raise SystemExit("it was done before it could be killed: give it more epochs")


def make() -> None:
    """Everything, in the folder that this process is in."""
    for name in ("data", "answers", "packs"):
        Path(name).mkdir()
    write_faces(Path("data/fer2013.zip"), {"Training": 77, "PublicTest": 56, "PrivateTest": 7})
    write_scenes(Path("data/scenes.zip"), {"train": 8, "val": 3})
    Path("small.toml").write_text(CLASSIFIER)
    Path("small_detector.toml").write_text(DETECTOR)
    Path("space.toml").write_text(SPACE)
    write_backbone(Path("backbone.pth"))
    faces, scenes = ["--data", "data/fer2013.zip"], ["--data", "data/scenes.zip"]
    on_cpu = ["--device", "cpu", "--threads", "1"]
    expected: dict[str, Any] = {}

    train = ["train", "small.toml", *faces, *on_cpu, "--epochs"]
    mien(*train, "10", "--out", "runs/classifier")
    # Long enough to be killed after the first epochs.
    stopped = Path("runs/classifier_stopped/last.pt")
    killed([*train, "40", "--out", str(stopped.parent)], stopped.exists)
    train = ["train", "small_detector.toml", *scenes, *on_cpu, "--epochs"]
    mien(*train, "24", "--out", "runs/detector")
    stopped = Path("runs/detector_stopped/last.pt")
    killed([*train, "4", "--out", str(stopped.parent)], stopped.exists)

    calibrate = ["--calibrate", "data/fer2013.zip", "--calibrate-split", "public"]
    mien("export", "runs/classifier", "--out", "classifier.onnx", *calibrate)
    mien("export", "runs/detector", "--out", "detector.onnx")
    for model in ("runs/classifier", "classifier.onnx"):
        expected[model] = json.loads(
            mien("evaluate", model, *faces, "--split", "public", "--splits", "official", "--json",
                 "--save", f"answers/{Path(model).name}.npz", output=True)
        )  # fmt: skip
    for model in ("runs/detector", "detector.onnx"):
        expected[model] = json.loads(
            mien("evaluate", model, *scenes, "--split", "valid", "--json",
                 "--save", f"answers/{Path(model).name}.npz", output=True)
        )  # fmt: skip
    for name in ("classifier", "detector"):  # answers that a run keeps by itself
        data = faces if name == "classifier" else scenes
        mien("evaluate", f"runs/{name}", *data, "--split", "valid")
    piece(Image.open(PHOTO).convert("RGB"), 8, 128)[0].save("picture.jpg", quality=90)
    for option in ("--model=classifier.onnx", "--detector=detector.onnx"):
        text = mien("analyze", "picture.jpg", option, "--format", "json", output=True)
        expected[f"analyze {option}"] = json.loads(text)

    mien("data", "pack", "data/fer2013.zip", "packs/whole", "--size", "24")
    write_many(Path("many.zip"))
    pack = ["data", "pack", "many.zip", "packs/half", "--size", "8", "--dataset", "folder"]
    mien(*pack, size_limit=68 * 1024)

    mien("study", *faces, "--out", "study", "--only", "majority", *on_cpu)
    mien("tune", "small.toml", *faces, "--out", "tuned", "--space", "space.toml", "--method",
         "grid", "--trials", "3", "--epochs", "2", *on_cpu)  # fmt: skip

    for name in ("backbone.pth", "many.zip"):
        Path(name).unlink()
    version = mien("--version", output=True).strip()
    Path("expected.json").write_text(json.dumps({"version": version, **expected}, indent=1) + "\n")


def squeeze(folder: Path) -> int:
    """Compress what gains by it; returns the bytes of all files afterwards."""
    total = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".png" or path.name == ".lock":
            path.unlink()  # figures are drawn anew, and a lock is nobody's any more
            continue
        content = path.read_bytes()
        small = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
        if len(content) > 8192 and len(small) < 0.7 * len(content):
            path.unlink()
            path.with_name(path.name + ".xz").write_bytes(small)
            content = small
        total += len(content)
    return total


def main() -> None:
    """Make everything in a temporary folder, then put it in its place."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="replaced by what is made")
    out = parser.parse_args().out.resolve()
    readme = (OUT / "README.md").read_bytes() if (OUT / "README.md").exists() else None
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "before"
        made.mkdir()
        os.chdir(made)
        make()
        total = squeeze(made)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
        os.chdir(REPO)
    if readme is not None:
        (out / "README.md").write_bytes(readme)
    print(f"{out}: {total:,} bytes")


if __name__ == "__main__":
    main()
