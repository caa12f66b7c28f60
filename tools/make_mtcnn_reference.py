"""Store the faces that the reference MTCNN finds, for ``tests/detectors/mtcnn/test_detector.py``.

Run it once, in a separate environment, since the reference needs TensorFlow:

    python -m venv .venv-reference
    .venv-reference/bin/pip install mtcnn==1.0.0 tensorflow-cpu pillow
    .venv-reference/bin/python tools/make_mtcnn_reference.py --shared ../shared

The pictures are not part of the project; the fixture names each one (file, or zip and member) and
its SHA-256. Both implementations get the same pixels: ``Image.open(...).convert("RGB")``, not
rotated by EXIF.

One face is ``{"box": [x1, y1, x2, y2], "score", "landmarks": [[x, y] * 5]}`` in float pixels. That
is the reference's "numpy" output without rounding and without clipping at the picture's border
(``fit_to_image=False``); its default JSON output is these numbers rounded and clipped.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from mtcnn import MTCNN
from PIL import Image

OUT = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "mtcnn_reference.json"
PHOTOS = ["photos/biden.jpg", "photos/obama_smile.jpg", "photos/oarriaga_test_image.jpg"]
# Of each zip, every N-th picture of the sorted list: they cover all of WIDER FACE's events.
ZIPS = {"data/wider_val_dev.zip": 25, "data/facemask853.zip": 71}
CROWD = ("data/wider_val_dev.zip", "images/7--Cheering/7_Cheering_Cheering_7_171.jpg")

DEFAULTS = {"min_face_size": 20, "scale_factor": 0.709, "thresholds": [0.6, 0.7, 0.8]}
OTHERS = {"min_face_size": 24, "scale_factor": 0.6, "thresholds": [0.5, 0.6, 0.7]}
OTHERS_EVERY = 4  # the second setting on every fourth picture


def pictures(shared: Path) -> list[tuple[str, str | None, bytes]]:
    """``(file, zip member or None, content)`` of every chosen picture."""
    found: list[tuple[str, str | None, bytes]] = [
        (name, None, (shared / name).read_bytes()) for name in PHOTOS
    ]
    for name, step in ZIPS.items():
        with zipfile.ZipFile(shared / name) as archive:
            members = sorted(m for m in archive.namelist() if m.endswith((".jpg", ".png")))
            found += [(name, member, archive.read(member)) for member in members[::step]]
    with zipfile.ZipFile(shared / CROWD[0]) as archive:
        found.append((*CROWD, archive.read(CROWD[1])))
    return found


def ask(
    reference: MTCNN, image: np.ndarray, settings: dict[str, object]
) -> list[dict[str, object]]:
    """The reference's faces in ``image``, (H, W, 3) uint8 RGB, best score first."""
    pnet, rnet, onet = settings["thresholds"]
    rows = reference.detect_faces(
        image,
        min_face_size=settings["min_face_size"],
        scale_factor=settings["scale_factor"],
        threshold_pnet=pnet,
        threshold_rnet=rnet,
        threshold_onet=onet,
        output_type="numpy",
        box_format="xyxy",
        fit_to_image=False,
    )  # (N, 16): picture, box, score, five x, five y
    return [
        {
            "box": row[1:5].round(3).tolist(),
            "score": round(float(row[5]), 6),
            "landmarks": row[6:].reshape(2, 5).T.round(3).tolist(),
        }
        for row in rows
    ]


def main() -> None:
    """Run the reference on every picture and write the fixture."""
    parser = argparse.ArgumentParser(description="Store the reference's answers as a test fixture.")
    parser.add_argument("--shared", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()

    reference = MTCNN()
    cases = []
    for i, (name, member, content) in enumerate(pictures(options.shared)):
        image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        for settings in [DEFAULTS, OTHERS] if i % OTHERS_EVERY == 0 else [DEFAULTS]:
            faces = ask(reference, image, settings)
            cases.append(
                {
                    "file": name,
                    "member": member,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "width": image.shape[1],
                    "height": image.shape[0],
                    **settings,
                    "faces": faces,
                }
            )
            print(f"{len(faces):4d} faces  {image.shape[1]}x{image.shape[0]}  {member or name}")
    made_with = {p: version(p) for p in ("mtcnn", "tensorflow-cpu", "numpy", "pillow")}
    # One case per line keeps the file readable and its diffs small.
    lines = ",\n".join(json.dumps(case) for case in cases)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(
        f'{{"made_with": {json.dumps(made_with)},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
