"""Start-up, one photo cold and warm, classifier throughput and memory.

    python benchmarks/speed.py --data fer2013.zip

Milliseconds are medians on the machine that runs this; the comparison with eager PyTorch (extra
``train``) is a ratio within the run: both networks get the same crops, threads and turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from mien.samples import ASTRONAUT

PHOTO_SIDE = 512


def seconds(function: Callable[[], object], repeats: int) -> list[float]:
    """Wall time of each call, after one warm-up call."""
    function()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return times


def process(*command: str) -> Callable[[], object]:
    """Run a whole process and discard its output."""
    return lambda: subprocess.run(command, check=True, capture_output=True)


def line(what: str, value: str, target: str = "") -> None:
    """One row of the report."""
    print(f"{what:48} {value:>14}   {target}", flush=True)


def start_up(repeats: int) -> None:
    """Whole processes, start-up included, as a user waits for them."""
    python = sys.executable
    bare = np.median(seconds(process(python, "-c", "pass"), repeats))
    for what in ("import mien", "import mien.cli.app"):
        took = np.median(seconds(process(python, "-c", what), repeats)) - bare
        line(
            f"{what} (above a bare Python, {bare * 1000:.0f} ms)",
            f"{took * 1000:.0f} ms",
            "< 300 ms",
        )
    script = "from mien.cli.app import main; main()"
    run = process(python, "-c", script, "analyze", str(ASTRONAUT))
    line(
        "mien analyze, one 512×512 photo, whole process",
        f"{np.median(seconds(run, repeats)):.2f} s",
        "< 1.5 s",
    )


def warm(repeats: int) -> None:
    """One photo repeatedly, and the time of each step."""
    from mien.media.images import read_image
    from mien.pipeline import Recognizer
    from mien.preprocess.crop import face_crop

    recognizer = Recognizer()
    image = read_image(ASTRONAUT)
    assert image.shape[:2] == (PHOTO_SIDE, PHOTO_SIDE)
    faces = recognizer.detector.detect(image)
    crops = [face_crop(image, face, recognizer.classifier.spec) for face in faces]
    steps = {
        "warm: whole photo, from the file": (lambda: recognizer.image(ASTRONAUT), "< 30 ms"),
        "  reading the JPEG": (lambda: read_image(ASTRONAUT), ""),
        "  detector": (lambda: recognizer.detector.detect(image), ""),
        "  classifier, one face with its crop": (
            lambda: recognizer.classifier.classify(crops),
            "< 4 ms",
        ),
    }
    for what, (function, target) in steps.items():
        line(what, f"{np.median(seconds(function, repeats)) * 1000:.2f} ms", target)


def throughput(data: str, batches: int) -> None:
    """FER2013 crops in batches of 64: ONNX Runtime against the same network in eager PyTorch."""
    from mien.classifiers.base import load_classifier
    from mien.datasets.opening import open_dataset
    from mien.datasets.samples import stack

    classifier = load_classifier("default")
    images = list(stack(open_dataset(data).samples("public")).images[:64])
    ours = 64 / np.array(seconds(lambda: classifier.logits(images), batches))
    line("classifier, batches of 64", f"{np.median(ours):.0f} faces/s")
    try:
        import torch
    except ImportError:
        line("  the same in eager PyTorch", "no PyTorch", "pip install 'mien[train]'")
        return
    from mien.preprocess.network_input import network_input
    from mien.registry import architectures
    from mien.train.classification.config import ClassifierConfig

    config = ClassifierConfig.from_dict(dict(classifier.spec.card["recipe"]))
    network = architectures.get(config.architecture)(config, len(classifier.spec.labels), 0).eval()

    def eager() -> None:
        with torch.inference_mode():
            network(torch.from_numpy(network_input(images, classifier.spec)))

    theirs = 64 / np.array(seconds(eager, batches))
    line("  the same in eager PyTorch", f"{np.median(theirs):.0f} faces/s")
    line("  ratio", f"{np.median(ours) / np.median(theirs):.2f}")


def memory(calls: int) -> None:
    """Resident memory over many calls on one photo, after the first hundredth of them."""
    import psutil

    from mien.media.images import read_image
    from mien.pipeline import Recognizer

    recognizer = Recognizer()
    image = read_image(ASTRONAUT)[::2, ::2].copy()
    own = psutil.Process()
    marks = []
    for call in range(calls + 1):
        recognizer.image(image)
        if call % max(1, calls // 10) == 0 and call:
            marks.append(own.memory_info().rss / 2**20)
    line(
        f"memory over {calls} calls",
        f"{marks[0]:.0f}-{max(marks):.0f} MiB",
        f"last {marks[-1]:.0f} MiB, flat",
    )


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="FER2013, for the classifier's throughput")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--calls", type=int, default=10_000)
    args = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
          f"Python {platform.python_version()}")  # fmt: skip
    start_up(max(3, args.repeats // 2))
    warm(args.repeats * 5)
    memory(args.calls)  # before PyTorch is imported, which takes more memory than Mien
    if args.data:
        throughput(args.data, args.repeats)


if __name__ == "__main__":
    main()
