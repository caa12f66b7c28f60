from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from mien.labels import FER2013
from tests.support import tables
from tests.support.fer2013 import Row

pyarrow = pytest.importorskip("pyarrow")


def table(path: Path, *options: str) -> Dataset:
    return open_dataset(path, "table", options)


@pytest.fixture
def image(fer2013_rows: list[Row]) -> Any:
    return fer2013_rows[0].image


def written(folder: Path, text: str, image: Any, name: str = "faces.csv") -> Path:
    """A folder with the pictures a.png and b.png and a table beside them."""
    for picture in ("a.png", "b.png"):
        cv2.imwrite(str(folder / picture), image)
    (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("form", tables.FORMS)
def test_every_form_reads_equal(form: str, fer2013_rows: list[Row], tmp_path: Path) -> None:
    found = tables.faces(fer2013_rows)
    write, options = tables.FORMS[form]
    write(tmp_path / form, found)
    dataset = open_dataset(tmp_path / form, options=options)
    assert dataset.facts.reader == "table"
    assert dataset.facts.labels == tuple(
        label for label in FER2013 if label in {f[1] for f in found}
    )
    for split in ("train", "test"):
        expected = [face for face in found if face[2] == split]
        samples = list(dataset.samples(split))
        assert [dataset.facts.labels[s.label] for s in samples] == [face[1] for face in expected]
        for sample, face in zip(samples, expected, strict=True):
            assert np.array_equal(sample.image, face[3])
        assert len({sample.key for sample in samples}) == len(samples)
        assert not dataset.skipped(split)


def test_facts_of_a_row(image: Any, tmp_path: Path) -> None:
    text = "path,label,subject,valence,arousal\na.png,happy,Ann,0.5,-1\nb.png,sad,,2,\n"
    dataset = table(written(tmp_path, text, image))
    first, second = dataset.samples("train")
    assert (first.subject, first.valence, first.arousal) == ("Ann", 0.5, -1.0)
    assert (second.subject, second.valence, second.arousal) == (None, None, None)
    assert dataset.facts.notes == (
        "columns read: image from 'path', label from 'label', subject from 'subject', valence from "
        "'valence', arousal from 'arousal'",
        "1 values of valence are not from -1 to 1, and are not read",
    )


def test_columns_are_named_by_options(image: Any, tmp_path: Path) -> None:
    text = "id,which,says,where,who\n1,a.png,happy,val,Ann\n2,b.png,sad,TEST,Ben\n"
    options = ["image=Which", "label=says", "split=where", "subject=who"]
    dataset = open_dataset(written(tmp_path, text, image), options=options)
    assert dataset.facts.reader == "table" and dataset.splits() == ("valid", "test")
    assert next(dataset.samples("valid")).subject == "Ann"
    with pytest.raises(ConfigError, match=r"no column 'whose': did you mean 'who'\?"):
        table(tmp_path, "image=which", "label=says", "subject=whose")


def test_a_box_cuts_the_face_out_of_a_photo(photos: Path, tmp_path: Path) -> None:
    lines = ["path\tlabel\tx1\ty1\tx2\ty2", "obama_smile.jpg\thappy\t400\t120\t600\t400"]
    photo = (photos / "obama_smile.jpg").read_bytes()
    (tmp_path / "obama_smile.jpg").write_bytes(photo)
    lines += ["obama_smile.jpg\tsad\t5\t5\t5\t9", "obama_smile.jpg\tsad\tnan\t1\t2\t3"]
    (tmp_path / "faces.tsv").write_text("\n".join(lines), "utf-8")
    dataset = table(tmp_path)
    (sample,) = dataset.samples("train")
    csv = tmp_path / "boxes.csv"
    csv.write_text((tmp_path / "faces.tsv").read_text("utf-8").replace("\t", ","), "utf-8")
    assert np.array_equal(sample.image, next(open_dataset(csv, "boxes").samples("train")).image)
    assert sample.image.shape == (280, 280, 3)
    assert {reason: len(keys) for reason, keys in dataset.skipped("train").items()} == {
        "box has no area": 1,
        "box is not four numbers": 1,
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("c.png,happy", "picture is missing"),
        ("../../c.png,happy", "picture is missing, or lies outside the data set"),
        ("/etc/passwd,happy", "picture is missing, or lies outside the data set"),
        ("https://x.org/c.png,happy", "picture is an address on the web"),
        (",happy", "row names no picture"),
        ("a.png,", "row has no label"),
        ("a.png,NaN", "row has no label"),
        ("a.png,hapy", "'hapy' is not an expression; did you mean 'happy'"),
        ("a.png,3", "the label '3' is a number: choose its meaning with order="),
    ],
)
def test_rows_left_out(row: str, reason: str, image: Any, tmp_path: Path) -> None:
    dataset = table(written(tmp_path, f"path,label\n{row}\nb.png,sad\n", image))
    ((found, keys),) = dataset.skipped("train").items()
    assert reason in found and len(keys) == 1
    assert [sample.key for sample in dataset.samples("train")] == ["b.png"]


