"""What must hold of a folder that a killed command leaves, and what two runs must agree on."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image

from mien.media.video.reader import open_video
from mien.parsing import parse_toml
from tests.support.runs import equal


def torn(folder: Path) -> list[str]:
    """Files under their final names that are not whole, each with the reason."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not is_unfinished(path):
            try:
                _check(path)
            except Exception as error:  # noqa: BLE001 - any error means that it cannot be read
                found.append(f"{path.relative_to(folder)}: {type(error).__name__}: {error}"[:200])
    return found


def unfinished(folder: Path) -> list[str]:
    """Files that a run which ended well must not leave."""
    return [path.name for path in folder.rglob("*") if is_unfinished(path)]


def is_unfinished(path: Path) -> bool:
    """Whether the name is that of a file on its way; an unfinished video ends in ``.tmp.mp4``."""
    return not _UNFINISHED.isdisjoint(path.suffixes)


_UNFINISHED = {".tmp", ".partial"}


def _check(path: Path) -> None:
    data, kind = path.read_bytes(), path.suffix
    if kind in {".jsonl", ".csv", ".table", ".md", ".txt"}:
        assert data[-1:] in (b"", b"\n"), "half a line"
        for line in data.splitlines() if kind == ".jsonl" else ():
            json.loads(line)
    elif path.name == "r.json":  # one array that is written as it grows: whole lines, not its end
        for line in data.decode().strip("[]\n").split(",\n"):
            json.loads(line or "0")
    elif kind == ".json":
        json.loads(data)
    elif kind in {".png", ".jpg"}:
        with Image.open(path) as picture:
            picture.load()
    elif kind == ".npz":
        with np.load(path) as arrays:
            assert all(arrays[name] is not None for name in arrays.files)
    elif kind == ".npy" and json.loads((path.parent / "pack.json").read_bytes()).get("complete"):
        np.load(path)  # before, only the journal counts
    elif kind == ".pt":
        torch.load(path, weights_only=True)
    elif kind == ".onnx":
        onnx.checker.check_model(onnx.load(path))
    elif kind == ".toml":
        parse_toml(data)
    elif kind in {".html", ".svg"}:
        assert data.rstrip().endswith(f"</{kind[1:]}>".encode()), "no end"
    elif kind in {".mp4", ".webm"}:
        assert list(open_video(path))  # which raises for a file that is cut off
    elif kind == ".db":
        with closing(sqlite3.connect(path)) as base:
            assert base.execute("pragma integrity_check").fetchone() == ("ok",)


def result(folder: Path) -> dict[str, object]:
    """What a run gives, by file: equal for equal runs, without times and moments."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or is_unfinished(path) or path.name == ".lock":
            continue
        if path.suffix == ".pt":
            found[name] = torch.load(path, weights_only=True)
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                found[name] = {key: _digest(arrays[key].tobytes()) for key in arrays.files}
        elif path.suffix in {".db", ".svg", ".html"} or "search" in name or "study" in name:
            found[name] = None  # have moments, costs or the numbers of trials in them
        else:
            found[name] = _digest(_TIMES.sub(b"", path.read_bytes()))
    if (folder / "search").exists():  # trials that were killed have folders and rows of their own
        found = {name: None for name in found if "trials/" not in name}
        rows = (folder / "search/trials.csv").read_text().splitlines()
        found["finished"] = sum(",finished," in row for row in rows)
    return found


_TIMES = re.compile(rb'"(seconds|images_per_second|elapsed_ms)": [^,}\n]+')


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def differences(reference: dict[str, object], other: dict[str, object]) -> list[str]:
    """The files in which two results differ."""
    lacks = [f"{name}: only in one of two runs" for name in reference.keys() ^ other.keys()]
    return lacks + [
        f"{name}: differs from an undisturbed run"
        + ("" if isinstance(other[name], dict) else f": {other[name]}, not {reference[name]}")
        for name in sorted(reference.keys() & other.keys())
        if not _equal(name, reference[name], other[name])
    ]


_LOSES_TIME = {"seconds", "wall", "duration"}


def _equal(name: str, one: object, other: object) -> bool:
    if name.endswith(".pt") and isinstance(one, dict) and isinstance(other, dict):
        return equal(_without_times(one), _without_times(other))
    return one == other


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if k not in _LOSES_TIME}
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    return value
