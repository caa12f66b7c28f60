"""The same answers given to pycocotools."""

from __future__ import annotations

import contextlib
import io

from mien.evaluation.detection.answers import Detections


def coco_eval(found: Detections, ranges: dict[str, tuple[float, float]], cap: int = 100):
    """A COCOeval, accumulated: ignored faces as crowds, pictures in the order of their keys."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    images, faces, boxes = [], [], []
    for number, answer in enumerate(sorted(found.answers, key=lambda a: a.key), 1):
        images.append({"id": number, "width": answer.width, "height": answer.height})
        for box, ignored in zip(answer.truth.astype(float), answer.ignored, strict=True):
            x, y, w, h = *box[:2], *(box[2:] - box[:2])
            faces.append(
                {"id": len(faces) + 1, "image_id": number, "category_id": 1, "area": w * h,
                 "bbox": [x, y, w, h], "iscrowd": int(ignored)}
            )  # fmt: skip
        for box, score in zip(answer.boxes.astype(float), answer.scores, strict=True):
            boxes.append(
                {"image_id": number, "category_id": 1, "score": float(score),
                 "bbox": [*box[:2], *(box[2:] - box[:2])]}
            )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": images, "annotations": faces, "categories": [{"id": 1, "name": "face"}],
        }  # fmt: skip
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(boxes), "bbox")
        run.params.areaRng = [[low**2, high**2] for low, high in ranges.values()]
        run.params.areaRngLbl = list(ranges)
        run.params.maxDets = [1, 10, cap]
        run.evaluate()
        run.accumulate()
    return run