def test_pictures_outside_are_read_where_they_are_allowed(
    image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "pictures").mkdir()
    written(tmp_path / "pictures", "", image)
    faces = tmp_path / "tables" / "faces.csv"
    faces.write_text(f"path,label\n{tmp_path}/pictures/a.png,happy\n../pictures/b.png,sad\n")
    with pytest.raises(DatasetError, match=r"no row is left of 2; 2 of .* outside the data"):
        table(faces)
    monkeypatch.setenv("MIEN_DATA_ROOTS", str(tmp_path / "pictures"))
    assert len(list(table(faces).samples("train"))) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,other\na.png,happy\n", "has no column for the label: path, other"),
        ("a.png,happy\nb.png,sad\n", "has no column for the picture and the label"),
        ("", "has no column for"),
        ("path,label\nb.png,bored\n", "'bored' is not an expression.*--option labels=free"),
    ],
)
def test_what_is_no_table(text: str, words: str, image: Any, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        table(written(tmp_path, text, image))


def test_own_labels(image: Any, tmp_path: Path) -> None:
    text = "path,label\na.png,Bored\nb.png,bored \na.png,痛み\nb.png,happy\nb.png,smile\n"
    folder = written(tmp_path, text, image)
    assert table(folder, "labels=free").facts.labels == ("happiness", "Bored", "smile", "痛み")
    listed = table(folder, "labels=pain,bored")
    assert listed.facts.labels == ("pain", "bored")
    assert [sample.label for sample in listed.samples("train")] == [1, 1]
    assert any("'痛み' is not one of pain, bored" in why for why in listed.skipped("train"))
    (tmp_path / "faces.csv").write_text("path,label\na.png,1\nb.png,0\na.png,2\n")
    numbers = table(folder, "labels=pain,bored")
    assert [sample.label for sample in numbers.samples("train")] == [1, 0]
    with pytest.raises(DatasetError, match="is a number: name the labels from 0 on"):
        table(folder, "labels=free")


def test_none_may_be_a_label_of_ones_own(image: Any, tmp_path: Path) -> None:
    text = "path,label,subject\na.png,None,none\nb.png,mask,\na.png,NaN,\n"
    folder = written(tmp_path, text, image)
    for labels in ("none,mask", "free"):
        dataset = table(folder, f"labels={labels}")
        found = [dataset.facts.labels[sample.label] for sample in dataset.samples("train")]
        assert [label.lower() for label in found] == ["none", "mask"]
        assert [sample.subject for sample in dataset.samples("train")] == [None, None]
        assert dataset.skipped("train") == {"row has no label": ["faces.csv#4"]}


def test_a_row_without_a_box_is_the_whole_picture(image: Any, tmp_path: Path) -> None:
    rows = "a.png,happy,1,2,21,22\nb.png,sad,,,,\na.png,sad,1,,3,4\nb.png,sad,1,x,3,4\n"
    folder = written(tmp_path, f"path,label,x1,y1,x2,y2\n{rows}", image)
    dataset = open_dataset(folder)
    assert dataset.facts.reader == "table"
    assert [s.image.shape for s in dataset.samples("train")] == [(20, 20), (48, 48)]
    assert [len(keys) for keys in dataset.skipped("train").values()] == [2]
    (folder / "faces.csv").write_text("path,label,x1,y1,x2,y2\na.png,happy,1,2,x,22\n")
    with pytest.raises(DatasetError, match="no row is left of 1; 1 of them: box is not four"):
        table(folder)


def test_lines_that_are_no_objects_are_counted(image: Any, tmp_path: Path) -> None:
    text = '{"image": "a.png", "label": "sad"}\n[1]\n{"image":\n\n{"image": "b.png", "label": 7}\n'
    dataset = table(written(tmp_path, text, image, "faces.jsonl"))
    assert [sample.key for sample in dataset.samples("train")] == ["a.png"]
    skipped = dataset.skipped("train")
    assert len(skipped["line is not a JSON object"]) == 2 and len(skipped) == 2


def test_pictures_of_parquet_are_read_a_row_group_at_a_time(
    fer2013_rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien.datasets.files.parquet import ParquetFile

    tables.write_parquet(tmp_path, tables.faces(fer2013_rows))
    read: list[int] = []
    plain = ParquetFile._read_group
    monkeypatch.setattr(
        ParquetFile, "_read_group", lambda self, leaf, g: read.append(g) or plain(self, leaf, g)
    )
    samples = list(table(tmp_path).samples("train"))
    assert read == []
    for sample in samples:
        assert sample.image.shape == (48, 48)
    assert read == list(range(-(-len(samples) // 5)))


def hub_file(file: Path, **columns: Any) -> Path:
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), file)
    return file


def test_hostile_parquet(image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png = cv2.imencode(".png", image)[1].tobytes()
    good = hub_file(
        tmp_path / "good.parquet", image=[png, b"", None], label=["happy", "sad", "sad"]
    )
    first, second, third = table(good).samples("train")
    assert first.image.shape == (48, 48)
    for empty in (second, third):
        with pytest.raises(DatasetError, match=r"row \d has no picture"):
            _ = empty.image
    monkeypatch.setenv("MIEN_MAX_FILE_BYTES", "100")
    with pytest.raises(DatasetError, match="above the limit of 100"):
        _ = first.image
    monkeypatch.delenv("MIEN_MAX_FILE_BYTES")
    data = bytearray(good.read_bytes())
    data[20:200] = bytes(180)  # pages that do not match the schema
    (tmp_path / "lying.parquet").write_bytes(data)
    with pytest.raises(DatasetError, match="is damaged, or not a Parquet file"):
        _ = [sample.image for sample in table(tmp_path / "lying.parquet").samples("train")]
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:-30])
    (tmp_path / "text.parquet").write_text("path,label\n")
    for name in ("cut", "text"):
        with pytest.raises(DatasetError, match="is damaged, or not a Parquet file"):
            table(tmp_path / f"{name}.parquet")
    struct = hub_file(tmp_path / "struct.parquet", image=[{"url": "x"}], label=["sad"])
    with pytest.raises(DatasetError, match="struct without 'bytes'"):
        table(struct)


def test_parquet_with_paths_and_nan(image: Any, tmp_path: Path) -> None:
    written(tmp_path, "", image)
    (tmp_path / "faces.csv").unlink()
    labels = pyarrow.array([3.0, float("nan"), 4.0])
    hub_file(tmp_path / "faces.parquet", path=["a.png", "b.png", "b.png"], label=labels)
    dataset = table(tmp_path, "order=fer2013")
    assert dataset.facts.labels == ("happiness", "sadness")
    assert dataset.skipped("train") == {"row has no label": ["faces.parquet#2"]}


def test_parquet_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from mien.errors import MissingExtraError

    (tmp_path / "faces.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[tables\]"):
        open_dataset(tmp_path)


def test_class_names_that_are_no_names(image: Any, tmp_path: Path) -> None:
    png = cv2.imencode(".png", image)[1].tobytes()
    from pyarrow import parquet

    for hub in (b"[", b"{}", json.dumps({"info": {"features": {"label": 3}}}).encode()):
        data = pyarrow.table({"image": [png], "label": [3]})
        parquet.write_table(
            data.replace_schema_metadata({"huggingface": hub}), tmp_path / "a.parquet"
        )
        with pytest.raises(DatasetError, match="is a number"):
            table(tmp_path)


@pytest.mark.parametrize("labels", ["sad", "happy"])
def test_no_face_counts_twice(image: Any, tmp_path: Path, labels: str) -> None:
    """As with the table of ``mien data crop`` beside the merged labels of raters."""
    written(tmp_path, "path,label,split\na.png,happy,train\nb.png,happy,test\n", image)
    written(tmp_path, f"path,label\nb.png,{labels}\n", image, "merged.csv")
    message = "faces.csv and merged.csv label the same faces, 1 in all, such as b.png"
    with pytest.raises(DatasetError, match=message) as caught:
        open_dataset(tmp_path)
    named = Path(str(caught.value).rpartition("such as ")[2])
    assert named == tmp_path / "merged.csv"
    assert [sample.key for sample in open_dataset(named).samples("train")] == ["b.png"]


def test_two_faces_of_one_picture_in_two_tables(image: Any, tmp_path: Path) -> None:
    header = "path,label,x1,y1,x2,y2\n"
    written(tmp_path, f"{header}a.png,happy,0,0,20,20\n", image)
    written(tmp_path, f"{header}a.png,sad,20,20,40,40\n", image, "test.csv")
    dataset = table(tmp_path)
    assert [len(list(dataset.samples(split))) for split in ("train", "test")] == [1, 1]
