"""The public doors that the fuzz run tries, each with good inputs to change.

A door raises ``MienError`` for what it refuses. Anything else that it raises is a fault.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from mien.errors import MienError
from mien.media.video.reader import open_video
from tests.fuzz import seeds
from tests.fuzz.case import Case
from tests.fuzz.mutate import NUMBERS, RAW, TEXTS, mutate

TRAIN = ("torch", "onnx")


@dataclass(frozen=True, eq=False)
class Door:
    """``cases``: good inputs. ``enter``: give an input, written to a path, to Mien."""

    cases: Callable[[], Sequence[Case]]
    enter: Callable[[Path, Case], object]
    weight: float = 1
    """Share of the inputs, relative to other doors; slow doors get few."""
    needs: tuple[str, ...] = ()
    """Modules without which it is left out."""
    change: Callable[[Case, Random], Case] = field(default=mutate)

    @property
    def available(self) -> bool:
        """Whether the modules that it needs are installed."""
        return all(importlib.util.find_spec(name) for name in self.needs)

    def input(self, rng: Random) -> Case:
        """The input that a generator draws."""
        return self.change(rng.choice(_cases_of(self)), rng)


@cache
def _cases_of(door: Door) -> Sequence[Case]:
    return door.cases()


@cache
def _crop() -> np.ndarray:
    return seeds.pixels(0, 40, 40)


# --- pictures, videos and networks ---


@cache
def _recognizer() -> Any:
    import mien

    return mien.Recognizer(detector="none", threads=1)


def picture(path: Path, case: Case) -> None:
    """``Recognizer.image`` of every file: its bytes, then its path."""
    for file in sorted(path.iterdir()):
        if file.is_file():
            with io.BytesIO(file.read_bytes()) as data:
                try:
                    _recognizer().image(data)
                except MienError:
                    _recognizer().image(file.read_bytes())
        _recognizer().image(file)


def video(path: Path, case: Case) -> None:
    """``open_video`` of every file, and every one of its frames."""
    for file in sorted(path.iterdir()):
        times = [frame.time_s for frame in open_video(file, end=60, on_note=str)]
        assert all(later > earlier for earlier, later in pairwise(times))


def network(path: Path, case: Case) -> None:
    """Load an ONNX file with its facts as classifier and detector, use it and show its card."""
    from mien.catalogue import card
    from mien.classifiers.base import load_classifier
    from mien.detectors.load import load_detector
    from mien.subjects.source import identify

    file = path / "graph.onnx"
    if file.is_file():
        # In Protocol Buffers an appended field is one more entry: of metadata_props, number 14.
        with file.open("ab") as graph:
            for name, content in case.files.items():
                if name.endswith(".json") and len(content) < 1 << 20:
                    key = name.removesuffix(".json").encode("utf-8", "surrogatepass")
                    entry = _field(1, key) + _field(2, content)
                    graph.write(_field(14, entry))
    refusals = 0
    for use in (
        lambda: load_classifier(file, threads=1).classify([_crop()]),
        lambda: load_detector(file, threads=1).detect(_crop()),
        lambda: (card(str(file)), identify(str(file), threads=1)),
    ):
        try:
            use()
        except MienError as error:
            refusals += 1
            last = error
    if refusals > 1:  # each file is of one kind at most
        raise last


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes as Protocol Buffers store it."""
    size, left = b"", len(content)
    while left > 127:
        size, left = size + bytes([left & 127 | 128]), left >> 7
    return bytes([number << 3 | 2]) + size + bytes([left]) + content


# --- data sets ---


def dataset(reader: str, path: Path, case: Case) -> None:
    """``open_dataset`` with one reader, ``inspect``, and a division at random."""
    from mien.datasets.inspection import inspect
    from mien.datasets.opening import open_dataset
    from mien.datasets.splits import resplit

    options = [case.option] if case.option else []
    data = open_dataset(path, reader, options)
    inspect(data).to_dict()
    if len(case.files) % 3 == 0:
        for split in (parts := resplit(data, "random:50/50", data.splits()[0])).splits():
            list(parts.scenes(split) if hasattr(parts, "scenes") else parts.samples(split))


# --- recipes, search spaces, options ---


def recipe(path: Path, case: Case) -> None:
    """``load_recipe``, and the spec of its input."""
    from mien.train.classification.config import ClassifierConfig
    from mien.train.classification.spec import input_spec
    from mien.train.recipe import config_of, load_recipe

    config = load_recipe(path / "recipe.toml")
    assert config_of(config.to_dict(), "again") == config
    if isinstance(config, ClassifierConfig):
        input_spec(config, ("anger", "fear"))


