from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from mien.datasets.samples import Sample
from mien.errors import DatasetError
from mien.labels import FER2013 as LABELS
from mien.labels import FERPLUS
from tests.support import fer2013
from tests.support.fer2013 import FOLDERS, USAGES, Row

Rows = list[Row]


def prefixed(members: dict[str, bytes], prefix: str) -> dict[str, bytes]:
    return {prefix + name: data for name, data in members.items()}


def csv_bytes(rows: Rows, place: Path) -> bytes:
    return fer2013.write_csv(place / "made.csv", rows).read_bytes()


def apple(members: dict[str, bytes]) -> dict[str, bytes]:
    """With what macOS's archiver adds."""
    forks = {
        f"__MACOSX/{name.rpartition('/')[0]}/._{name.rpartition('/')[2]}": b"\x00\x05\x16\x07"
        for name in members
    }
    return {**members, **forks, "train/.DS_Store": b"\x00", "train/happy/._x.png": b"\x00\x05\x16"}


def windows(path: Path, members: dict[str, bytes]) -> Path:
    """A zip with backslashes, as some Windows programs store them, and entries for folders."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"train\\": b"", **members}.items():
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", "\\")
            archive.writestr(info, data)
    return path


FORMS: dict[str, Callable[[Path, Rows], Path]] = {
    "fer2013.csv": lambda at, rows: fer2013.write_csv(at / "fer2013.csv", rows),
    "icml_face_data.csv": lambda at, rows: fer2013.write_kaggle_csv(
        at / "icml_face_data.csv", rows
    ),
    "csv renamed": lambda at, rows: fer2013.write_csv(at / "my faces.CSV", rows),
    "csv without suffix": lambda at, rows: fer2013.write_csv(at / "faces", rows),
    "folder of csv": lambda at, rows: fer2013.write_csv(at / "fer2013.csv", rows).parent,
    "folder": lambda at, rows: fer2013.write_folder(at, fer2013.files(rows)),
    "folder of numbers": lambda at, rows: fer2013.write_folder(
        at,
        {
            name.replace(f"/{FOLDERS[row.emotion]}/", f"/{row.emotion}/"): data
            for row, (name, data) in zip(rows, fer2013.files(rows).items(), strict=True)
        },
    ),
    "zip": lambda at, rows: fer2013.write_zip(at / "f.zip", fer2013.files(rows)),
    "zip without suffix": lambda at, rows: fer2013.write_zip(at / "f", fer2013.files(rows)),
    "zip of one folder": lambda at, rows: fer2013.write_zip(
        at / "f.zip", prefixed(fer2013.files(rows), "FER-2013/data/")
    ),
    "zip of csv": lambda at, rows: fer2013.write_zip(
        at / "f.zip", {"fer2013/fer2013.csv": csv_bytes(rows, at), "fer2013/README": b"words"}
    ),
    "zip of renamed csv": lambda at, rows: fer2013.write_zip(
        at / "f.zip", {"faces.csv": csv_bytes(rows, at)}
    ),
    "zip of macOS": lambda at, rows: fer2013.write_zip(at / "f.zip", apple(fer2013.files(rows))),
    "zip of Windows": lambda at, rows: windows(at / "f.zip", fer2013.files(rows)),
    "zip in capitals": lambda at, rows: fer2013.write_zip(
        at / "F.ZIP", {name.upper(): data for name, data in fer2013.files(rows).items()}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_equal(form: str, fer2013_rows: Rows, tmp_path: Path) -> None:
    dataset = open_dataset(FORMS[form](tmp_path, fer2013_rows), "fer2013")
    assert dataset.splits() == ("train", "public", "private")
    for usage, split in USAGES.items():
        expected = [row for row in fer2013_rows if row.usage == usage]
        samples = list(dataset.samples(split))
        assert [sample.label for sample in samples] == [row.emotion for row in expected]
        for sample, row in zip(samples, expected, strict=True):
            assert sample.image.dtype == np.uint8
            assert np.array_equal(sample.image, row.image)
            assert sample.votes is None
        assert len({sample.key for sample in samples}) == len(samples)


def test_labels_mean_what_the_folders_say() -> None:
    stems = {"angry": "anger", "happy": "happiness", "sad": "sadness"}
    assert tuple(stems.get(folder, folder) for folder in FOLDERS) == LABELS


def test_a_byte_order_mark_and_windows_line_ends(fer2013_rows: Rows, tmp_path: Path) -> None:
    path = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(list(open_dataset(path, "fer2013").samples("train"))) == 40


def test_numbers_in_names_need_not_be_rows(fer2013_rows: Rows, tmp_path: Path) -> None:
    """Kaggle's public folder copy has names such as PrivateTest_10131363.jpg."""
    members = {}
    for index, row in enumerate(fer2013_rows):
        file = io.BytesIO()
        Image.fromarray(row.image).save(file, "JPEG")
        members[f"test/{FOLDERS[row.emotion]}/{row.usage}_{10131363 + 7 * index}.jpg"] = (
            file.getvalue()
        )
    dataset = open_dataset(fer2013.write_folder(tmp_path, members), "fer2013")
    assert len(list(dataset.samples("private"))) == 8
    fer2013.write_folder(tmp_path, {"ferplus.csv": fer2013.votes_file(fer2013_rows)})
    with pytest.raises(DatasetError, match="do not match"):
        list(open_dataset(tmp_path, "fer2013").samples("private"))


