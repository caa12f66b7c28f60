"""Made-up answers of a detector, as unkind as real ones: ties, crowds, empty pictures."""

from __future__ import annotations

import numpy as np

from mien.evaluation.detection.answers import Answer, Detections


def answer(
    truth: object = (),
    boxes: object = (),
    scores: object = (),
    *,
    key: str = "a.jpg",
    ignored: object = None,
    subsets: dict[str, object] | None = None,
    size: tuple[int, int] = (640, 480),
    ms: float = 10.0,
) -> Answer:
    """An answer from plain lists; faces count, and scores fall, unless said otherwise."""
    faces = np.array(truth, np.float32).reshape(-1, 4)
    found = np.array(boxes, np.float32).reshape(-1, 4)
    falling = np.array(scores if len(scores) else 1 - np.arange(len(found)) / 1000, np.float32)
    order = np.argsort(-falling, kind="stable")
    return Answer(
        key=key,
        width=size[0],
        height=size[1],
        truth=faces,
        ignored=np.zeros(len(faces), bool) if ignored is None else np.array(ignored, bool),
        subsets={name: np.array(member, bool) for name, member in (subsets or {}).items()},
        boxes=found[order],
        scores=falling[order],
        ms=ms,
    )


def detections(*answers: Answer, threshold: float = 0.5, name: str = "toy") -> Detections:
    return Detections(name, "coco", "valid", answers, threshold=threshold)


def made_up(seed: int, pictures: int = 40, ties: bool = True) -> Detections:
    """Faces of all sizes, each found never, once or twice, and boxes of nothing."""
    rng = np.random.default_rng(seed)
    every = []
    for index in range(pictures):
        n = 0 if index % 7 == 3 else int(rng.integers(1, 25))
        sides = np.exp(rng.uniform(np.log(6), np.log(250), n))
        corners = rng.uniform(0, 400, (n, 2))
        truth = np.round(np.concatenate([corners, corners + sides[:, None] * [0.8, 1.1]], 1), 1)
        if n > 3:  # two faces in one place, and a box round a group
            truth[1] = truth[0]
            truth[2] = [*truth[:2, :2].min(0), *truth[:2, 2:].max(0) + 40]
        copies = np.repeat(truth, rng.integers(0, 4, n), axis=0)
        widths = copies[:, 2:] - copies[:, :2]
        near = copies + rng.normal(0, 0.09, copies.shape) * np.tile(widths, 2)
        far = np.round(rng.uniform(0, 300, (int(rng.integers(0, 12)), 2)))
        boxes = np.concatenate(
            [near, np.concatenate([far, far + rng.uniform(8, 150, far.shape)], 1)]
        )
        if len(copies) > 3:
            boxes[:2] = copies[:2]  # found to the pixel
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)] if index % 7 != 5 else boxes[:0]
        scores = np.round(rng.uniform(0, 1, len(boxes)), 2 if ties else 7)
        easy = sides > 60
        every.append(
            answer(
                truth, boxes, scores, key=f"{index:03}.jpg", ignored=rng.random(n) < 0.15,
                subsets={"hard": sides > 8, "easy": easy, "medium": sides > 30},
                ms=float(rng.uniform(5, 50)),
            )
        )  # fmt: skip
    return detections(*every)
