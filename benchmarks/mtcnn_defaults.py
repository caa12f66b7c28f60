"""Search the defaults of MTCNN: few wrong boxes on faces of 40 pixels and more, at equal AP.

    python benchmarks/mtcnn_defaults.py --pictures wider_train5.zip

The reference's own settings set the goal: the area under their precision-recall
curve at an IoU of 0.5 (AP50 without the steps of COCO's 101 recalls). Each setting is then asked
how many wrong boxes a picture (false ones and duplicates, ``mien.evaluation.detection.faults``) it
takes to reach the same area: by its threshold of O-Net, which only cuts the curve short, so that
one run gives all of them. The search minimises the product of the wrong boxes and the root of the
work in multiplications, so that a third fewer wrong boxes may cost twice the work, and a few lucky
boxes cannot justify much of it. One value is changed at a time, as long as a change helps.

The networks run once: a picture is recorded with very low thresholds, and a setting is replayed on
the record. The last table asks the real detector. Nothing but ``--pictures`` is looked at; report
on other pictures than these.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector_speed import LEAST, ask, judged, report
from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.datasets.scene import Scene
from mien.detectors.base import Detector
from mien.detectors.mtcnn.cascade import apply_offsets, is_accepted, make_square, suppress
from mien.detectors.mtcnn.detector import MTCNN, REFERENCE, WINDOW
from mien.detectors.mtcnn.pyramid import FastPyramid
from mien.evaluation.detection.answers import Answer
from mien.evaluation.detection.precision import Pool, area

Array = NDArray[Any]

LOW = (0.4, 0.2, 0.0)  # thresholds of the record
# Multiplications: a pixel of P-Net's levels, a patch of R-Net, one of O-Net.
PIXEL, RNET, ONET = 1.8e3, 1.5e6, 12.9e6


@dataclass(frozen=True)
class Setting:
    """The values that are searched; O-Net's threshold follows from the area to reach."""

    pnet: float = REFERENCE["thresholds"][0]
    rnet: float = REFERENCE["thresholds"][1]
    pyramid: float = REFERENCE["overlaps"][1]
    refined: float = REFERENCE["overlaps"][2]
    output: float = REFERENCE["overlaps"][3]


VALUES: dict[str, tuple[float, ...]] = {
    "pnet": (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95),
    "rnet": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "pyramid": (0.5, 0.6, 0.7, 0.8),
    "refined": (0.5, 0.6, 0.7, 0.8, 0.9),
    "output": (0.7, 0.6, 0.5, 0.4, 0.3),
}


@dataclass(frozen=True, eq=False)
class Record:
    """N proposals of one picture, each with the answers of all three networks."""

    scene: Scene
    width: int
    height: int
    pixels: int
    """Of all levels."""
    proposed: tuple[Array, Array]
    """Boxes (N, 4) and scores (N,) of P-Net, after suppression within each level."""
    refined: tuple[Array, Array]
    """Of R-Net; the score is 0 if it was not run, or if its box has no area."""
    output: tuple[Array, Array]


def record(detector: MTCNN, scene: Scene) -> Record:
    """``scene`` with every proposal taken as far as it goes, nothing suppressed across levels."""
    image = np.ascontiguousarray(scene.image)
    picture = FastPyramid(image)
    pixels, parts = 0, [(np.zeros((0, 4)), np.zeros(0))]
    first = WINDOW / detector.min_face_size
    for level, scale in picture.levels(first, detector.scale_factor, WINDOW):
        pixels += level.shape[0] * level.shape[1]
        boxes, scores = detector._scan(level, scale)
        keep = suppress(boxes, scores, detector.overlaps[0])
        parts.append((boxes[keep], scores[keep]))
    boxes, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    square = make_square(boxes)
    rscores, offsets = detector._run(detector._rnet, ["score", "box"], picture, square, 24)
    rboxes = apply_offsets(square, offsets)
    asked = is_accepted(rboxes, rscores, LOW[1])
    square = make_square(rboxes[asked])
    oscores, offsets = detector._run(detector._onet, ["score", "box"], picture, square, 48)
    oboxes, everyone = np.zeros_like(boxes), np.zeros_like(scores)
    oboxes[asked] = apply_offsets(square, offsets)
    everyone[asked] = np.where(is_accepted(oboxes[asked], oscores, LOW[2]), oscores, 0)
    height, width = image.shape[:2]
    return Record(
        replace(scene, pixels=lambda: image[:0]),  # the pixels are not kept
        width,
        height,
        pixels,
        (boxes, scores),
        (rboxes, np.where(asked, rscores, 0)),
        (oboxes, everyone),
    )


