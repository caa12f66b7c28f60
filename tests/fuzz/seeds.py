"""Good inputs of every kind, small, from which the fuzz run makes hostile ones."""

from __future__ import annotations

import importlib.util
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mien.labels import FER2013
from mien.samples import ASTRONAUT
from tests.fuzz.case import Case
from tests.support import affectnet_trees, before, clips, detections, scene_trees, tables
from tests.support import answers as made_up_answers
from tests.support import fer2013 as fer

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "AVIF")


def folder_of(write: Callable[[Path], Any]) -> dict[str, bytes]:
    """What ``write`` puts into a folder: name → content."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "root"
        root.mkdir()
        write(root)
        files = (path for path in sorted(root.rglob("*")) if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def both(files: dict[str, bytes]) -> list[Case]:
    """As a folder, and as a zip."""
    return [Case(files), Case(files), replace(Case(files), zipped=True)]


def pixels(number: int, height: int = 40, width: int = 56) -> np.ndarray:
    """(H, W, 3) RGB: a part of a photo in the public domain, another one for each number."""
    x, y = 170 + 3 * number, 50 + 2 * number
    return np.asarray(Image.open(ASTRONAUT).convert("RGB"))[y : y + height, x : x + width]


def encoded(image: np.ndarray, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, **options)
    return file.getvalue()


def videos() -> list[Case]:
    """One small video of every container that OpenCV writes."""
    found = folder_of(lambda root: [clips.write(root / f"a{suffix}", 6) for suffix in clips.FOURCC])
    return [Case({name: data}) for name, data in found.items()]


def pictures() -> list[Case]:
    """One picture of every format, and of odd modes, with and without EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = pixels(0)
    found = {f"{form.lower()}.{form.lower()}": encoded(image, form) for form in FORMATS}
    found["turned.jpg"] = encoded(image, "JPEG", exif=exif.tobytes())
    found["progressive.jpg"] = encoded(image, "JPEG", progressive=True)
    found["grey.png"] = encoded(image[..., 0], "PNG")
    found["deep.png"] = encoded(image[..., 0].astype(np.uint16) * 257, "PNG")
    found["packed.tiff"] = encoded(image, "TIFF", compression="tiff_lzw")
    clear = np.dstack([image, image[..., :1]])
    found["clear.png"], found["clear.webp"] = encoded(clear, "PNG"), encoded(clear, "WEBP")
    palette = Image.fromarray(image).quantize(16)
    file = io.BytesIO()
    palette.save(file, "GIF", save_all=True, append_images=[palette] * 2)
    found["moving.gif"] = file.getvalue()
    return [Case({name: data}) for name, data in found.items()]


def scenes(count: int = 3) -> scene_trees.Real:
    """Pictures with a marked face or two in COCO's form."""
    table: dict[str, Any] = {
        "categories": [{"id": 1, "name": "face"}], "images": [], "annotations": [],
    }  # fmt: skip
    files = {}
    for number in range(count):
        name = f"{number}--Event/p{number}.jpg"
        files[name] = encoded(pixels(number), "JPEG")
        table["images"].append({"id": number + 1, "file_name": name, "width": 56, "height": 40})
        for face in range(number % 2 + 1):
            table["annotations"].append(
                {
                    "id": len(table["annotations"]) + 1, "image_id": number + 1, "category_id": 1,
                    "bbox": [4 + 9 * face, 5, 20, 24], "area": 480, "iscrowd": 0,
                    "ignore": int(number == 2), "subsets": ["easy", "hard"],
                    "attributes": dict.fromkeys(scene_trees.WIDER, 0),
                }
            )  # fmt: skip
    return scene_trees.Real(table, files)


def coco() -> list[Case]:
    return both(folder_of(lambda root: scene_trees.write_coco(root, scenes())))


def wider() -> list[Case]:
    return both(folder_of(lambda root: scene_trees.write_wider(root, scenes())))


def voc() -> list[Case]:
    files = folder_of(lambda root: scene_trees.write_voc(root, scenes()))
    return both({**files, "ImageSets/Main/train.txt": b"p0\np1 1\n"})


def fddb() -> list[Case]:
    return both(folder_of(lambda root: scene_trees.write_fddb(root, scenes())))


