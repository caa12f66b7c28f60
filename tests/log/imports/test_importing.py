"""Real files of OpenFace and py-feat, Mien's own rows, and files that are damaged."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError, InputError
from mien.log.database import Log
from mien.log.imports.importing import READERS, Import, import_file
from mien.log.verifying import verify
from mien.sinks import CsvSink, JsonlSink
from mien.sinks.parquet import ParquetSink
from mien.types import FRAME_COLUMNS
from tests.support.logs import reading, result, rows

START = "2026-09-21T14:13:20+00:00"


def take(log: Log, file: object, **options: object) -> tuple[str, int, float]:
    return import_file(log, Import(str(file), "anna", START, **options))  # type: ignore[arg-type]


def table(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        read = list(csv.reader(file))
    names = [name.strip() for name in read[0]]
    columns = zip(*read[1:], strict=True)
    return {
        name: np.array([float(cell) for cell in cells])
        for name, cells in zip(names, columns, strict=True)
        if name != "input"
    }


def test_openface(log: Log, shared: Path) -> None:
    path = shared / "imports" / "OpenFace_Test.csv"
    assert take(log, path, rate=30.0)[:2] == ("openface", 1)
    (row,) = rows(log, "observations")
    found = table(path)
    good = (found["success"] == 1) & (found["confidence"] >= 0.8)
    assert row["usable_s"] == pytest.approx(good.sum() / 30, abs=0.002)
    assert row["smiling"] == pytest.approx(found["AU12_c"][good].mean(), abs=1e-4)
    assert row["yaw"] == pytest.approx(np.degrees(found["pose_Ry"]).mean(), abs=0.06)
    sizes = [
        math.sqrt(np.prod([np.ptp([found[f"{axis}_{n}"][i] for n in range(68)]) for axis in "xy"]))
        for i in range(len(good))
    ]
    assert row["size"] == pytest.approx(np.mean(sizes), abs=0.06)
    assert row["happiness"] is row["expressivity"] is row["speaking"] is row["changes"] is None
    assert rows(log, "setups")[0]["model"] == "OpenFace action units"


def test_pyfeat(log: Log, shared: Path) -> None:
    path = shared / "imports" / "Feat_Test.csv"
    with pytest.raises(ConfigError, match="--rate"):
        take(log, path)
    assert take(log, path, rate=25.0)[:2] == ("pyfeat", 1)
    (row,) = rows(log, "observations")
    found = table(path)
    assert row["happiness"] == pytest.approx(found["happiness"][0], abs=1e-4)
    assert row["smiling"] == 1 and row["light"] is None
    assert row["yaw"] == pytest.approx(found["Yaw"][0], abs=0.06)
    with pytest.raises(InputError, match="is imported already"):
        take(log, path, rate=25.0)
    assert verify(log).problems == ()


IMOTIONS = """Study name,walk
Respondent,7

