"""Does opening a data set take linear time? Time of 2N pictures over that of N, for each reader.

    python benchmarks/reader_growth.py [--pictures 20000]

The data sets are those on which a reader once took quadratic time: videos whose frames have the
same names, images that share one id, annotations that name pictures by file name alone, in another
case, or not at all, and numbers of subsets. Linear readers give about 2, quadratic ones about 4.
The pictures are empty files in zips, and are not decoded. Both sizes run in one process, and the
fastest of three runs counts, in time of the processor.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mien.datasets.opening import open_dataset

FRAMES = 100  # of each video
BOX = [1, 1, 9, 9]


def frames(n: int) -> list[str]:
    """Paths of videos' frames: a hundred file names, however many paths."""
    return [f"v{i // FRAMES:05}/{i % FRAMES:06}.jpg" for i in range(n)]


def coco(names: list[str], ids: list[int] | None = None, subsets: bool = False) -> str:
    """COCO's JSON with a face in each picture."""
    ids = ids or list(range(len(names)))
    faces: list[dict[str, Any]] = [
        {"image_id": i, "category_id": 1, "bbox": BOX, "subset": [f"s{i}"] if subsets else []}
        for i in range(len(names))
    ]
    images = [{"id": i, "file_name": name} for i, name in zip(ids, names, strict=True)]
    category = {"id": 1, "name": "face"}
    return json.dumps({"images": images, "annotations": faces, "categories": [category]})


def video_frames(n: int) -> tuple[str, dict[str, str]]:
    return "coco", {**dict.fromkeys(frames(n), ""), "a.json": coco(frames(n))}


def names_alone(n: int) -> tuple[str, dict[str, str]]:
    names = [name.rpartition("/")[2] for name in frames(n)]
    return "coco", {**dict.fromkeys(frames(n), ""), "a.json": coco(names)}


def another_case(n: int) -> tuple[str, dict[str, str]]:
    files = {name.upper(): "" for name in frames(n)}
    return "coco", {**files, "a.json": coco(frames(n))}


def missing(n: int) -> tuple[str, dict[str, str]]:
    names = [f"gone/{name}" for name in frames(n)]
    return "coco", {**dict.fromkeys(frames(n), ""), "a.json": coco(names)}


def one_id(n: int) -> tuple[str, dict[str, str]]:
    names = [*frames(n), "other.jpg"]
    return "coco", {"other.jpg": "", "a.json": coco(names, [*[7] * n, 1])}


def subsets(n: int) -> tuple[str, dict[str, str]]:
    return "coco", {"a.json": coco(frames(n), subsets=True)}


def voc(n: int) -> tuple[str, dict[str, str]]:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), BOX, strict=True)
    sides = "".join(f"<{side}>{value}</{side}>" for side, value in corners)
    object_ = f"<object><name>face</name><bndbox>{sides}</bndbox></object>"
    xml = f"<annotation><filename>x.xml</filename>{object_}</annotation>"
    return "voc", {name.replace(".jpg", end): xml for name in frames(n) for end in (".xml", ".jpg")}


def boxes(n: int) -> tuple[str, dict[str, str]]:
    rows = [f"{name},happy,1,1,9,9" for name in frames(n)]
    table = "\n".join(["path,label,x1,y1,x2,y2", *rows])
    return "boxes", {**dict.fromkeys(frames(n), ""), "a.csv": table}


def folder(n: int) -> tuple[str, dict[str, str]]:
    return "folder", {f"happy/{name}": "" for name in frames(n)}


SHAPES: dict[str, Callable[[int], tuple[str, dict[str, str]]]] = {
    "frames of one name": video_frames,
    "file names alone": names_alone,
    "names in another case": another_case,
    "pictures that are missing": missing,
    "images of one id": one_id,
    "a subset for each face": subsets,
    "VOC that names its XML": voc,
    "boxes in frames": boxes,
    "folders of frames": folder,
}


def seconds(shape: Callable[[int], tuple[str, dict[str, str]]], n: int, place: Path) -> float:
    """To open the data set and list its pictures; the fastest of three runs."""
    reader, files = shape(n)
    path = place / f"{n}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        dataset: Any = open_dataset(path, reader)
        items = dataset.scenes if reader in ("coco", "voc") else dataset.samples
        for split in dataset.splits():
            for _ in items(split):
                pass
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=20_000, metavar="N")
    n = parser.parse_args().pictures
    print(f"{'data set':<28}{'N':>10}{'2N':>10}{'ratio':>8}")
    for name, shape in SHAPES.items():
        with tempfile.TemporaryDirectory() as place:
            once, twice = (seconds(shape, size, Path(place)) for size in (n, 2 * n))
        print(f"{name:<28}{once:>9.2f}s{twice:>9.2f}s{twice / once:>8.1f}")


if __name__ == "__main__":
    main()
