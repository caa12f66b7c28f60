from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

import pyarrow as pa
from pyarrow import parquet

from mien.errors import ImageReadError, MienError
from mien.scale.fetching import ChangedError, read_picture
from mien.scale.inputs import Input
from mien.scale.sources.finding import find_inputs
from tests.support import clips, corpus


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures in a folder, a zip and a tar, in the working directory."""
    monkeypatch.chdir(tmp_path)
    corpus.write(Path("pictures"), 3)
    corpus.write_archives(Path("packed"), Path("pictures"))
    return tmp_path


def found(*sources: str, without: Path | None = None) -> tuple[list[Input], list[str]]:
    errors: list[MienError] = []
    inputs = list(find_inputs(sources, errors.append, without=without))
    return inputs, list(map(str, errors))


def names(*sources: str) -> list[str]:
    inputs, errors = found(*sources)
    assert not errors
    return [each.source for each in inputs]


@pytest.mark.usefixtures("place")
def test_every_kind_of_source_gives_the_same_bytes() -> None:
    files = sorted(Path("pictures").iterdir())
    expected = [path.read_bytes() for path in files]
    Path("list.txt").write_text("".join(f"{path}\n" for path in files))
    Path("null.txt").write_bytes(b"\0".join(bytes(path) for path in files))
    Path("table.csv").write_text("id,path\n" + "".join(f"1,{path}\n" for path in files))
    parquet.write_table(pa.table({"image": list(map(str, files))}), "table.parquet")
    for source in (
        "pictures", "pictures/*", "list.txt", "null.txt", "table.csv", "table.parquet",
        "packed/a.zip", "packed/b.tar",
    ):  # fmt: skip
        inputs, errors = found(source)
        assert [read_picture(each) for each in inputs] == expected, source
        assert [each.size for each in inputs] == list(map(len, expected))
        assert not errors
    assert names("packed") == [
        f"packed/{archive}/in/{path.name}" for archive in ("a.zip", "b.tar") for path in files
    ]


@pytest.mark.usefixtures("place")
def test_a_folder_with_everything_in_it() -> None:
    Path("all/deep/.hidden").mkdir(parents=True)
    for name in ("b.jpg", "a.GIF", "deep/c.png", "deep/.hidden/d.png", "deep/thumbs.db", "notes"):
        Path("all", name).write_bytes(b"x")
    clips.write(Path("all/clip.mp4"), frames=2)
    Path("all/photo.cr2").write_bytes(b"x")
    Path("all/loop").symlink_to("..")
    inputs, errors = found("all")
    assert [(each.source, each.video) for each in inputs[:4]] == [
        ("all/a.GIF", False), ("all/b.jpg", False), ("all/clip.mp4", True),
        ("all/deep/c.png", False),
    ]  # fmt: skip
    assert len(errors) == 1 and "1 .cr2" in errors[0]
    inputs, _ = found("all", without=Path("all/deep"))
    assert not [each for each in inputs if "deep" in each.source]


@pytest.mark.usefixtures("place")
def test_an_input_that_is_found_twice_counts_once() -> None:
    once = names("pictures")
    assert names("pictures", "pictures/*", "pictures/00.png") == once
    Path("list.txt").write_text("pictures/00.png\n" * 3)
    assert names("list.txt") == ["pictures/00.png"]


@pytest.mark.usefixtures("place")
def test_what_is_wrong_with_a_source_is_said_and_the_others_follow() -> None:
    Path("empty").mkdir()
    Path("broken.zip").write_bytes(b"PK\x03\x04nothing")
    Path("broken.tar").write_bytes(b"x" * 2000)
    Path("packed.tar.gz").write_bytes(gzip.compress(b"x" * 2000))
    Path("no_paths.csv").write_text("label,split\n1,2\n")
    inputs, errors = found(
        "missing.jpg", "empty", "none*", "broken.zip", "broken.tar", "packed.tar.gz",
        "no_paths.csv", "https://example.org/a.jpg", "nostore://bucket/a", "pictures",
    )  # fmt: skip
    assert [each.source for each in inputs] == names("pictures")
    parts = (
        "no file 'missing.jpg'", "'empty' has no picture", "'none*' has no picture",
        "'broken.zip' cannot be read as a zip", "'broken.tar' cannot be read as a tar",
        "'packed.tar.gz' is a compressed tar", "no column of paths among label, split",
        "is an address of the web", "nostore:// cannot be opened",
    )  # fmt: skip
    assert len(errors) == len(parts)
    for part, error in zip(parts, errors, strict=True):
        assert part in error


@pytest.mark.usefixtures("place")
def test_damage_and_change_are_noticed_when_a_member_is_read() -> None:
    for name in ("packed/a.zip", "packed/b.tar"):
        inputs, _ = found(name)
        status, data = os.stat(name), bytearray(Path(name).read_bytes())  # noqa: PTH116
        at = inputs[0].offset or 0
        data[at : at + 64] = b"\xff" * 64
        Path(name).write_bytes(data)
        with pytest.raises(ChangedError, match="has changed since it was listed"):
            read_picture(inputs[0])
        os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns))
        if name.endswith("zip"):  # a tar has no checksum of the data
            with pytest.raises(ImageReadError, match="it is damaged in the archive"):
                read_picture(inputs[0])
    inputs, _ = found("pictures")
    Path(inputs[0].path).unlink()
    with pytest.raises(ImageReadError, match="it is gone"):
        read_picture(inputs[0])
