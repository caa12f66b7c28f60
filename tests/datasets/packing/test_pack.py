from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.boxes import NO_AREA, SWAPPED
from mien.datasets.opening import open_dataset
from mien.datasets.packing import pack as packing
from mien.datasets.packing.pack import Packing, pack
from mien.datasets.samples import Sample
from mien.errors import ConfigError, DatasetError, OutputError
from mien.preprocess.crop import square
from mien.preprocess.network_input import resize
from mien.samples import ASTRONAUT
from tests.support import photos
from tests.support.photos import Photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return photos.write(tmp_path / "photos")


HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def journal(folder: Path) -> list[str]:
    """Lines about pictures in an unfinished pack."""
    files = sorted(folder.glob("*.journal.partial"))
    return [line for path in files for line in path.read_text().splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pixels_are_those_of_the_one_way_to_resize(folder: Path, tmp_path: Path) -> None:
    done = pack(Photos(folder), folder, tmp_path / "out", size=48, workers=2)
    assert done == Packing({"train": 12, "valid": 5}, 0, 0, 3, 17)
    for split in ("train", "valid"):
        pixels = np.load(tmp_path / "out" / f"{split}.pixels.npy", mmap_mode="r")
        assert isinstance(pixels, np.memmap) and pixels.dtype == np.uint8
        expected = [
            resize(square(np.array(Image.open(p))), 48) for p in sorted((folder / split).iterdir())
        ]
        assert np.array_equal(pixels, np.stack(expected))


def test_grey_pictures_make_a_grey_pack_by_default(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.png"):
        Image.open(path).convert("L").save(path)
    assert pack(Photos(folder), folder, tmp_path / "grey", size=16).channels == 1
    assert pack(Photos(folder), folder, tmp_path / "rgb", size=16, channels=3).channels == 3
    grey = np.load(tmp_path / "grey" / "train.pixels.npy")
    rgb = np.load(tmp_path / "rgb" / "train.pixels.npy")
    assert grey.shape == (12, 16, 16) and np.array_equal(np.stack([grey] * 3, -1), rgb)


def test_one_coloured_picture_makes_it_rgb(folder: Path, tmp_path: Path) -> None:
    for path in sorted(folder.rglob("*.png"))[1:]:
        Image.open(path).convert("L").save(path)
    assert pack(Photos(folder), folder, tmp_path / "out", size=16).channels == 3


def test_large_jpegs_differ_little_and_not_at_all_when_exact(tmp_path: Path) -> None:
    photos.write(tmp_path / "photos", 1, 1)
    (tmp_path / "photos" / "train" / "a.jpg").write_bytes(ASTRONAUT.read_bytes())
    source = Photos(tmp_path / "photos")
    pack(source, "x", tmp_path / "quick", size=32)
    pack(source, "x", tmp_path / "exact", size=32, exact=True)
    quick, exact = (
        np.load(tmp_path / name / "train.pixels.npy")[1].astype(int) for name in ("quick", "exact")
    )
    whole = [sample.image for sample in source.samples("train")][1]
    assert np.array_equal(exact, resize(square(whole), 32))
    assert 0 < np.abs(quick - exact).mean() < 1.5


def test_bad_pictures_are_listed_and_left_out(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "train" / "003.png").read_bytes()
    (folder / "train" / "003.png").write_bytes(whole[: len(whole) // 2])
    (folder / "train" / "011.png").write_bytes(b"words,\nand more")
    (folder / "valid" / "000.png").unlink()
    (folder / "valid" / "000.png").symlink_to(folder / "nowhere.png")
    done = pack(Photos(folder), folder, tmp_path / "out", size=16)
    assert done == Packing({"train": 10, "valid": 4}, 3, 0, 3, 17)
    with (tmp_path / "out" / "skipped.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["split", "picture", "reason"]
    assert [row[:2] for row in rows[1:]] == [
        ["train", "train/003.png"],
        ["train", "train/011.png"],
        ["valid", "valid/000.png"],
    ]
    reasons = ("truncated", "not a picture", "No such file")
    assert all(why in row[2] for why, row in zip(reasons, rows[1:], strict=True))
    left = open_dataset(tmp_path / "out", "packed")
    assert [s.key for s in left.samples("valid")] == [f"valid/00{i}.png" for i in range(1, 5)]


def test_a_label_out_of_range_is_skipped_too(folder: Path, tmp_path: Path) -> None:
    source = Photos(folder)
    source.facts = replace(source.facts, labels=photos.LABELS[:2])
    assert pack(source, folder, tmp_path / "out", size=16).skipped == 5
    assert "label 2 is not from 0 to 1" in (tmp_path / "out" / "skipped.csv").read_text()


def test_a_split_of_which_nothing_can_be_read(folder: Path, tmp_path: Path) -> None:
    for path in (folder / "valid").iterdir():
        path.write_bytes(b"")
    assert pack(Photos(folder), folder, tmp_path / "out", size=16).pictures["valid"] == 0
    assert open_dataset(tmp_path / "out", "packed").splits() == ("train",)
    for path in (folder / "train").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"no picture of .* could be read: .*skipped.csv"):
        pack(Photos(folder), folder, tmp_path / "none", size=16)


@pytest.mark.parametrize("killed_after", [1, 20, 48, 70])
def test_a_killed_run_goes_on_to_the_identical_folder(killed_after: int, tmp_path: Path) -> None:
    folder = photos.write(tmp_path / "photos", 55, 20)
    (folder / "train" / "007.png").write_bytes(b"damaged")
    script = f"""
import os, signal, sys
from pathlib import Path
from tests.support.photos import Photos
from mien.datasets.packing import pack
pack.CHUNK, pack._BLOCK = 10, 4
def progress(done, total):
    if done >= {killed_after}:
        os.kill(os.getpid(), signal.SIGKILL)
where = Path(sys.argv[1])
pack.pack(Photos(where), where, Path(sys.argv[2]), size=16, on_progress=progress)
"""
    out, whole = tmp_path / "out", tmp_path / "whole"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(out)], env=HERE, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert not json.loads((out / "pack.json").read_text())["complete"]
    assert len(journal(out)) < 74
    with pytest.raises(DatasetError, match="is an unfinished pack"):
        open_dataset(out, "packed")
    for torn in (*out.glob("*.npy"), *out.glob("*.partial")):
        torn.write_bytes(torn.read_bytes() + b"half of what came next")
    seen: list[int] = []
    again = pack(Photos(folder), folder, out, size=16, on_progress=lambda n, _: seen.append(n))
    assert again.done_now <= 75 - killed_after + 14 and seen[-1] == 75
    assert pack(Photos(folder), folder, whole, size=16).done_now == 75
    assert contents(out) == contents(whole)


def interrupted(folder: Path, out: Path) -> None:
    def stop(done: int, _: int | None) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(packing, "CHUNK", 5)
        patch.setattr(packing, "_BLOCK", 5)
        pack(Photos(folder), folder, out, size=16, on_progress=stop)


@pytest.mark.parametrize("end", [-1, -30])
def test_the_torn_last_line_of_a_journal_does_not_count(
    end: int, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    interrupted(folder, out)
    (path,) = out.glob("*.journal.partial")
    path.write_bytes(path.read_bytes()[:end] + bytes(8))
    assert pack(Photos(folder), folder, out, size=16).done_now == 17 - 4
    pack(Photos(folder), folder, tmp_path / "whole", size=16)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("left", [0, 1000])
def test_lost_pixels_of_an_unfinished_pack_are_noticed(
    left: int, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    interrupted(folder, out)
    pixels = (out / "train.pixels.npy").read_bytes()
    (out / "train.pixels.npy").unlink()
    if left:
        (out / "train.pixels.npy").write_bytes(pixels[:left])
    with pytest.raises(DatasetError, match=r"train.pixels.npy is shorter than 3,968 bytes.*remove"):
        pack(Photos(folder), folder, out, size=16)


def test_what_an_earlier_version_left_unfinished_starts_again(folder: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    pack(Photos(folder), folder, whole, size=16)
    splits = {"train": {"seen": 9, "digest": "00", "facts_bytes": 70, "whole": False}}
    progress = {"progress": {"skipped_bytes": 0, "splits": splits}, "pictures": {"train": 9}}
    manifest = json.loads((whole / "pack.json").read_text()) | {"complete": False} | progress
    out.mkdir()
    (out / "pack.json").write_text(json.dumps(manifest))
    (out / "train.pixels.npy").write_bytes(bytes(128 + 9 * 16 * 16 * 3))
    (out / "train.facts.partial").write_text('[0, "train/000.png"]\n')
    assert pack(Photos(folder), folder, out, size=16).done_now == 17
    assert contents(out) == contents(whole)


def test_a_finished_pack_is_left_alone(folder: Path, tmp_path: Path) -> None:
    pack(Photos(folder), folder, tmp_path / "out", size=16)
    before = contents(tmp_path / "out")
    assert pack(Photos(folder), folder, tmp_path / "out", size=16).done_now == 0
    assert contents(tmp_path / "out") == before


def test_another_pack_in_the_same_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack(Photos(folder), folder, out, size=16)
    before = contents(out)
    with pytest.raises(ConfigError, match="size 16, and 32 is requested"):
        pack(Photos(folder), folder, out, size=32)
    with pytest.raises(ConfigError, match="elsewhere"):
        pack(Photos(folder), tmp_path / "elsewhere", out, size=16)
    with pytest.raises(ConfigError, match="options"):
        pack(Photos(folder), folder, out, size=16, options=["classes=7"])
    with pytest.raises(ConfigError, match="channels 3, and 1 is"):
        pack(Photos(folder), folder, out, size=16, channels=1)
    with pytest.raises(ConfigError, match="holds other files"):
        pack(Photos(folder), folder, folder, size=16)
    assert contents(out) == before


def test_a_source_that_has_changed_since_is_noticed(folder: Path, tmp_path: Path) -> None:
    interrupted(folder, tmp_path / "out")
    (folder / "train" / "002.png").rename(folder / "train" / "002b.png")
    with pytest.raises(ConfigError, match="no longer begins with the 5 pictures"):
        pack(Photos(folder), folder, tmp_path / "out", size=16)


def test_a_full_disk_keeps_what_is_done(
    folder: Path,
    tmp_path: Path,
    full_disk: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "CHUNK", 4)
    monkeypatch.setattr(packing, "_BLOCK", 4)
    out = tmp_path / "out"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with full_disk(8 * 32 * 32 * 3 + 1000), pytest.raises(OutputError, match="cannot write"):
        pack(Photos(folder), folder, out, size=32)
    assert len(journal(out)) == 8
    assert pack(Photos(folder), folder, out, size=32).done_now == 9
    assert open_dataset(out, "packed").splits() == ("train", "valid")


@pytest.mark.parametrize("size", [7, 513])
def test_sizes_out_of_range(size: int, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="from 8 to 512"):
        pack(Photos(folder), folder, tmp_path / "out", size=size)
    with pytest.raises(ConfigError, match=r"1 .grey. or 3"):
        pack(Photos(folder), folder, tmp_path / "out", size=16, channels=2)
    with pytest.raises(OutputError, match="make its folder first"):
        pack(Photos(folder), folder, tmp_path / "no" / "out", size=16)


class Choosy(Photos):
    """Leaves some out, and repairs one, which is packed like any other."""

    def skipped(self, split: str) -> dict[str, list[str]]:
        if split != "train":
            return {}
        return {NO_AREA: ["a", "b"], SWAPPED: ["train/000.png"], "no majority": ["c"]}


def test_what_the_reader_leaves_out_is_listed_too(folder: Path, tmp_path: Path) -> None:
    (folder / "valid" / "001.png").write_bytes(b"")
    done = pack(Choosy(folder), folder, tmp_path / "out", size=16)
    assert done == Packing({"train": 12, "valid": 4}, 1, 3, 3, 17)
    with (tmp_path / "out" / "skipped.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert rows[:3] == [
        ["train", "a", NO_AREA],
        ["train", "b", NO_AREA],
        ["train", "c", "no majority"],
    ]
    assert rows[3][:2] == ["valid", "valid/001.png"]
    again = pack(Choosy(folder), folder, tmp_path / "out", size=16)
    assert again == Packing({"train": 12, "valid": 4}, 1, 3, 3, 0)


def test_two_processes_never_pack_into_one_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fcntl")
    monkeypatch.setattr(packing, "_BLOCK", 4)
    out, said = tmp_path / "out", []

    def another(*_: object) -> None:
        script = (
            "import sys; from pathlib import Path; from tests.support.photos import Photos; "
            "from mien.datasets.packing.pack import pack; "
            "pack(Photos(Path(sys.argv[1])), sys.argv[1], sys.argv[2], size=16)"
        )
        run = subprocess.run(
            [sys.executable, "-c", script, str(folder), str(out)],
            env=HERE,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said.append(run.stderr)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(Photos(folder), folder, out, size=16, on_progress=another)
    assert f"ConfigError: process {os.getpid()} is packing into {out}: wait" in said[0]
    assert pack(Photos(folder), folder, out, size=16).done_now == 17  # the folder is free again
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("split", ["../victim/x", "a/b", ".."])
def test_a_split_whose_name_is_a_path(split: str, folder: Path, tmp_path: Path) -> None:
    """Of another package's reader, say: its files would lie outside the pack."""

    class Named(Photos):
        def splits(self) -> tuple[str, ...]:
            return (split,)

        def samples(self, _: str) -> Iterator[Sample]:
            return super().samples("train")

    with pytest.raises(DatasetError, match="cannot be packed: its files are called after it"):
        pack(Named(folder), folder, tmp_path / "out", size=24)
    assert {path.name for path in tmp_path.rglob("*.partial")} == set()


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to, None])
@pytest.mark.parametrize("name", ["train.pixels.npy", "train.journal.partial"])
def test_packing_writes_through_no_link_nor_pipe(
    name: str, link: Callable[[Path, Path], None] | None, folder: Path, tmp_path: Path
) -> None:
    """A pack from a stranger, unfinished, could change any file of whoever resumes it."""
    out = tmp_path / "out"
    pack(Photos(folder), folder, out, size=24)
    manifest = json.loads((out / "pack.json").read_text())
    (out / "pack.json").write_text(json.dumps({**manifest, "complete": False, "pictures": {}}))
    (out / name).unlink(missing_ok=True)
    (tmp_path / "victim").write_bytes(b"mine")
    if link is None:
        os.mkfifo(out / name)
    else:
        link(out / name, tmp_path / "victim")
    with pytest.raises(DatasetError, match=f"{name} is a link"):
        pack(Photos(folder), folder, out, size=24)
    assert (tmp_path / "victim").read_bytes() == b"mine"