def space(path: Path, case: Case) -> None:
    """``load_space``, and everything that a search asks it."""
    from mien.train.recipe import load_classifier_recipe
    from mien.train.tuning.space import load_space

    found = load_space(path / "space.toml", load_classifier_recipe("cnn3"))
    json.dumps(found.to_dict(), allow_nan=False)
    found.count_trials("random", 5)
    with suppress(MienError):  # most spaces have a range without a step, which no grid can have
        found.count_trials("grid", 5)


OPTIONS = (
    "min_face_size=20", "thresholds=0.6,0.7,0.8", "scale_factor=0.7", "max_side=600", "model=x.onnx",
    "order=fer2013", "classes=7", "votes=soft", "lr=0.1", "widths=[8, 8]", "epochs=3", "name=x",
    "random:90/10", "random:1/1/1", "subject:50/50", "2", "1024",
)  # fmt: skip


def option_cases() -> list[Case]:
    return [Case({}, option=text) for text in OPTIONS]


def change_option(case: Case, rng: Random) -> Case:
    """Another value, another key, or characters changed."""
    key, equals, value = case.option.partition("=")
    way = rng.randrange(4)
    pool = (*NUMBERS, *TEXTS, *RAW)
    if way == 0:
        return replace(case, option=f"{key}{equals}{rng.choice(pool)}")
    if way == 1:
        return replace(case, option=f"{rng.choice(pool)}{equals}{value}")
    parts = list(case.option)
    parts[rng.randrange(len(parts))] = rng.choice((*pool, "", "", "/", ":", ","))
    return replace(case, option="".join(parts))


def options(path: Path, case: Case) -> None:
    """One text as an option of every kind; it is accepted where any of them takes it."""
    from mien.datasets.opening import open_dataset
    from mien.datasets.splits import resplit
    from mien.detectors.load import load_detector
    from mien.runtime import open_session
    from mien.train.recipe import load_recipe
    from tests.support.tiny import Faces

    text, refusals = case.option, []
    uses: list[Callable[[], object]] = [
        lambda: load_recipe("default", [text]),
        lambda: load_detector("haar", options=[text]),
        lambda: load_detector("none", options=[text]),
        lambda: load_detector(text),
        lambda: open_dataset(path, "folder", [text]),
        lambda: open_dataset(path / "x", text),
        lambda: resplit(Faces(8), text),
        lambda: open_session(b"", threads=text),  # type: ignore[arg-type]
    ]
    for use in uses:
        try:
            use()
        except MienError as error:
            refusals.append(error)
    if len(refusals) == len(uses):
        raise refusals[0]


# --- what Mien itself writes ---


def answers(path: Path, case: Case) -> None:
    """``load_answers``, and every measure of them."""
    from mien.evaluation.classification import measures as classification
    from mien.evaluation.classification.predictions import Predictions, examples
    from mien.evaluation.detection import measures as detection
    from mien.evaluation.kept_answers import load_answers

    for file in sorted(path.iterdir()):
        found = load_answers(file)
        if isinstance(found, Predictions):
            examples(found, 4)
            classification.measure(found)
        elif int(found.fingerprint, 16) % 4 == 0:  # half a second each
            detection.measure(found)


def run(path: Path, case: Case) -> None:
    """A run's folder as a subject, its metrics, and its network."""
    from mien.evaluation.classification.cost import Cost
    from mien.subjects.source import identify
    from mien.train.classification.classifier import TorchClassifier
    from mien.train.metrics_file import METRICS, read_metrics

    source = identify(str(path))
    assert isinstance(source.stored_recipe, dict)
    rows = read_metrics(path / METRICS)
    assert all(isinstance(row["epoch"], int) for row in rows)
    if (path / "cost.json").exists():
        Cost.load(path / "cost.json")
    TorchClassifier(path, "cpu").classify([_crop()])


def change_run(case: Case, rng: Random) -> Case:
    """As any files; a checkpoint also by values, since a change of its bytes rarely gets far."""
    import torch

    if rng.random() < 0.5:
        return mutate(case, rng)
    state = torch.load(io.BytesIO(case.files["last.pt"]), weights_only=True)
    holder = state
    while True:
        key = rng.choice(sorted(holder, key=str))
        inner = holder[key]
        if not isinstance(inner, dict) or not inner or rng.random() < 0.3:
            break
        holder = inner
    values = (None, True, -1, 0, 2**63, 1e300, float("nan"), "x", "", [], {}, [1], {"a": 1})
    way = rng.randrange(5)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(inner, torch.Tensor):
        inner = torch.atleast_1d(inner)
        holder[key] = rng.choice((inner[:0], inner.double() * float("nan"), inner.reshape(-1)))
    elif way == 2 and isinstance(inner, list):
        holder[key] = inner * rng.choice((0, 2, 3))
    else:
        holder[key] = rng.choice(values)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return replace(case, files={**case.files, "last.pt": buffer.getvalue()})


