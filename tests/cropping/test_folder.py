"""A folder of crops whose run was stopped: the same call continues it, and gives the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mien.cropping.crop import crop_faces, open_photos
from mien.cropping.folder import CropFolder, Entry
from mien.datasets.opening import UNFINISHED, open_dataset
from mien.detectors.load import load_detector
from mien.errors import ConfigError, DatasetError, MienError
from mien.files import lock_folder
from tests.datasets.test_detected import Arrays, Squares
from tests.support import whole_photos


class Stop(BaseException):
    """What Ctrl-C does, and a kill."""


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stop_after(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the next run after its crop is saved, before it is noted."""
    add, left = CropFolder.add, [entries]

    def stopping(folder: CropFolder, entry: Entry) -> None:
        if not left[0]:
            monkeypatch.setattr(CropFolder, "add", add)
            raise Stop
        left[0] -= 1
        add(folder, entry)

    monkeypatch.setattr(CropFolder, "add", stopping)


@pytest.mark.parametrize(("faces", "entries"), [("largest", 1), ("all", 3)])
def test_a_stopped_run_of_real_photos_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: str, entries: int
) -> None:
    photos = open_photos(whole_photos.write(tmp_path / "photos"))
    (tmp_path / "photos" / "neutral" / "damaged.jpg").write_bytes(b"no picture")
    photos = open_photos(tmp_path / "photos")
    detector = load_detector("mtcnn", threads=1)
    errors: list[MienError] = []
    whole = crop_faces(photos, detector, tmp_path / "whole", faces=faces)
    stop_after(entries, monkeypatch)
    with pytest.raises(Stop):
        crop_faces(photos, detector, tmp_path / "out", faces=faces, on_error=errors.append)
    assert not (tmp_path / "out" / "faces.csv").exists()
    assert UNFINISHED in open_dataset(tmp_path / "out", "folder").facts.notes
    seen: list[tuple[int, int]] = []
    done = crop_faces(
        photos, detector, tmp_path / "out", faces=faces, on_error=errors.append,
        on_progress=lambda n, of: seen.append((n, of)),
    )  # fmt: skip
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert (done.photos, done.faces, done.no_face, done.failed) == (5, 3, 1, 1)
    assert (done.labels, done.resumed, len(errors)) == (whole.labels, entries, 1)
    assert seen == [(n, 5) for n in range(entries + 1, 6)]
    assert UNFINISHED not in open_dataset(tmp_path / "out").facts.notes
    again = crop_faces(photos, detector, tmp_path / "out", faces=faces)
    assert (again.photos, again.faces, again.resumed) == (5, 3, 5)


def test_what_was_cut_is_neither_searched_nor_cut_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stop_after(7, monkeypatch)  # three photos, and one face of the fourth
    with pytest.raises(Stop):
        crop_faces(Arrays(*[2] * 6), Squares(), out, faces="all")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert len(before) == 8
    second = Squares()
    done = crop_faces(Arrays(*[2] * 6), second, out, faces="all")
    assert (done.faces, done.resumed, second.calls) == (12, 4, 3)
    again = sum(path.stat().st_mtime_ns != time for path, time in before.items())
    assert again == 1  # saved, but not yet noted
    third = Squares()
    assert crop_faces(Arrays(*[2] * 6), third, out, faces="all").faces == 12
    assert third.calls == 0


def test_other_settings_photos_or_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stop_after(2, monkeypatch)
    with pytest.raises(Stop):
        crop_faces(Arrays(1, 1, 1, 1), Squares(), out, request={"options": ()})
    before = contents(out)
    for settings, message in (
        ({"size": 32}, "cut with size None, and 32 is requested"),
        ({"faces": "all"}, r"cut with detected \['squares', 'largest'\]"),
        ({"request": {"options": ("labels=free",)}}, r"cut with options \[\]"),
        ({"source": "elsewhere"}, "cut with source None"),
    ):
        with pytest.raises(ConfigError, match=message):
            crop_faces(Arrays(1, 1, 1, 1), Squares(), out, **settings)  # type: ignore[arg-type]
    others = Arrays(1, 1, 1, 1)
    others.samples = lambda split: iter(list(Arrays(1, 1, 1, 1).samples(split))[1:])  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="no longer begins with the 2 photos searched so far"):
        crop_faces(others, Squares(), out)
    with lock_folder(out, "cutting faces into"), pytest.raises(ConfigError, match="is cutting"):
        crop_faces(Arrays(1, 1, 1, 1), Squares(), out)
    assert contents(out) == before

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not empty"):
        crop_faces(Arrays(1), Squares(), tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["mine.txt"]


def test_folders_of_earlier_versions_and_damaged_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stop_after(2, monkeypatch)
    with pytest.raises(Stop):
        crop_faces(Arrays(1, 1, 1), Squares(), out)
    journal, manifest = out / "faces.journal.partial", out / "crop.json"
    good = manifest.read_text()
    for line in (b"[1]\n", b'["train", "0", {"path": 5}, ""]\n', b'["train", "0", null, ""]\n'):
        journal.write_bytes(line)
        with pytest.raises(DatasetError, match="are damaged"):
            crop_faces(Arrays(1, 1, 1), Squares(), out)
    for text, message in (("{", "damaged"), ("[]", "damaged"), ('{"complete": 5}', "damaged")):
        manifest.write_text(text)
        with pytest.raises(DatasetError, match=message):
            crop_faces(Arrays(1, 1, 1), Squares(), out)
    old = {key: value for key, value in json.loads(good).items() if key != "complete"}
    manifest.write_text(json.dumps(old))
    with pytest.raises(ConfigError, match="earlier version"):
        crop_faces(Arrays(1, 1, 1), Squares(), out)


def test_a_link_in_place_of_the_journal_changes_no_other_file(tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.txt"
    mine.write_text("mine")
    done = crop_faces(Arrays(1, 1), Squares(), out)
    assert done.faces == 2
    manifest = json.loads((out / "crop.json").read_text())
    (out / "crop.json").write_text(json.dumps({**manifest, "complete": False}))
    (out / "faces.journal.partial").symlink_to(mine)
    with pytest.raises(DatasetError, match="is a link"):
        crop_faces(Arrays(1, 1), Squares(), out)
    assert mine.read_text() == "mine"