def test_a_copy_without_usages_is_train_and_test(fer2013_rows: Rows, tmp_path: Path) -> None:
    members = {
        f"{name.rpartition('/')[0]}/im{i}.png": data
        for i, (name, data) in enumerate(fer2013.files(fer2013_rows).items())
    }
    dataset = open_dataset(fer2013.write_folder(tmp_path, members), "fer2013")
    assert dataset.splits() == ("train", "test")
    assert len(list(dataset.samples("test"))) == 24
    with pytest.raises(
        DatasetError, match=r"no pictures of split 'public' \(it has: train, test\)"
    ):
        list(dataset.samples("public"))


@pytest.mark.parametrize("name", ["ferplus.csv", "fer2013new.csv"])
@pytest.mark.parametrize("form", ["pictures", "table", "zip"])
def test_ferplus_votes_join_by_row(
    name: str, form: str, fer2013_rows: Rows, tmp_path: Path
) -> None:
    pictures = fer2013.files(fer2013_rows)
    table = {"fer2013.csv": csv_bytes(fer2013_rows, tmp_path)}
    members = {**(table if form == "table" else pictures), name: fer2013.votes_file(fer2013_rows)}
    if form == "zip":
        path = fer2013.write_zip(tmp_path / "f.zip", prefixed(members, "top/"))
    else:
        path = fer2013.write_folder(tmp_path / "copy", members)
    for usage, split in USAGES.items():
        votes = [s.votes for s in open_dataset(path, "fer2013").samples(split)]
        expected = [row.votes for row in fer2013_rows if row.usage == usage]
        assert [",".join(map(str, v or ())) for v in votes] == expected


def test_the_real_zip_has_the_counts_of_its_readme(shared: Path) -> None:
    dataset = open_dataset(shared / "data" / "fer2013.zip", "fer2013")
    labels = [0] * 7
    agree = 0
    for sample in dataset.samples("public"):
        labels[sample.label] += 1
        assert sample.votes is not None and len(sample.votes) == 10
        best = max(range(8), key=lambda i: sample.votes[i])
        agree += FERPLUS[best] == LABELS[sample.label]
    assert labels == [467, 56, 496, 895, 653, 415, 607]
    assert agree / 3589 == pytest.approx(0.62, abs=0.01)


def reading(path: Path) -> str:
    """Read everything and give the error, which must be one line."""
    with pytest.raises(DatasetError) as caught:
        dataset: Dataset = open_dataset(path, "fer2013")
        samples: list[Sample] = []
        for split in dataset.splits():
            samples += dataset.samples(split)
        for sample in samples:
            assert sample.image.shape == (48, 48)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500
    return message


def edit(path: Path, line: int, change: Callable[[str], str]) -> Path:
    lines = path.read_text().split("\n")
    lines[line] = change(lines[line])
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("line", "change", "words"),
    [
        (0, lambda _: "label,image,split", ("columns emotion, pixels and Usage", "'label'")),
        (0, lambda _: "", ("columns emotion",)),
        (3, lambda s: s.replace(" ", "", 5), ("row 2", "line 4", "2299 pixels", "2304")),
        (
            4,
            lambda s: s.replace(",", ",300 ", 1).replace(" ", "|", 1),
            ("row 3", "not a whole number"),
        ),
        (5, lambda s: s.split(" ", 1)[0] + " 256 " + s.split(" ", 2)[2], ("row 4", "'256'", "255")),
        (5, lambda s: s.split(" ", 1)[0] + " -1 " + s.split(" ", 2)[2], ("row 4", "'-1'")),
        (5, lambda s: s.split(" ", 1)[0] + " x " + s.split(" ", 2)[2], ("row 4", "'x'")),
        (6, lambda s: "9" + s[1:], ("row 5", "line 7", "emotion '9'", "0 to 6")),
        (6, lambda s: s[1:], ("row 5", "emotion ''")),
        (7, lambda s: s.replace("Training", "Test"), ("row 6", "'Test'", "PublicTest")),
        (8, lambda s: s.rpartition(",")[0], ("row 7", "2 columns instead of 3")),
    ],
)
def test_a_damaged_table_names_row_and_reason(
    line: int,
    change: Callable[[str], str],
    words: tuple[str, ...],
    fer2013_rows: Rows,
    tmp_path: Path,
) -> None:
    message = reading(edit(fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows), line, change))
    assert all(word in message for word in ("fer2013.csv", *words)), message