def study(path: Path, case: Case) -> None:
    """The database of a search: opened, and every trial read."""
    from optuna import load_study
    from optuna.study import get_all_study_names

    from mien.train.tuning.storage import damaged_study, open_storage, storage_errors
    from mien.train.tuning.trials import ranked, rows_of

    url = f"sqlite:///{path / 'study.db'}{case.option}"
    with storage_errors(url), damaged_study(url):
        storage = open_storage(url)
        try:
            for name in get_all_study_names(storage):
                ranked(rows_of(load_study(study_name=name, storage=storage)))
        finally:
            storage.engine.dispose()


def change_study(case: Case, rng: Random) -> Case:
    """A column of a table set to a hostile value, or the bytes or the address changed."""
    if rng.random() < 0.2:
        return mutate(case, rng)
    if rng.random() < 0.2:
        return replace(
            case, option=rng.choice(("?", "/x", "?timeout=", "?mode=")) + rng.choice(TEXTS)
        )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "study.db"
        path.write_bytes(case.files["study.db"])
        with closing(sqlite3.connect(path)) as database, database:
            tables = [
                row[0]
                for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            table = rng.choice(sorted(tables))
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            value = rng.choice(
                (None, -1, 2**62, 1e308, "", "x", "{", "[1]", "{}", b"\xff", "null", "1e999")
            )
            try:
                database.execute(f"UPDATE {table} SET {rng.choice(columns)} = ?", (value,))
            except sqlite3.Error:
                database.execute(f"DELETE FROM {table}")
        shutil.rmtree(path, ignore_errors=True)
        return replace(case, files={"study.db": path.read_bytes()})


# --- a door that is known to be broken ---

WORDS = ("pass", "pass", "refuse", "raise", "quit", "hang", "crash")


def broken(path: Path, case: Case) -> None:
    """What its option says; the run's own test uses it."""
    if case.option == "refuse":
        raise MienError("refused")
    if case.option == "raise":
        raise ValueError("a fault")
    if case.option == "quit":
        raise SystemExit(3)
    if case.option == "hang":
        time.sleep(3600)
    if case.option == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if case.option == "grow":
        np.ones(1 << 27, np.uint8)


def any_form() -> list[Case]:
    """Data sets whose reader is guessed."""
    kinds = (seeds.boxes, seeds.coco, seeds.fer2013, seeds.folder, seeds.table, seeds.voc)
    return [case for cases in kinds for case in cases()]


READERS: dict[str, tuple[Callable[[], Sequence[Case]], float]] = {
    "auto": (any_form, 2),
    "affectnet": (seeds.affectnet, 1),
    "affectnet2021": (seeds.affectnet2021, 1),
    "boxes": (seeds.boxes, 2),
    "coco": (seeds.coco, 2),
    "dataturks": (seeds.dataturks, 2),
    "fddb": (seeds.fddb, 2),
    "fer2013": (seeds.fer2013, 2),
    "ferplus": (seeds.ferplus, 2),
    "folder": (seeds.folder, 2),
    "packed": (seeds.packed, 1),
    "table": (seeds.table, 2),
    "voc": (seeds.voc, 2),
    "wider": (seeds.wider, 2),
}
DOORS: dict[str, Door] = {
    "picture": Door(seeds.pictures, picture, 4),
    "video": Door(seeds.videos, video, 2),
    "network": Door(seeds.networks, network, 3, TRAIN),
    **{
        name: Door(cases, partial(dataset, name), weight)
        for name, (cases, weight) in READERS.items()
    },
    "recipe": Door(seeds.recipes, recipe, 4),
    "space": Door(seeds.spaces, space, 1.5),
    "option": Door(option_cases, options, 0.7, change=change_option),
    "answers": Door(seeds.saved_answers, answers, 1),
    "run": Door(seeds.runs, run, 0.5, TRAIN, change_run),
    "study": Door(seeds.studies, study, 0.15, ("optuna", *TRAIN), change_study),
    "broken": Door(
        lambda: [Case({})],
        broken,
        0,
        change=lambda case, rng: replace(case, option=rng.choice(WORDS)),
    ),
}
ALL = [name for name, door in DOORS.items() if door.weight]
