from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.errors import DatasetError
from mien.preprocess.network_input import resize
from mien.samples import ASTRONAUT


def file(folder: Path, name: str, image: Image.Image, **how: object) -> Picture:
    image.save(folder / name, **how)  # type: ignore[arg-type]
    return Picture(Folder(folder), name)


def test_lossless_pictures_are_what_pillow_reads(tmp_path: Path) -> None:
    photo = Image.open(ASTRONAUT)
    assert np.array_equal(file(tmp_path, "a.png", photo)(), np.array(photo))
    grey = photo.convert("L")
    assert np.array_equal(file(tmp_path, "b.bmp", grey)(), np.array(grey))
    palette = photo.convert("P")  # neither grey nor RGB in the file
    assert np.array_equal(file(tmp_path, "c.gif", palette)(), np.array(palette.convert("RGB")))


def test_a_photo_taken_sideways_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    photo = Image.open(ASTRONAUT).crop((0, 0, 300, 512))
    turned = file(tmp_path, "a.jpg", photo, exif=exif, quality=95)
    expected = np.rot90(np.array(photo), -1)
    for image in (turned(), turned.at(300)):
        assert image.shape == expected.shape
        assert np.abs(image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_picture_annotated_as_it_lies_stays_so(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Image.open(ASTRONAUT).crop((0, 0, 300, 512))
    turned = file(tmp_path, "a.jpg", photo, exif=exif, quality=95)
    lying, upright = (512, 300, 3), (300, 512, 3)
    for size, shape in {
        (300, 512): lying,
        (512, 300): upright,
        (30, 51): upright,
        (None, 512): upright,
    }.items():
        image = Picture(turned.archive, turned.name, size)()
        assert image.shape == shape
        if shape == lying:
            assert np.abs(image.astype(int) - np.array(photo)).mean() < 4
    # Width and height merely swapped, as some tools write them: there is nothing to turn back.
    straight = file(tmp_path, "b.jpg", photo)
    assert Picture(straight.archive, straight.name, (512, 300))().shape == lying


@pytest.mark.parametrize(("side", "left"), [(32, 64), (64, 128), (65, 256), (129, 512), (600, 512)])
def test_a_jpeg_is_decoded_no_larger_than_needed(side: int, left: int, tmp_path: Path) -> None:
    picture = file(tmp_path, "a.jpg", Image.open(ASTRONAUT), quality=92)
    small = picture.at(side)
    assert small.shape == (left, left, 3)  # of 512
    whole = resize(picture(), side)
    assert np.abs(resize(small, side).astype(int) - whole).mean() < 1.5


def test_only_jpegs_are_reduced_and_grey_stays_grey(tmp_path: Path) -> None:
    grey = Image.open(ASTRONAUT).convert("L")
    assert file(tmp_path, "a.png", grey).at(32).shape == (512, 512)
    assert file(tmp_path, "a.jpg", grey).at(32).shape == (64, 64)


def test_a_damaged_picture_is_reported_by_name(tmp_path: Path) -> None:
    whole = ASTRONAUT.read_bytes()
    png = io.BytesIO()
    Image.open(ASTRONAUT).save(png, "PNG")
    for name, data in {
        "cut.jpg": whole[: len(whole) // 2],
        "cut.png": png.getvalue()[:5000],
        "words.jpg": b"no picture at all",
        "header.jpg": whole[:20],
        "empty.jpg": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        picture = Picture(Folder(tmp_path), name)
        for decode in (picture, lambda picture=picture: picture.at(32)):
            with pytest.raises(DatasetError, match=name):
                decode()


def test_a_header_above_the_limit_is_refused_before_the_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = file(tmp_path, "a.png", Image.new("L", (300, 200)))
    jpeg = file(tmp_path, "a.jpg", Image.new("L", (300, 200)))
    monkeypatch.setenv("MIEN_MAX_PIXELS", "59999")
    for decode in (picture, lambda: picture.at(8), lambda: jpeg.at(8), lambda: jpeg.reduced(8)):
        with pytest.raises(DatasetError, match=r"300×200 pixels, above the limit of 59999"):
            decode()
    monkeypatch.setenv("MIEN_MAX_PIXELS", "60000")
    assert picture().shape == (200, 300)


def test_the_upright_size_is_known_without_decoding(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    picture = file(tmp_path, "a.jpg", Image.new("RGB", (30, 20)), exif=exif)
    assert picture.upright_size() == (20, 30)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_one_unreadable_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to("pipe.jpg")
    for name in ("pipe.jpg", "link.jpg"):
        with pytest.raises(DatasetError, match=name):
            Picture(Folder(tmp_path), name)()
