"""Every hostile input that once broke Mien and that a few lines can make; larger ones are files in
``corpus/``. The fuzz run enters them first, and after each mend of a new kind one is added."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tests.fuzz import seeds
from tests.fuzz.case import Case

Make = Callable[[], Case]

DIGITS, HUGE, DEEP = "9" * 5000, "9" * 400, "[" * 3000 + "]" * 3000


def facts(key: str, raw: str, number: int = 0) -> Make:
    """A network whose fact ``key`` is the piece of JSON ``raw``."""

    def make() -> Case:
        case = seeds.networks()[number]
        name = next(name for name in case.files if name.endswith(".json"))
        spec = {**json.loads(case.files[name]), key: "@"}
        return replace(
            case, files={**case.files, name: json.dumps(spec).replace('"@"', raw).encode()}
        )

    return make


def metadata(content: bytes) -> Make:
    """A network whose facts are these bytes."""

    def make() -> Case:
        case = seeds.networks()[0]
        return replace(case, files={**case.files, "mien.json": content})

    return make


def toml(name: str, text: str) -> Make:
    return lambda: Case({f"{name}.toml": text.encode("utf-8", "surrogateescape")})


def changed(
    case: Callable[[], list[Case]], number: int, files: Mapping[str, tuple[str, str]]
) -> Make:
    """A good input in whose files a text is replaced: name → (text, hostile text)."""

    def make() -> Case:
        good = case()[number]
        new = dict(good.files)
        for name, (old, hostile) in files.items():
            assert old.encode() in new[name], name
            new[name] = new[name].replace(old.encode(), hostile.encode(), 1)
        return replace(good, files=new)

    return make


def special(case: Callable[[], list[Case]], number: int, name: str, kind: str) -> Make:
    """A good input in which something else stands in the place of a file."""
    return lambda: replace(case()[number], special={name: kind})


def option(text: str) -> Make:
    return lambda: Case({}, option=text)


FACTS = {
    "channels as float": ("channels", "1.0"), "temperature 1e-320": ("temperature", "1e-320"),
    "temperature 400 digits": ("temperature", HUGE), "offset 1e300": ("offset", "[1e300, 0]"),
    "digits": ("input_size", DIGITS), "deep": ("card", DEEP), "infinite": ("margin", "1e400"),
    "std": ("std", "[1e-300]"), "surrogate": ("name", '"\\ud800"'), "labels": ("labels", "[[1, 2]]"),
    "score": ("scores", f'{{"a": {HUGE}}}'), "boolean": ("input_size", "true"),
}  # fmt: skip
TOML = {
    "deep": f"lr = {DEEP}", "digits": f"epochs = {DIGITS}", "1e400": f"lr = {HUGE}",
    "hexadecimal": "epochs = 0x" + "f" * 5000, "date": "lr = [1979-05-27]", "bytes": 'name = "\udcff"',
    "infinite": "lr = [inf]", "dotted": ".".join("a" * 20_000) + " = 1", "nan": "widths = [[nan]]",
    "dates": "epochs = { low = 07:32:00, high = 2 }", "step": "lr = { low = 0, high = 1e300, step = 1e-300 }",
    "grid": "seed = { low = 0, high = 4294967295 }", "table": "[lr]\n[lr.a]\n", "boolean": "epochs = true",
}  # fmt: skip

KNOWN: dict[str, tuple[str, Make]] = {
    **{f"network {name}": ("network", facts(*fact)) for name, fact in FACTS.items()},
    "network not UTF-8": ("network", metadata(b'{"name": "\xff"}')),
    "network brackets": ("network", metadata(b"[" * 3000)),
    "network detector sides": ("network", facts("short_side", DIGITS, 2)),
    "network pipe": ("network", special(seeds.networks, 0, "graph.onnx", "fifo")),
    **{f"recipe {name}": ("recipe", toml("recipe", text)) for name, text in TOML.items()},
    **{f"space {name}": ("space", toml("space", text)) for name, text in TOML.items()},
    "recipe pipe": ("recipe", special(seeds.recipes, 0, "recipe.toml", "fifo")),
    "coco pipe": ("coco", special(seeds.coco, 0, "images/0--Event/p0.jpg", "fifo")),
    "coco device": ("coco", special(seeds.coco, 0, "images/0--Event/p0.jpg", "zero")),
    "coco table pipe": ("coco", special(seeds.coco, 0, "annotations.json", "fifo")),
    "coco outside": (
        "coco", changed(seeds.coco, 0, {"annotations.json": ("0--Event/p0.jpg", "../../../x.jpg")})
    ),
    **{
        f"coco {name}": ("coco", changed(seeds.coco, 0, {"annotations.json": ('"image_id": 1', f'"image_id": {raw}')}))
        for name, raw in {"digits": DIGITS, "huge": HUGE, "deep": DEEP, "list": "[1]"}.items()
    },
    **{
        f"dataturks {name}": ("dataturks", changed(seeds.dataturks, 0, {"export.json": ('"imageWidth": 56', f'"imageWidth": {raw}')}))
        for name, raw in {"digits": DIGITS, "huge": HUGE, "1e400": "1e400", "true": "true"}.items()
    },
    **{
        f"votes {name}": ("ferplus", changed(seeds.ferplus, 0, {"fer2013new.csv": (",6,3,", f",{raw},3,")}))
        for name, raw in {"digits": DIGITS, "huge": HUGE, "negative": "-1"}.items()
    },
    "fer2013 digits": (
        "fer2013", changed(seeds.fer2013, 0, {"fer2013.csv": ("\n0,", f"\n{DIGITS},")})
    ),
    "folder digits": (
        "folder",
        lambda: Case({f"train/{'9' * 200}/a.jpg": b""} | {f"train/{DIGITS}/a.jpg": seeds.encoded(seeds.pixels(0), "JPEG")}, zipped=True, option="order=fer2013"),
    ),
    **{
        f"voc {name}": ("voc", changed(seeds.voc, 0, {"Annotations/p0.xml": ("<xmin>5", f"<xmin>{raw}")}))
        for name, raw in {"digits": DIGITS, "huge": HUGE, "nan": "nan", "1e400": "1e400"}.items()
    },
    "affectnet2021 pipe": (
        "affectnet2021", special(seeds.affectnet2021, 0, "train_set/annotations/0_exp.npy", "fifo")
    ),
    "packed labels": (
        "packed",
        lambda: _manifest(labels=[[1, 2], "sadness"]),
    ),
    **{
        f"packed {name}": ("packed", special(seeds.packed, 0, name, "fifo"))
        for name in ("pack.json", "skipped.csv", "train.pixels.npy", "train.facts.npz")
    },
    "answers pipe": ("answers", special(seeds.saved_answers, 0, "d.npz", "fifo")),
    "answers types": ("answers", lambda: _texts_for_numbers()),
    "run pipe": ("run", special(seeds.runs, 0, "last.pt", "fifo")),
    "fer2013 line break": (
        "fer2013", lambda: Case({"a\r\nb.csv": b"emotion,pixels,Usage\n0,\xff,Training\n"})
    ),
    "option digits": ("option", option(f"random:{DIGITS}/1")),
    "option threads": ("option", option(f"threads={HUGE}")),
    "study address": ("study", lambda: replace(seeds.studies()[0], option="\0")),
    "study port": ("study", lambda: replace(seeds.studies()[0], option="?timeout=soon")),
}  # fmt: skip


def _texts_for_numbers() -> Case:
    """A detector's answers whose numbers of faces are texts."""
    case = next(case for case in seeds.saved_answers() if "d.npz" in case.files)
    arrays = dict(np.load(io.BytesIO(case.files["d.npz"])))
    file = io.BytesIO()
    np.savez(file, **{**arrays, "faces": arrays["faces"].astype("S3")})
    return Case({"d.npz": file.getvalue()})


def _manifest(**values: Any) -> Case:
    case = seeds.packed()[0]
    manifest = {**json.loads(case.files["pack.json"]), **values}
    return replace(case, files={**case.files, "pack.json": json.dumps(manifest).encode()})
