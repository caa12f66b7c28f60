from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError, OutputError
from mien.media.images import read_image
from mien.sinks.pictures import PictureFolder, picture_of
from tests.support.results import make_result


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_is_saved_reads_back(suffix: str, tmp_path: Path) -> None:
    y, x = np.mgrid[0:60, 0:80]
    image = np.stack([x * 3, y * 4, 255 - x], axis=2).astype(np.uint8)
    path = PictureFolder(tmp_path / "new" / "folder", suffix).save("a", image)
    assert path == tmp_path / "new" / "folder" / f"a{suffix}"
    assert np.abs(read_image(path).astype(int) - image).mean() < (2 if suffix == ".jpg" else 1e-9)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no temporary file is left
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.gif"):
        PictureFolder(tmp_path, ".gif")


def test_equal_names_from_different_folders_are_numbered(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path)
    sources = ["a/x.jpg", "b/x.png", "c/X.jpg", "y.jpg", None, "x_2.jpg"]
    stems = [folder.stem(make_result(source=source)) for source in sources]
    assert stems[0] == "x"
    assert stems[3:5] == ["y", "image"]
    assert len({stem.casefold() for stem in stems}) == len(sources)


def test_a_very_long_or_undecodable_name_can_be_saved(tmp_path: Path, image: np.ndarray) -> None:
    folder = PictureFolder(tmp_path)
    for source in ("é" * 127, "gr\udcfcn.jpg"):
        assert folder.save(folder.stem(make_result(source=source)), image).is_file()


def test_a_users_own_file_is_never_replaced_but_an_earlier_run_is(
    tmp_path: Path, image: np.ndarray
) -> None:
    own = tmp_path / "photo.jpg"
    Image.fromarray(image).save(own)
    before = own.read_bytes()
    for _ in range(2):
        assert PictureFolder(tmp_path).save("photo", image).name == "photo_2.jpg"
    assert own.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.jpg", "photo_2.jpg"]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_full_disk_leaves_what_was_there(
    suffix: str,
    tmp_path: Path,
    image: np.ndarray,
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:
    path = PictureFolder(tmp_path, suffix).save("a", image)
    before = path.read_bytes()
    with full_disk(1000), pytest.raises(OutputError, match="a\\" + suffix) as error:
        PictureFolder(tmp_path, suffix).save("a", image)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_picture_is_read_again_where_it_is_not_given(tmp_path: Path, image: np.ndarray) -> None:
    Image.fromarray(image).save(tmp_path / "a.png")
    result = make_result(source=str(tmp_path / "a.png"))
    np.testing.assert_array_equal(picture_of(result, None), image)
    assert picture_of(result, image) is image
    with pytest.raises(InputError, match="write"):
        picture_of(make_result(source=None), None)
    with pytest.raises(InputError, match="100×80"):
        picture_of(result, image[:-1])
