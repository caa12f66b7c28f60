from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mien.datasets.files.archive import open_archive, pictures_beside
from mien.datasets.opening import open_dataset
from mien.media.clutter import clutter_in
from mien.media.inputs import expand
from mien.samples import ASTRONAUT

CLUTTER = [
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "#recycle/b.jpg", "@Recycle/c.jpg",
    "@Recently-Snapshot/d.jpg", "$RECYCLE.BIN/e.jpg", "System Volume Information/f.jpg",
    "lost+found/g.jpg", "FOUND.000/h.jpg",
    ".AppleDouble/i.jpg", "__MACOSX/._j.jpg", ".ipynb_checkpoints/k.jpg", ".git/l.jpg", "._m.jpg",
    ".Trash-1000/n.jpg", "Thumbs.db", ".DS_Store", "desktop.ini", "sub/@EADIR/o.jpg",
    "#snapshot/p.jpg",
]  # fmt: skip
OWN = ["a.jpg", "sub/eaDir/b.jpg", "recycle/c.jpg", "lost/found/d.jpg", "#1/e.jpg", "@home/f.jpg"]


@pytest.mark.parametrize("path", CLUTTER)
def test_clutter(path: str) -> None:
    assert clutter_in(path) and not any(map(clutter_in, OWN))


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Pictures in folders of expressions, with clutter at the root and beside the pictures."""
    files = {f"happy/{name}": ASTRONAUT.read_bytes() for name in OWN}
    files |= {f"{folder}{name}": b"x" for folder in ("", "happy/") for name in CLUTTER}
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return tmp_path / "a.zip"
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_clutter_is_left_out_of_data_sets_and_counted(place: Path) -> None:
    assert open_archive(place).names() == sorted(f"happy/{name}" for name in OWN)
    dataset = open_dataset(place, "folder")
    assert len(list(dataset.samples("train"))) == len(OWN)
    skipped = dataset.skipped("train")
    pictures = [n for n in CLUTTER if n.endswith(".jpg") and "/._" not in n and n[:2] != "._"]
    assert sum(map(len, skipped.values())) == 2 * len(pictures)
    assert len(skipped["picture lies in @eaDir, a system's folder"]) == 2
    assert pictures_beside(open_archive(place)) == skipped


def test_clutter_is_left_out_of_a_search(place: Path) -> None:
    if place.is_dir():
        found = {str(Path(path).relative_to(place)) for path in expand([place], recursive=True)}
        assert found == {f"happy/{name}" for name in OWN}
        assert set(expand([f"{place}/**/*.jpg"])) == set(expand([place], recursive=True))
        named = place / "@eaDir" / "a.jpg"  # the user's own wish
        assert list(expand([named])) == [f"{named}/SYNOPHOTO_THUMB_M.jpg"]