Name,Timestamp,FaceRect X,FaceRect Y,FaceRect Width,FaceRect Height,Joy Evidence,Anger Evidence
x,1000,10,10,100,100,1.0,-1.0
x,1500,10,10,100,100,1.0,-1.0
x,2000,,,,,,
x,2500,10,10,10,10,3.0,-1.0
"""


def test_imotions_by_its_documented_header(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "facet.csv"
    path.write_text(IMOTIONS)
    assert take(log, path)[0] == "imotions"
    (row,) = rows(log, "observations")
    joy, anger = 10 / 11, 0.1 / 1.1  # evidence is a logarithm of odds
    assert row["happiness"] == pytest.approx(joy / (joy + anger), abs=1e-4)
    assert (row["watched_s"], row["seen_s"], row["usable_s"]) == (2, 1.5, 1)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_rows_of_mien_itself(log: Log, tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"rows.{form}"
    results = [
        result(n / 10, reading("fear", track=1), reading("anger", side=40, at=200, track=2))
        for n in range(120)
    ]
    columns = (*FRAME_COLUMNS, *results[0][0].emotions.labels)
    results[50] = type(results[50])((), 400, 200, "clip", 50, 5.0, columns=columns)
    with {"csv": CsvSink, "jsonl": JsonlSink, "parquet": ParquetSink}[form](path) as sink:
        for one in results:
            sink.write(one)
    assert take(log, path) == ("mien", 2, pytest.approx(11.9))
    first, second = rows(log, "observations")
    assert (first["watched_s"], first["usable_s"], second["usable_s"]) == (10, 9.9, 2)
    assert first["fear"] == 0.7 and first["others"] == pytest.approx(0.99)


def test_another_track_by_its_number(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with CsvSink(path) as sink:
        for n in range(20):
            one, other = reading("fear", track=1), reading("anger", side=40, at=200, track=2)
            sink.write(result(n / 10, one, other))
    take(log, path, track=2)
    assert rows(log, "observations")[0]["anger"] == 0.7


OWN = ",".join((*FRAME_COLUMNS, "anger", "fear"))
FACE = "c,0,{},1,0,fear,0.9,1,0,0,50,50,False,{},fear,False,{},0.9"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "cannot be imported, no reader knows"),
        ("a.csv", "a,b\n1,2\n", "cannot be imported, no reader knows"),
        ("a.csv", OWN, "has no frame"),
        ("a.csv", f"{OWN}\n{FACE.format('x', True, 0.1)}", "line 2: time_s is 'x', not a number"),
        ("a.csv", f"{OWN}\n{FACE.format(-1, True, 0.1)}", "line 2: time_s is -1"),
        ("a.csv", f"{OWN}\n{FACE.format(1, True, 'inf')}", "anger is 'inf', not a number"),
        ("a.csv", "\n".join((OWN, FACE.format(9, True, 0.1), FACE.format(1, True, 0.1))),
         "times go back at 1 s"),
        ("a.csv", f"{OWN}\n{FACE.format(1e300, True, 0.1)}", "time_s is '1e.300', expected"),
        ("a.csv", f"{OWN}\n{FACE.format(1e12, True, 0.1)}", "1e.12 s lie ahead"),
        ("a.csv", f"{OWN}\n{FACE.format(1, True, 1e308)}", "anger is '1e.308', expected at most"),
        ("a.csv", f"{OWN}\n{FACE.format(1, True, 0.1)}".replace("50,50", "1e200,1e200"),
         "x2 is '1e200', expected at most 1e.06"),
        ("a.csv", f"{OWN},valence\n{FACE.format(1, True, 0.1)},1e300",
         "valence is '1e300', expected at most 1"),
        ("a.jsonl", '{"time_s": 1e300, "faces": []}', "1e.300 s lie ahead"),
        ("a.jsonl", '{"time_s": 1, "faces": [{"box": [0, 0, 1e200, 1e200]}]}',
         "expected a box within 1,000,000 pixels"),
        ("a.jsonl", "{}", "line 1 .expected the result of a frame"),
        ("a.jsonl", '{"time_s": 1, "faces": [{"box": [1, 2, 3, 4], "probs": {"a": 7}}]}',
         "expected probabilities from 0 to 1"),
        ("a.jsonl", "[" * 999, "line 1"),
        ("a.parquet", "PAR1", "cannot read"),
    ],
)  # fmt: skip
def test_damaged_files_store_nothing(
    log: Log, tmp_path: Path, name: str, content: str, says: str
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=says) as error:
        take(log, path)
    assert "\n" not in str(error.value)
    assert not rows(log, "observations") and not rows(log, "sessions")


def test_what_cannot_be_opened(log: Log, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.csv", tmp_path / "nothing.jsonl"):
        with pytest.raises(InputError, match="cannot read"):
            take(log, path)
    with pytest.raises(ConfigError, match="no reader 'opencv'"):
        take(log, tmp_path, reader="opencv")


def test_a_reader_by_name(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    for name in READERS:
        with pytest.raises(InputError, match=f"has not the columns of {name}"):
            take(log, path, reader=name, rate=1.0)
