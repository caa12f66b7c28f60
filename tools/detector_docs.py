"""The section of docs/results.md on face detectors; ``make_docs.py`` puts it in its place."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mien.train.checkpoint import CHECKPOINT, load
from mien.train.metrics_file import METRICS, read_metrics
from shown_commands import REPO, run, section

DETECTOR = "runs/faster_rcnn_mobile"
COMPARE_DETECTORS = (
    f"mien compare mtcnn yunet {DETECTOR} --data wider_val_dev.zip --figures figures"
)
DETECTOR_SECTIONS = [
    (
        "MTCNN with its defaults",
        "Tuned on wider_train5.zip for faces of 40 pixels and more; it does not look for smaller "
        "ones.",
        "mien evaluate mtcnn --data wider_val_dev.zip --figures figures",
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


def detectors_section(paths: dict[str, str]) -> str:
    """Face detectors side by side, and each on its own.

    Of the figures only the curves are kept: the pictures of what was missed show WIDER FACE's
    photos, which are not the project's to spread.
    """
    with tempfile.TemporaryDirectory() as place:
        table = run(COMPARE_DETECTORS, {**paths, "figures": place})
        keep_picture(Path(place) / "precision_recall.png", "detectors_precision_recall.png")
    with tempfile.TemporaryDirectory() as place:
        given = {**paths, "figures": place}
        training = how_trained(Path(paths[DETECTOR]))
        sections = [
            section(title, intro.format(training=training), command, given, "###")
            for title, intro, command in DETECTOR_SECTIONS
        ]
        keep_picture(Path(place) / "recall_by_size.png", "mtcnn_recall_by_size.png")
    return "\n".join(
        [
            "## Face detectors\n",
            "On 400 pictures of WIDER FACE's validation set, longest side 800 pixels, on which "
            "nothing was chosen. [detection.md](detection.md) says how each figure is measured; "
            "`figures` has the curves, and pictures of the missed faces and false boxes of each "
            "detector.\n",
            f"```sh\n{COMPARE_DETECTORS}\n```\n\n```text\n{table}\n```\n",
            "![Precision and recall of each detector](images/detectors_precision_recall.png)\n",
            *sections,
            "![MTCNN's recall by the size of the face](images/mtcnn_recall_by_size.png)",
        ]
    )


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
