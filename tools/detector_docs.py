"""The section of docs/results.md on face detectors; ``make_docs.py`` puts it in its place."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mien.train.checkpoint import CHECKPOINT, load
from mien.train.metrics_file import METRICS, read_metrics
from shown_commands import REPO, run, section, written

DETECTOR = "runs/faster_rcnn_mobile"
TABLE = "Face detectors"
"""The section whose parts the others are."""
FASTER = "What another detector changes, with Faster R-CNN"
COMPARE_DETECTORS = (
    f"mien compare mtcnn yunet {DETECTOR} --data wider_val_dev.zip "
    "--detector-option mtcnn.min_face_size=20 --detector-option yunet.min_face_size=20 "
    "--figures figures"
)
DETECTOR_SECTIONS = [
    (
        "YuNet and MTCNN",
        "Measured after YuNet's defaults were chosen. Both look for faces of 32 pixels and more.",
        "mien compare mtcnn yunet --data wider_val_dev.zip",
    ),
    (
        "How YuNet's defaults were chosen",
        "On wider_train5.zip, from whose data set YuNet learned, so that its figures there are too "
        "good, and on facemask853.zip.",
        "python benchmarks/yunet_defaults.py --pictures facemask853.zip wider_train5.zip "
        "--tables scores",
    ),
    (
        "YuNet: one look or two",
        "",
        "python benchmarks/yunet_defaults.py --pictures wider_train5.zip facemask853.zip "
        "--tables looks --every 16",
    ),
    (
        "YuNet: the smallest face, and threads",
        "",
        "python benchmarks/yunet_defaults.py --pictures wider_train5.zip facemask853.zip "
        "--tables smallest threads --every 16",
    ),
    (
        "What another detector changes",
        "",
        "python benchmarks/detector_agreement.py --pictures wider_train5.zip --first 500",
    ),
    (
        "What another detector changes, on faces with masks",
        "",
        "python benchmarks/detector_agreement.py --pictures facemask853.zip --first 400",
    ),
    (
        FASTER,
        "On pictures that it did not learn from. `faces.onnx` is the run of `faster_rcnn_mobile` "
        "below, exported. The classifier was the file `averaged.onnx` of shipped_model.md.",
        "python benchmarks/detector_agreement.py --pictures wider_val_dev.zip --detectors yunet "
        "faces.onnx",
    ),
    (
        "Turned pictures",
        "",
        "python benchmarks/turned_pictures.py --pictures wider_train5.zip facemask853.zip "
        "--count 120",
    ),
    (
        "The detector auto",
        "",
        "python benchmarks/auto_detector.py --data fer2013.zip --pictures wider_train5.zip "
        "--first 600",
    ),
    (
        "MTCNN with faces of 40 pixels and more",
        "Tuned on wider_train5.zip for these; it does not look for smaller ones.",
        "mien evaluate mtcnn --data wider_val_dev.zip --detector-option min_face_size=40 "
        "--figures figures",
    ),
    (
        "MTCNN with small faces",
        "",
        "mien evaluate mtcnn --data wider_val_dev.zip --detector-option min_face_size=12",
    ),
    (
        "Faster R-CNN on MobileNetV3, from scratch",
        "Trained with `mien train faster_rcnn_mobile --data wider_train5.zip --threads 1`, seed 0: "
        "{training}. No epoch was chosen. That a score threshold of 0.5 gives too many false boxes "
        "was first seen here; the threshold that replaced it has the highest F1 on "
        "facemask853.zip, a set of other photos. AP does not depend on it.",
        f"mien evaluate {DETECTOR} --data wider_val_dev.zip --split valid",
    ),
    (
        "MTCNN's speed on large pictures",
        "Compared with an earlier commit, which used the reference's arithmetic, in one run. AP50 "
        "here is of the boxes that each gives in normal use, without the boxes of lower scores "
        "that 'mien evaluate' asks for to draw complete curves.",
        "python benchmarks/detector_speed.py --pictures wider_val_dev.zip",
    ),
    (
        "How MTCNN's defaults were chosen",
        "Only on wider_train5.zip.",
        "python benchmarks/mtcnn_defaults.py --pictures wider_train5.zip",
    ),
]


def detectors_section(paths: dict[str, str], titles: Sequence[str]) -> str:
    """Face detectors side by side, and each on its own; sections other than ``titles`` stay.

    Of the figures only the curves are kept: the pictures of what was missed show WIDER FACE's
    photos, which are not the project's to spread.
    """
    table = written(TABLE) if TABLE not in titles else _table(paths)
    with tempfile.TemporaryDirectory() as place:
        given = {**paths, "figures": place, "faces.onnx": f"{place}/faces.onnx"}
        if FASTER in titles:
            run(f"mien export {DETECTOR} --out faces.onnx", given)
        training = how_trained(Path(paths[DETECTOR]))
        sections = [
            section(title, intro.format(training=training), command, given, "###")
            if title in titles
            else written(title, "###")
            for title, intro, command in DETECTOR_SECTIONS
        ]
        if (figure := Path(place) / "recall_by_size.png").exists():
            keep_picture(figure, "mtcnn_recall_by_size.png")
    return "\n".join(
        [
            table,
            "![Precision and recall of each detector](images/detectors_precision_recall.png)\n",
            *sections,
            "![MTCNN's recall by the size of the face](images/mtcnn_recall_by_size.png)",
        ]
    )


def _table(paths: dict[str, str]) -> str:
    """All detectors side by side; writes the figure of their curves, too."""
    intro = (
        "On 400 pictures of WIDER FACE's validation set, longest side 800 pixels, on which "
        "nothing was chosen. [detection.md](detection.md) says how each figure is measured; "
        "`figures` has the curves, and pictures of the missed faces and false boxes of each "
        "detector."
    )
    with tempfile.TemporaryDirectory() as place:
        text = section(TABLE, intro, COMPARE_DETECTORS, {**paths, "figures": place})
        keep_picture(Path(place) / "precision_recall.png", "detectors_precision_recall.png")
    return text


def how_trained(run: Path) -> str:
    """Epochs, time and hardware of a run, from its own files."""
    rows = read_metrics(run / METRICS)
    minutes = sum(row["seconds"] for row in rows) / 60
    hardware = load(run / CHECKPOINT)["facts"]["hardware"]
    busy = "on a machine that also did other work"
    return f"{len(rows)} epochs in {minutes:.0f} minutes {busy}, {hardware}"


def keep_picture(source: Path, name: str) -> None:
    """Put a figure among the documents' pictures, in few colours: a quarter of the bytes."""
    from PIL import Image

    figure = Image.open(source).convert("RGB")
    figure.thumbnail((1600, 1600))
    figure.quantize(128).save(REPO / "docs/images" / name, optimize=True)