def test_what_is_no_fer2013_is_called_so(tmp_path: Path, fer2013_rows: Rows) -> None:
    picture = fer2013.png(fer2013_rows[0].image)
    files = {
        "empty.csv": (b"", "it is empty"),
        "empty.zip": (b"", "it is empty"),
        "empty.jpg": (b"", "it is empty"),
        "binary.csv": (bytes(range(256)) * 40, "binary.csv is not a table"),
        "long.csv": (b"x" * 300_000, "long.csv is not a table"),
        "words": (b"words", r"emotion, pixels and Usage .* words has \['words'\]"),
        "face.png": (picture, "it is a single picture"),
    }
    for name, (data, reason) in files.items():
        (tmp_path / name).write_bytes(data)
        message = reading(tmp_path / name)
        assert message.startswith(f"{tmp_path / name} is not FER2013: "), message
        assert re.search(reason, message) and "expected" in message
    members = {
        "photos": {"a.png": picture, "b.png": picture},
        "cats": {"train/cat/1.png": picture},
        "office": {"word/document.xml": b"<xml/>"},
        "table": {"titanic.csv": b"name,age,fare\n"},
    }
    for name, held in members.items():
        for path in (
            fer2013.write_folder(tmp_path / name, held),
            fer2013.write_zip(tmp_path / f"{name}.zip", held),
        ):
            message = reading(path)
            assert message.startswith(f"{path} is not FER2013: "), message
            assert next(iter(held)) in message


def test_a_table_cut_by_a_nul(tmp_path: Path) -> None:
    (tmp_path / "nul.csv").write_bytes(b"emotion,pixels,Usage\n0,1 2\x00,Training\n")
    assert "nul.csv" in reading(tmp_path / "nul.csv")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"train/happy/Training_1.png": b""}, ("Training_1.png", "empty")),
        ({"train/happy/Training_1.png": b"words"}, ("Training_1.png", "not a picture")),
        ({"train/happy/Training_1.png": "cut"}, ("Training_1.png", "damaged")),
        ({"train/happy/Training_1.png": "small"}, ("Training_1.png", "32×40 pixels instead of 48")),
        ({"train/happy/Training_1.png": "huge"}, ("Training_1.png", "damaged")),
        (
            {"train/bored/Training_1.png": "good"},
            ("train/bored/Training_1.png", "not an expression"),
        ),
        ({"train/contempt/Training_1.png": "good"}, ("contempt", "not an expression of FER2013")),
        (
            {"train/sad/Training_1.png": "good", "train/sad/extra.png": "good"},
            ("train/sad/extra.png", "has no usage"),
        ),
        ({"pictures/sad/1.png": "good"}, ("pictures/sad/1.png", "a folder train or test")),
        ({"notes.txt": b"words"}, ("not FER2013", "it holds notes.txt")),
        ({}, ("not FER2013", "it is empty")),
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_damaged_folder_names_picture_and_reason(
    members: dict[str, bytes | str],
    words: tuple[str, ...],
    form: str,
    fer2013_rows: Rows,
    tmp_path: Path,
) -> None:
    good = fer2013.png(fer2013_rows[0].image)
    huge = good[:16] + (60_000).to_bytes(4, "big") * 2 + good[24:]
    made = {
        "good": good,
        "cut": good[:900],
        "small": fer2013.png(np.zeros((40, 32), np.uint8)),
        "huge": huge,
    }
    real = {k: made[v] if isinstance(v, str) else v for k, v in members.items()}
    (tmp_path / "copy").mkdir()
    if form == "folder":
        path = fer2013.write_folder(tmp_path / "copy", real)
    else:
        path = fer2013.write_zip(tmp_path / "copy.zip", real)
    message = reading(path)
    assert all(word in message for word in (str(path), *words)), message