def dataturks() -> list[Case]:
    """Pictures lie in the data set, so that nothing is fetched."""
    rows = []
    for number in range(3):
        points = [{"x": 0.1, "y": 0.2}, {"x": 0.6, "y": 0.7}]
        box = {"label": ["Face"], "points": points, "imageWidth": 56, "imageHeight": 40}
        url = f"http://127.0.0.1:1/p{number}.jpg"
        rows.append({"content": url, "annotation": [box] * (number + 1), "extras": None})
    table = "\n".join(map(json.dumps, rows)).encode()
    pictures = {f"p{number}.jpg": encoded(pixels(number), "JPEG") for number in range(3)}
    return both({"export.json": table, **pictures})


def rows() -> list[fer.Row]:
    usages = ("Training", "Training", "Training", "PublicTest", "PrivateTest")
    return [
        fer.Row(usage, number % 7, pixels(number, 48, 48)[..., 0], "6,3,0,0,0,0,0,0,1,0")
        for number, usage in enumerate(usages)
    ]


def fer2013() -> list[Case]:
    table = folder_of(lambda root: fer.write_csv(root / "fer2013.csv", rows()[::2]))
    pictures = fer.files(rows())
    return [*both(table), *both(pictures)]


def ferplus() -> list[Case]:
    table = folder_of(lambda root: fer.write_csv(root / "fer2013.csv", rows()[::2]))
    votes = fer.votes_file(rows()[::2])
    return [
        *both({**table, "fer2013new.csv": votes}),
        *both({**fer.files(rows()), "ferplus.csv": fer.votes_file(rows())}),
    ]


def folder() -> list[Case]:
    """Class folders by name and by number, a list of labels, and CK+."""
    picture = [encoded(pixels(number), "JPEG") for number in range(4)]
    named = {
        f"{split}/{name}/{number}.jpg": picture[number]
        for split in ("train", "test")
        for number, name in enumerate(("happy", "sad", "neutral", "angry"))
    }
    numbered = {f"train/{number}/a.jpg": picture[number] for number in range(4)}
    listed = {
        **{f"Image/aligned/train_{n:05}_aligned.jpg": picture[n] for n in range(4)},
        "EmoLabel/list_patition_label.txt": b"".join(
            b"train_%05d.jpg %d\n" % (n, n + 1) for n in range(4)
        ),
    }
    ck = {
        f"cohn-kanade-images/S00{n}/001/S00{n}_001_0000000{n + 1}.png": encoded(pixels(n), "PNG")
        for n in range(4)
    } | {
        f"Emotion/S00{n}/001/S00{n}_001_0000000{n + 1}_emotion.txt": b"   %d.0000000e+00\n"
        % (n + 1)
        for n in range(4)
    }
    numbers = [replace(case, option="order=fer2013") for case in both(numbered)]
    lists = [replace(case, option="order=rafdb") for case in both(listed)]
    return [*both(named), *numbers, *lists, *both(ck)]


def boxes() -> list[Case]:
    """Tables of faces: COCO with expressions, and CSV."""
    real = scenes()
    real.table["categories"] = [{"id": 1, "name": "happy"}, {"id": 2, "name": "sad"}]
    table = folder_of(lambda root: scene_trees.write_coco(root, real))
    lines = ["path,expression,x1,y1,x2,y2,split,subject,valence,arousal"]
    lines += [f"images/{name},happy,3,4,30,31,train,s1,0.5,-0.25" for name in real.files]
    pictures = {f"images/{name}": data for name, data in real.files.items()}
    return [*both(table), *both({"faces.csv": "\n".join(lines).encode(), **pictures})]


def table() -> list[Case]:
    """Tables of faces in every form; Parquet where PyArrow is installed."""
    faces = [
        (f"{label}-{number}.png", label, ("train", "test")[number % 2], pixels(number))
        for number, label in enumerate(("happiness", "sadness", "anger", "fear"))
    ]
    cases = []
    for form, (write, options) in tables.FORMS.items():
        if form != "parquet" or importlib.util.find_spec("pyarrow"):
            files = folder_of(lambda root, write=write, form=form: write(root / form, faces))
            cases.append(Case(files, option=options[0] if options else ""))
    return cases