def recorded(
    scenes: Callable[[], list[Scene]],
    size: float = LEAST,
    factor: float = REFERENCE["scale_factor"],
) -> list[Record]:
    """All pictures, with ``size`` the smallest face and ``factor`` from level to level."""
    detector = MTCNN(
        min_face_size=size,
        scale_factor=factor,
        thresholds=LOW,
        overlaps=REFERENCE["overlaps"],
    )
    return [record(detector, scene) for scene in scenes()]


def replay(of: Record, setting: Setting) -> tuple[Answer, int, int]:
    """What the detector answers at any threshold of O-Net, with patches for R-Net and O-Net."""
    boxes, scores = of.proposed
    keep = np.flatnonzero(scores > setting.pnet)
    keep = keep[suppress(boxes[keep], scores[keep], setting.pyramid)]
    for_rnet = len(keep)
    boxes, scores = of.refined
    keep = keep[scores[keep] > setting.rnet]
    keep = keep[suppress(boxes[keep], scores[keep], setting.refined)]
    for_onet = len(keep)
    boxes, scores = of.output
    keep = keep[scores[keep] > 0]
    keep = keep[suppress(boxes[keep], scores[keep], setting.output, of_smaller=True)]
    answer = Answer(
        key=of.scene.key,
        width=of.width,
        height=of.height,
        truth=of.scene.boxes,
        ignored=of.scene.ignored,
        subsets={},
        boxes=boxes[keep].astype(np.float32),
        scores=scores[keep].astype(np.float32),
        ms=0.0,
    )
    return answer, for_rnet, for_onet


@dataclass(frozen=True)
class Outcome:
    """A setting at the highest threshold of O-Net that reaches the wanted area."""

    threshold: float
    wrong: float
    """Boxes a picture; infinite where the area is out of reach."""
    recall: float
    for_rnet: float
    """Patches a picture."""
    for_onet: float
    work: float
    """Multiplications a picture."""

    @property
    def cost(self) -> float:
        """The value that the search minimises."""
        return float(self.wrong * np.sqrt(self.work / 1e6))

    def __str__(self) -> str:
        return (
            f"{self.threshold:7.3f} {self.recall:7.4f} {self.wrong:10.4f} {self.for_rnet:7.1f} "
            f"{self.for_onet:7.2f} {self.work / 1e6:7.0f} {self.cost:7.3f}"
        )


HEAD = f"{'O-Net >':>7} {'recall':>7} {'wrong/pic':>10} " + " ".join(
    f"{name:>7}" for name in ("R-Net", "O-Net", "M mult", "cost")
)


def asked(records: list[Record], setting: Setting, floor: float) -> Outcome:
    """How ``setting`` reaches an area of ``floor``."""
    answers, for_rnet, for_onet = zip(*(replay(each, setting) for each in records), strict=True)
    found = judged(answers)
    patches = float(np.mean(for_rnet)), float(np.mean(for_onet))
    pixels = float(np.mean([each.pixels for each in records]))
    work = (*patches, PIXEL * pixels + RNET * patches[0] + ONET * patches[1])
    low, high = 0, len(found.scores)  # number of boxes: the area grows with them
    if whole_area(found, high) < floor:
        return Outcome(0.0, np.inf, recall_of(found, high), *work)
    while low < high:
        middle = (low + high) // 2
        if whole_area(found, middle) < floor:
            low = middle + 1
        else:
            high = middle
    wrong = float(found.wrong[0, :low].sum()) / len(records)
    return Outcome(float(found.scores[low - 1]), wrong, recall_of(found, low), *work)


