"""Real faces as the tables that people have: a few of each expression, one form a function."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.labels import FER2013
from tests.support.fer2013 import Row

Face = tuple[str, str, str, NDArray[np.uint8]]
"""Name of the picture, expression, split, and the picture."""


def faces(rows: Sequence[Row], each: int = 3) -> list[Face]:
    """Up to ``each`` pictures of every expression in ``train``, and one in ``test``."""
    found: list[Face] = []
    count: dict[str, int] = {}
    for row in rows:
        label = FER2013[row.emotion]
        number = count[label] = count.get(label, 0) + 1
        if number <= each + 1:
            split = "test" if number == 1 else "train"
            found.append((f"{label}-{number}.png", label, split, row.image))
    return found


def pictures(folder: Path, found: Sequence[Face]) -> None:
    folder.mkdir(parents=True)
    for name, _, _, image in found:
        cv2.imwrite(str(folder / name), image)


def write_csv(folder: Path, found: Sequence[Face]) -> None:
    """Paths, German Excel's semicolons, a byte order mark and a quoted line break."""
    pictures(folder / "img", found)
    with (folder / "faces.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Path", "Emotion", "Split", "Comment"])
        for name, label, split, _ in found:
            writer.writerow([f"img/{name}", label, split, "a line\nand another"])


def write_tsv(folder: Path, found: Sequence[Face]) -> None:
    pictures(folder, found)
    spelt = {"happiness": "Happy", "anger": "angry", "fear": "scared", "sadness": "SAD"}
    lines = [f"{name}\t{spelt.get(label, label)}\t{split}" for name, label, split, _ in found]
    (folder / "faces.tsv").write_text("\n".join(["filename\tlabel\tset", *lines]), "utf-8")


def write_jsonl(folder: Path, found: Sequence[Face]) -> None:
    pictures(folder, found)
    rows = [
        {"image": name, "expression": FER2013.index(lab), "split": s} for name, lab, s, _ in found
    ]
    (folder / "faces.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


def write_imagefolder(folder: Path, found: Sequence[Face]) -> None:
    """The hub's layout: a ``metadata.csv`` in the folder of each split."""
    for split in ("train", "test"):
        part = [face for face in found if face[2] == split]
        pictures(folder / split, part)
        lines = [f"{name},{label}" for name, label, *_ in part]
        (folder / split / "metadata.csv").write_text("\n".join(["file_name,label", *lines]))


def write_parquet(folder: Path, found: Sequence[Face]) -> None:
    """The hub's shards: pictures as structs of bytes and path, numbers with names beside them."""
    import pyarrow as pa
    from pyarrow import parquet

    names = {"names": list(FER2013), "_type": "ClassLabel"}
    hub = json.dumps({"info": {"features": {"image": {"_type": "Image"}, "label": names}}})
    (folder / "data").mkdir(parents=True)
    for split in ("train", "test"):
        part = [face for face in found if face[2] == split]
        coded = [cv2.imencode(".png", image)[1].tobytes() for *_, image in part]
        table = pa.table(
            {
                "image": [{"bytes": data, "path": None} for data in coded],
                "label": [FER2013.index(label) for _, label, *_ in part],
            }
        )
        shard = folder / "data" / f"{split}-00000-of-00001.parquet"
        table = table.replace_schema_metadata({"huggingface": hub})
        parquet.write_table(table, shard, row_group_size=5)


FORMS: dict[str, tuple[Callable[[Path, Sequence[Face]], None], list[str]]] = {
    "csv": (write_csv, []),
    "tsv": (write_tsv, []),
    "jsonl": (write_jsonl, ["order=fer2013"]),
    "imagefolder": (write_imagefolder, []),
    "parquet": (write_parquet, []),
}
"""Form → how to write it, and the options with which it is read."""
