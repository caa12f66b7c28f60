from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import ImageReadError
from mien.media import decoder
from mien.media.decoder import open_picture
from mien.samples import ASTRONAUT
from tests.support import pictures
from tests.support.pictures import HEIGHT, WIDTH, encode


@pytest.mark.parametrize("name", [n for n in pictures.FILES if "turned" in n])
def test_the_header_alone_gives_the_upright_size(name: str) -> None:
    with open_picture(io.BytesIO(pictures.FILES[name]().data), name) as picture:
        assert picture.upright_size() == (WIDTH, HEIGHT)
        assert picture.pixels().shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_a_picture_can_stay_as_stored(orientation: int) -> None:
    made = pictures.turned("PNG", orientation)
    with open_picture(io.BytesIO(made.data), "it") as picture:
        stored = picture.pixels(upright=False)
        assert stored.shape[1::-1] == picture.stored_size
    assert np.array_equal(stored, np.asarray(Image.open(io.BytesIO(made.data))))


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [(512, 512), (101, 67), (9, 300), (3, 3)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_reduced_jpeg_shows_the_same_at_a_fraction(
    factor: int, size: tuple[int, int], mode: str
) -> None:
    photo = Image.open(ASTRONAUT).resize(size).convert(mode)
    data = encode(photo, "JPEG", quality=95)
    with open_picture(io.BytesIO(data), "it") as picture:
        small = picture.pixels(factor)
    used = factor if min(size) >= factor else max(f for f in (1, 2, 4, 8) if f <= min(size))
    assert small.shape[1::-1] == tuple(-(-side // used) for side in size)
    if size == (512, 512):
        whole = np.asarray(photo.convert("L" if mode == "L" else "RGB"), float)
        side = 512 // factor
        blocks = whole.reshape(side, factor, side, factor, -1).mean(axis=(1, 3))
        assert np.abs(small.reshape(blocks.shape) - blocks).mean() < 2


def test_other_formats_are_not_reduced() -> None:
    for name in ("png rgb", "tiff lzw", "webp"):
        with open_picture(io.BytesIO(pictures.FILES[name]().data), name) as picture:
            assert not picture.is_jpeg
            assert picture.pixels(8).shape == (HEIGHT, WIDTH, 3)


def test_a_large_picture_is_copied_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pictures.FILES["png rgb"]().data
    for pixels in (1, WIDTH, 5 * WIDTH + 3):
        monkeypatch.setattr(decoder, "_STRIP", pixels)
        with open_picture(io.BytesIO(data), "it") as picture:
            assert np.array_equal(picture.pixels(), pictures.colours())


def test_a_header_above_the_limit_is_refused_before_the_pixels() -> None:
    data = encode(Image.new("L", (300, 200)), "PNG")[:60]  # there are no pixels
    with (
        pytest.raises(ImageReadError, match=r"300×200 .*limit of 59999"),
        open_picture(io.BytesIO(data), "it", 59_999),
    ):
        pass


# --- what the libraries print


_READ = """
import sys, mien
for path in sys.argv[1:]:
    try:
        mien.read_image(path)
    except mien.MienError as error:
        print(error)
"""


def test_libraries_print_nothing_on_standard_error(tmp_path: Path) -> None:
    """Libtiff, libjpeg and Pillow have their say on damaged files; Mien says it on one line."""
    rng = np.random.default_rng(0)
    photo = Image.open(ASTRONAUT).resize((96, 96))
    paths = []
    for number, (kind, options) in enumerate(
        [
            *(("TIFF", {"compression": c}) for c in ("tiff_lzw", "tiff_adobe_deflate", "group4")),
            *(("TIFF", {"compression": c}) for c in ("packbits", "jpeg", "raw")),
            ("JPEG", {}),
            ("PNG", {}),
            ("GIF", {}),
            ("WEBP", {}),
        ]
    ):
        image = photo.convert("1") if options.get("compression") == "group4" else photo
        sound = encode(image, kind, **options)
        for copy in range(6):
            data = bytearray(sound)
            for place in rng.integers(8, len(data), 12):
                data[place] = rng.integers(0, 256)
            paths.append(tmp_path / f"{number}-{copy}.{kind.lower()}")
            paths[-1].write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", _READ, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "damaged" in done.stdout  # there was something to print
    if list(Path(Image.__file__).parents[1].glob("pillow.libs/libtiff*")):
        assert done.stderr == ""


def test_what_pillow_logs_still_reaches_the_hosts_handlers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with open_picture(io.BytesIO(pictures.FILES["png rgb"]().data), "it"):
        pass
    with caplog.at_level(logging.ERROR):
        logging.getLogger("PIL.TiffImagePlugin").error("more samples")
    assert caplog.messages == ["more samples"]


# --- HEIC


def heic(width: int = 64, height: int = 40) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    photo = Image.open(ASTRONAUT).convert("RGB").resize((width, height))
    pillow_heif.from_pillow(photo).save(buffer, quality=95)
    return buffer.getvalue()


def test_a_heic_photo_obeys_the_limit_and_is_an_error_where_it_is_damaged() -> None:
    data = heic()
    with pytest.raises(ImageReadError, match="64×40"), open_picture(io.BytesIO(data), "it", 2559):
        pass
    with open_picture(io.BytesIO(data), "it", 2560) as picture:
        assert picture.pixels().shape == (40, 64, 3)
    for share in (0.01, 0.2, 0.9):
        with pytest.raises(ImageReadError) as error:
            _decode(data[: max(12, int(share * len(data)))])
        assert "\n" not in str(error.value)


def _decode(data: bytes) -> np.ndarray:
    with open_picture(io.BytesIO(data), "it") as picture:
        return picture.pixels()


def test_heic_stands_upright_by_its_own_rotation() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    photo = Image.open(ASTRONAUT).convert("RGB").crop((0, 0, 128, 80))
    buffer = io.BytesIO()
    pillow_heif.from_pillow(photo).save(buffer, quality=95, exif=exif.tobytes())
    turned = np.rot90(np.asarray(photo), -1).astype(float)
    got = _decode(buffer.getvalue())
    assert got.shape == turned.shape
    assert np.abs(got - turned).mean() < 4


def test_without_the_extra_a_heic_photo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "HAS_HEIF", False)
    head = b"\x00\x00\x00\x1cftypheic" + bytes(100)
    with pytest.raises(ImageReadError, match=r"HEIC.*pip install '\.\[heif\]'"):
        _decode(head)