def test_a_truncated_zip(fer2013_rows: Rows, tmp_path: Path) -> None:
    path = fer2013.write_zip(tmp_path / "fer2013.zip", fer2013.files(fer2013_rows))
    path.write_bytes(path.read_bytes()[:20_000])
    assert "truncated" in reading(path)


@pytest.mark.parametrize("at", [0.0, 0.02, 0.5, 0.98])
def test_a_zip_damaged_half_way(at: float, fer2013_rows: Rows, tmp_path: Path) -> None:
    """A bad byte within a table in a zip, wherever it is, is one clear line."""
    table = csv_bytes(fer2013_rows, tmp_path)
    path = fer2013.write_zip(tmp_path / "fer2013.zip", {"fer2013.csv": table})
    data = bytearray(path.read_bytes())
    start = 30 + len("fer2013.csv")
    place = start + int(at * (len(data) - start - 200))
    data[place : place + 40] = bytes(b ^ 0xA5 for b in data[place : place + 40])
    path.write_bytes(data)
    assert "fer2013.csv" in reading(path)


def test_a_damaged_picture_in_a_zip(fer2013_rows: Rows, tmp_path: Path) -> None:
    path = fer2013.write_zip(tmp_path / "fer2013.zip", fer2013.files(fer2013_rows[:3]))
    data = bytearray(path.read_bytes())
    data[800] ^= 0xFF
    path.write_bytes(data)
    assert "Training_0000000.png cannot be read" in reading(path)


def test_an_encrypted_zip(fer2013_rows: Rows, tmp_path: Path) -> None:
    path = fer2013.write_zip(tmp_path / "fer2013.zip", {"fer2013.csv": b"emotion,pixels,Usage\n"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in reading(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("Training", "PublicTest", 1), ("do not match", "Training_0000000")),
        (lambda t: t.rsplit("\n", 3)[0], ("do not match", "PrivateTest_0000062")),
        (lambda t: t.replace("Image name,", ""), ("not a FER+ file", "11 columns")),
        (lambda t: t.replace("fer0000002.png,", "fer0000002.png,x", 1), ("row 2 is damaged",)),
        (lambda t: t.replace("fer0000002.png,", "fer0000002.png,1,", 1), ("row 2 has 11 votes",)),
        (lambda t: t.replace("fer0000001.png", "fer\udcff", 1), ("ferplus.csv is damaged",)),
    ],
)
def test_damaged_ferplus_votes(
    change: Callable[[str], str], words: tuple[str, ...], fer2013_rows: Rows, tmp_path: Path
) -> None:
    votes = change(fer2013.votes_file(fer2013_rows).decode()).encode(errors="surrogateescape")
    members = {**fer2013.files(fer2013_rows), "ferplus.csv": votes}
    message = reading(fer2013.write_folder(tmp_path, members))
    assert all(word in message for word in words), message


def test_missing_paths_and_splits(fer2013_rows: Rows, tmp_path: Path) -> None:
    assert "no such file or folder" in reading(tmp_path / "nowhere")
    train = [row for row in fer2013_rows if row.usage == "Training"]
    for path in (
        fer2013.write_csv(tmp_path / "fer2013.csv", train),
        fer2013.write_zip(tmp_path / "fer2013.zip", fer2013.files(train)),
    ):
        dataset = open_dataset(path, "fer2013")
        assert dataset.splits() == ("train",)
        with pytest.raises(DatasetError, match=r"no pictures of split 'public' \(it has: train\)"):
            list(dataset.samples("public"))
        with pytest.raises(DatasetError, match=r"no split 'valid'.*train, public, private"):
            list(dataset.samples("valid"))


def test_a_damaged_row_of_a_table_spoils_no_other_picture(
    fer2013_rows: Rows, tmp_path: Path
) -> None:
    path = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    lines = path.read_text().splitlines()
    emotion, pixels, usage = lines[3].split(",")
    lines[3] = f"{emotion},{pixels.replace(' ', ' x', 1)},{usage}"
    path.write_text("\n".join(lines))
    samples = list(open_dataset(path, "fer2013").samples("train"))
    assert len(samples) == 40
    with pytest.raises(DatasetError, match=r"row 2 \(line 4\): pixel 'x\d+' is not a whole number"):
        _ = samples[2].image
    assert np.array_equal(samples[3].image, fer2013_rows[3].image)