def affectnet() -> list[Case]:
    entry = affectnet_trees.Entry(encoded(pixels(1), "JPEG"), (3, 4, 30, 30), 1)
    return [
        Case(
            folder_of(
                lambda root: affectnet_trees.write_full(
                    root, {"training.csv": [entry] * 3, "validation.csv": [entry] * 2}
                )
            )
        )
    ]


def affectnet2021() -> list[Case]:
    entries = [
        affectnet_trees.Entry(encoded(pixels(number), "JPEG"), (3, 4, 30, 30), number)
        for number in range(3)
    ]
    sets = {"train_set": entries[:2], "val_set": entries[2:]}
    return [
        Case(folder_of(partial(affectnet_trees.write_2021, sets=sets, text=text)))
        for text in (True, False)
    ]


def packed() -> list[Case]:
    """A pack of pixels alone, and one with votes."""
    old = FIXTURES / "pack_format_1"
    files = {path.name: path.read_bytes() for path in sorted(old.iterdir())}
    whole = _before()
    voted = {
        name.removeprefix("packs/whole/"): data
        for name, data in whole.items()
        if name.startswith("packs/whole/")
    }
    return [Case(files), Case(files), Case(voted)]


def _before() -> dict[str, bytes]:
    return folder_of(lambda root: before.unpack(root))


def recipes() -> list[Case]:
    """The recipes that ship, one file each."""
    from mien.train.recipe import RECIPES

    files = sorted(RECIPES.glob("*.toml"))
    extra = b'size_schedule = [[0.3, 32], [0.4, 40]]\ndataset_options = ["classes=7"]\n'
    return [Case({"recipe.toml": path.read_bytes()}) for path in files] + [
        Case({"recipe.toml": path.read_bytes() + extra}) for path in files[:2]
    ]


def spaces() -> list[Case]:
    from mien.train.tuning.space import SPACES

    forms = (
        b"lr = { low = 1e-4, high = 1, log = true }\ndropout = { low = 0, high = 0.5, step = 0.1 }\n"
        b"batch_size = { choices = [32, 64] }\npatience = { low = 2, high = 8, step = 3 }\n"
        b"widths = { choices = [[8, 8, 8], [16, 16, 16]] }\n"
        b'optimizer = ["sgd", "adam"]\n'
    )
    shipped = [Case({"space.toml": path.read_bytes()}) for path in sorted(SPACES.glob("*.toml"))]
    return [*shipped, Case({"space.toml": forms}), Case({"space.toml": forms})]


def networks() -> list[Case]:
    """A classifier and a detector: the graph in one file, the facts in another."""
    from tests.support.detector_models import tiny_detector
    from tests.support.models import tiny_classifier

    facts = {
        "align": True, "margin": 0.1, "offset": (0.01, -0.02), "temperature": 1.5,
        "scores": {"public_accuracy": 0.7}, "card": {"limits": ["a"], "seed": 0, "epochs": "5 of 5"},
    }  # fmt: skip
    found = []
    with tempfile.TemporaryDirectory() as place:
        for batch, channels in (("N", 1), (2, 3)):
            path = Path(place) / "c.onnx"
            tiny = tiny_classifier(
                path, FER2013[:3], input_size=8, resize=10, channels=channels, batch=batch,
                metadata={}, **facts,
            )  # fmt: skip
            for key, text in tiny.spec.to_metadata().items():
                found.append(Case({"graph.onnx": path.read_bytes(), f"{key}.json": text.encode()}))
        path = Path(place) / "d.onnx"
        spec = tiny_detector(path, metadata={}, card={"seed": 0})
        for key, text in spec.to_metadata().items():
            found.append(Case({"graph.onnx": path.read_bytes(), f"{key}.json": text.encode()}))
    return found


def saved_answers() -> list[Case]:
    def write(root: Path) -> None:
        made_up_answers.answers(12, skipped=("a.jpg: cut short",)).save(root / "p.npz")
        detections.made_up(0, pictures=4).save(root / "d.npz")

    return [Case({name: data}) for name, data in folder_of(write).items()]


def runs() -> list[Case]:
    """The folder of a training run: recipe, metrics, answers and checkpoint."""
    head = "runs/classifier/"
    files = {n.removeprefix(head): d for n, d in _before().items() if n.startswith(head)}
    return [Case(files)]


def studies() -> list[Case]:
    return [Case({"study.db": _before()["tuned/study.db"]})]
