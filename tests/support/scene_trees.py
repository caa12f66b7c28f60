"""Some real pictures of the real data sets, written as each data set is published."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.scene import Scene

WIDER = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")


@dataclass
class Real:
    """``table`` is COCO's, of the pictures in ``files`` alone: file name → bytes."""

    table: dict[str, Any]
    files: dict[str, bytes] = field(repr=False)

    def faces(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Every image with its annotations."""
        for image in self.table["images"]:
            yield image, [a for a in self.table["annotations"] if a["image_id"] == image["id"]]


def real(zipped: Path, every: int, least: int = 12) -> Real:
    """Each ``every``-th picture of a zip in COCO form; at least ``least`` of a small one."""
    with zipfile.ZipFile(zipped) as archive:
        table = json.loads(archive.read("annotations.json"))
        every = min(every, max(1, len(table["images"]) // least))
        table["images"] = table["images"][::every]
        known = {image["id"] for image in table["images"]}
        table["annotations"] = [a for a in table["annotations"] if a["image_id"] in known]
        names = [image["file_name"] for image in table["images"]]
        return Real(table, {name: archive.read(f"images/{name}") for name in names})


def write_pictures(folder: Path, given: Real) -> None:
    for name, data in given.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_coco(folder: Path, given: Real, table: str = "annotations.json") -> Path:
    write_pictures(folder / "images", given)
    (folder / table).parent.mkdir(parents=True, exist_ok=True)
    (folder / table).write_text(json.dumps(given.table), "utf-8")
    return folder


def write_wider(folder: Path, given: Real, split: str = "train") -> Path:
    """As on the official page: lines end with a blank, a picture of no faces has ten zeros."""
    write_pictures(folder / f"WIDER_{split}" / "images", given)
    lines = []
    for image, faces in given.faces():
        lines += [image["file_name"], str(len(faces))]
        for face in faces:
            values = [*face["bbox"], *(face["attributes"][name] for name in WIDER)]
            lines.append(" ".join(map(str, values)) + " ")
        if not faces:
            lines.append("0 0 0 0 0 0 0 0 0 0 ")
    place = folder / "wider_face_split"
    place.mkdir(exist_ok=True)
    (place / f"wider_face_{split}_bbx_gt.txt").write_text("\n".join([*lines, ""]), "utf-8")
    return folder


def voc_xml(image: dict[str, Any], faces: list[dict[str, Any]], first: int = 1) -> str:
    """``first``: the number of the first pixel, 1 as published; the last pixel is included."""
    objects = []
    for face in faces:
        x, y, width, height = face["bbox"]
        objects.append(
            f"<object><name>{face.get('name', 'face')}</name><pose>Frontal</pose>"
            f"<truncated>0</truncated><difficult>{face['ignore']}</difficult><bndbox>"
            f"<xmin>{x + first}</xmin><ymin>{y + first}</ymin><xmax>{x + width}</xmax>"
            f"<ymax>{y + height}</ymax></bndbox></object>"
        )
    return (
        f"<annotation><folder>VOC</folder><filename>{Path(image['file_name']).name}</filename>"
        f"<size><width>{image['width']}</width><height>{image['height']}</height><depth>3</depth>"
        f"</size>{''.join(objects)}</annotation>"
    )


def write_voc(folder: Path, given: Real) -> Path:
    for name, data in given.files.items():
        (folder / "JPEGImages").mkdir(parents=True, exist_ok=True)
        (folder / "JPEGImages" / Path(name).name).write_bytes(data)
    (folder / "Annotations").mkdir()
    for image, faces in given.faces():
        stem = Path(image["file_name"]).stem
        (folder / "Annotations" / f"{stem}.xml").write_text(voc_xml(image, faces), "utf-8")
    return folder


def write_fddb(folder: Path, given: Real, folds: int = 2) -> Path:
    """Ellipses whose upright boxes are the real ones: the axes lie along the sides."""
    write_pictures(folder / "originalPics", given)
    (folder / "FDDB-folds").mkdir()
    lines: dict[int, list[str]] = {fold: [] for fold in range(folds)}
    for number, (image, faces) in enumerate(given.faces()):
        here = lines[number % folds]
        here += [str(Path(image["file_name"]).with_suffix("")), str(len(faces))]
        for face in faces:
            x, y, width, height = face["bbox"]
            half, other, angle = height / 2, width / 2, -math.pi / 2
            here.append(f"{half} {other} {angle} {x + width / 2} {y + height / 2}  1")
    for fold, text in lines.items():
        name = f"FDDB-fold-{fold + 1:02}-ellipseList.txt"
        (folder / "FDDB-folds" / name).write_text("\n".join([*text, ""]), "utf-8")
    return folder


def same(found: list[Scene], expected: list[Scene], atol: float = 1e-3) -> None:
    """The same pictures with the same faces, in whatever order and place the pictures lie."""

    def by_name(scenes: list[Scene]) -> dict[str, Scene]:
        return {Path(scene.key).name: scene for scene in scenes}

    assert by_name(found).keys() == by_name(expected).keys()
    assert len(found) == len(expected)
    for name, scene in by_name(found).items():
        other = by_name(expected)[name]
        np.testing.assert_allclose(scene.boxes, other.boxes, atol=atol)
        assert np.array_equal(scene.image, other.image)


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path
