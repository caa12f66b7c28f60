from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError, OutputError, PictureOutputError
from mien.media.images import read_image
from mien.sinks.pictures import JPEG_SIDE, PictureFolder, picture_of
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


# --- pictures that cannot be written like the others


@pytest.mark.parametrize("shape", [(1, JPEG_SIDE + 1, 3), (JPEG_SIDE + 1, 1, 3)])
def test_a_picture_too_long_for_jpeg_becomes_a_png_and_says_so(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    notes: list[str] = []
    folder = PictureFolder(tmp_path, on_note=notes.append)
    long = np.zeros(shape, np.uint8)
    path = folder.save("a", long)
    assert path == tmp_path / "a.png"
    np.testing.assert_array_equal(read_image(path), long)
    assert notes == [f"{path} is a PNG: a JPEG has at most 65,500 pixels a side"]
    assert folder.save("b", long[:JPEG_SIDE, :JPEG_SIDE]).suffix == ".jpg"
    assert len(notes) == 1


def test_the_limit_is_pillows(tmp_path: Path) -> None:
    Image.new("L", (JPEG_SIDE, 1)).save(tmp_path / "a.jpg")
    with pytest.raises(OSError, match=r"encoder error|broken"):
        Image.new("L", (JPEG_SIDE + 1, 1)).save(tmp_path / "b.jpg")


@pytest.mark.parametrize("error", [MemoryError(), OSError("encoder error -2"), ValueError("odd")])
def test_a_picture_that_cannot_be_encoded_is_its_own_fault(
    error: Exception, tmp_path: Path, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    folder = PictureFolder(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("mien.sinks.pictures._encode", fail)
        with pytest.raises(PictureOutputError, match=r"a\.jpg") as raised:
            folder.save("a", image)
    assert "\n" not in str(raised.value)
    assert folder.save("b", image).is_file()


def test_a_name_that_the_file_system_refuses_is_about_one_picture(
    tmp_path: Path, image: np.ndarray
) -> None:
    with pytest.raises(PictureOutputError, match="too long"):
        PictureFolder(tmp_path).save("x" * 300, image)


def test_a_full_disk_is_about_all_of_them(
    tmp_path: Path, image: np.ndarray, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(1000), pytest.raises(OutputError) as error:
        PictureFolder(tmp_path).save("a", image)
    assert not isinstance(error.value, PictureOutputError)


def test_a_named_pipe_in_the_folder_is_not_opened(tmp_path: Path, image: np.ndarray) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert PictureFolder(tmp_path).save("a", image).name == "a_2.jpg"


def stems(folder: PictureFolder, *sources: str) -> list[str]:
    return [folder.stem(make_result(source=source)) for source in sources]


def test_subfolders_of_a_root_are_kept(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path / "out", roots=["photos", "other/"])
    assert stems(
        folder, "photos/a/b.jpg", "photos/a/B.png", "photos/c/b.jpg", "photos/b.jpg",
        "other/a/b.jpg", "elsewhere/b.jpg", "photos/../x/y.jpg",
    ) == ["a/b", "a/B_2", "c/b", "b", "a/b_3", "b_2", "y"]  # fmt: skip
    image = np.zeros((4, 4, 3), np.uint8)
    path = folder.save("a/b", image)
    assert path == tmp_path / "out/a/b.jpg" and path.exists() and folder.name(path) == "a/b.jpg"


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "else").mkdir()
    (tmp_path / "out/a").symlink_to(tmp_path / "else")
    folder = PictureFolder(tmp_path / "out", roots=["photos"])
    with pytest.raises(PictureOutputError, match="leads out of"):
        folder.save(
            folder.stem(make_result(source="photos/a/b.jpg")), np.zeros((4, 4, 3), np.uint8)
        )
    assert not list((tmp_path / "else").iterdir())
    (tmp_path / "out/b").write_text("a file")
    with pytest.raises(PictureOutputError, match="cannot write"):
        folder.save("b/c", np.zeros((4, 4, 3), np.uint8))


def test_addresses_have_the_name_of_their_picture(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path)
    assert stems(folder, "https://host/a/b.jpg?size=3/4", "https://host/", "http://host/c") == [
        "b", "image", "c"
    ]  # fmt: skip
    with pytest.raises(InputError):  # it is not fetched a second time
        picture_of(make_result(source="https://host/a.jpg"), None)