def whole_area(found: Pool, count: int) -> float:
    """Under the curve of its ``count`` best boxes."""
    value = area(replace(found, right=found.right[:, :count], wrong=found.wrong[:, :count]))
    assert value is not None, "no face of the wanted size is marked"
    return float(value[0])


def recall_of(found: Pool, count: int) -> float:
    """With its ``count`` best boxes."""
    return float(found.right[0, :count].sum() / found.faces.sum())


def search(records: list[Record], floor: float) -> Setting:
    """From the reference's values, one changed at a time until none helps.

    Prints each step, and at the end what every other value would bring.
    """
    best = Setting()
    outcome = asked(records, best, floor)
    print(f"{'steps':62} {HEAD}\n{described(best):62} {outcome}", flush=True)
    while True:
        before, others = best, []
        for name, values in VALUES.items():
            for value in values:
                setting = replace(best, **{name: value})
                if setting == best:
                    continue
                tried = asked(records, setting, floor)
                others.append(f"{described(setting):62} {tried}")
                if tried.cost < outcome.cost:
                    best, outcome = setting, tried
                    print(others[-1], flush=True)
        if best == before:
            print("\n" + "\n".join([f"{'one value changed':62} {HEAD}", *others]))
            return best


def described(setting: Setting) -> str:
    """One line of text for a setting."""
    return (
        f"P {setting.pnet:g}, R {setting.rnet:g}; overlap across levels {setting.pyramid:g}, "
        f"R {setting.refined:g}, O {setting.output:g}"
    )


def main() -> None:
    """Print the search, its neighbours, and the result of the real detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", required=True, help="whole pictures to tune on, in COCO form")
    parser.add_argument("--first", type=int, help="only the first N pictures (default: all)")
    parser.add_argument("--no-search", action="store_true", help="print only the last table")
    args = parser.parse_args()

    dataset = open_dataset(args.pictures, "coco")
    assert isinstance(dataset, SceneDataset)
    split = dataset.splits()[0]

    def scenes() -> list[Scene]:
        return list(dataset.scenes(split))[: args.first]

    settings = {**REFERENCE, "min_face_size": LEAST}
    detectors: dict[str, Detector] = {
        "reference": MTCNN(**settings),
        "fast": MTCNN(**{**settings, "exact": False}),
        "defaults": MTCNN(min_face_size=LEAST),
    }
    exact = ask({"reference": detectors["reference"]}, scenes(), 1)["reference"]
    found = judged(exact)
    floor = whole_area(found, len(found.scores))
    wrong = float(found.wrong[0].sum()) / len(exact)
    print(
        f"{args.pictures}: {len(exact)} pictures, {found.faces.sum()} faces of {LEAST} px or more"
    )
    print(f"the reference's settings: area {floor:.4f}, {wrong:.4f} wrong boxes a picture\n")
    if not args.no_search:
        chosen = search(recorded(scenes), floor)
        print(f"\n{'the same with other pyramids':62} {HEAD}")
        for size in (32, 36, 40, 48):
            for factor in (0.6, 0.65, 0.709, 0.75, 0.79):
                if size == LEAST or factor == REFERENCE["scale_factor"]:
                    records = recorded(scenes, size, factor)
                    name = f"smallest face {size} px, scale factor {factor:g}"
                    print(f"{name:62} {asked(records, chosen, floor)}", flush=True)
    report("the real detector", ask(detectors, scenes(), 1), "reference")


if __name__ == "__main__":
    main()
