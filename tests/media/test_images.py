from __future__ import annotations

import io
import os
import resource
import struct
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, features

from mien.errors import ConfigError, ImageReadError, InputError
from mien.media.images import DEFAULT_MAX_PIXELS, read_image, read_reduced
from mien.samples import ASTRONAUT

ORIENTATION = 0x0112


@pytest.fixture
def picture() -> np.ndarray:
    """Smooth colours, no two corners alike, wider than high: (40, 56, 3)."""
    y, x = np.mgrid[0:40, 0:56]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y], axis=2).astype(np.uint8)


def encode(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, colour: int, data: bytes) -> bytes:
    """A PNG written by hand from its specification; ``data`` holds the filtered rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert message
    assert "\n" not in message
    return message


# --- where a picture may come from


def test_every_kind_of_source_gives_the_same_pixels(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(picture))
    sources = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), picture]
    sources += [io.BytesIO(path.read_bytes()), Image.open(path), Image.fromarray(picture)]
    with path.open("rb") as file:
        for source in [*sources, file]:
            got = read_image(source)
            assert got.dtype == np.uint8
            assert got.flags.c_contiguous
            np.testing.assert_array_equal(got, picture)


def test_an_rgb_array_is_not_copied(picture: np.ndarray) -> None:
    assert np.shares_memory(read_image(picture), picture)


def test_colours_are_rgb_as_opencv_sees_them(material: Path) -> None:
    path = material / "photos" / "obama_smile.jpg"
    reference = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    got = read_image(path)
    assert got.shape == reference.shape
    assert np.abs(got.astype(int) - reference).mean() < 1  # two JPEG decoders round differently


def test_what_a_shell_substitutes_is_read(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(picture))
    code = "import sys, mien; print(*mien.read_image(sys.argv[1]).shape, sys.argv[1])"
    command = f"{sys.executable} -c '{code}' <(cat {path})"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("40 56 3 /dev/fd/")


def test_named_pipes_devices_and_links_to_them_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to("pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "link.jpg", "zero.jpg"):
        with pytest.raises(ImageReadError, match=r"pipe|device") as error:
            read_image(tmp_path / name)
        assert name in one_line(error)


# --- formats


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "JPEG2000"])
def test_lossless_formats_come_back_equal(kind: str, picture: np.ndarray) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(read_image(encode(picture, kind, **options)), picture)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_come_back_near(kind: str, picture: np.ndarray) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    got = read_image(encode(picture, kind, quality=95))
    assert np.abs(got.astype(int) - picture).mean() < 3


def test_a_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(data), np.asarray(frames[0]))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int, picture: np.ndarray) -> None:
    # The inverse of each orientation, in the words of the EXIF standard: what row 0 and column 0
    # of the stored picture are in the upright one.
    stored = {
        1: picture,
        2: np.fliplr(picture),
        3: np.rot90(picture, 2),
        4: np.flipud(picture),
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture, 1),  # row 0 = right side: shown after a clockwise turn
        7: np.rot90(picture, 2).transpose(1, 0, 2),
        8: np.rot90(picture, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lossless = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    data = encode(np.ascontiguousarray(stored), kind, exif=exif, **lossless.get(kind, {}))
    tolerance = 3 if kind == "JPEG" else 0
    for source in (data, Image.open(io.BytesIO(data))):
        got = read_image(source)
        assert got.flags.c_contiguous
        np.testing.assert_allclose(got.astype(int), picture, atol=tolerance)


def test_damaged_exif_does_not_stop_sound_pixels(picture: np.ndarray) -> None:
    data = encode(picture, "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xffgarbage")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_image(data), picture)


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (0, 255, 255, 0), (30, 80, 200, 40), (0, 0, 0, 255)])
def test_cmyk_jpeg_has_its_own_colours(ink: tuple[int, ...]) -> None:
    flat = Image.new("CMYK", (16, 16), ink)
    got = read_image(encode(flat, "JPEG", quality=100))
    c, m, y, k = (1 - v / 255 for v in ink)
    expected = [255 * c * k, 255 * m * k, 255 * y * k]  # the plain formula, by hand
    np.testing.assert_allclose(got.mean(axis=(0, 1)), expected, atol=4)
    np.testing.assert_allclose(got, np.asarray(flat.convert("RGB")), atol=4)


def test_ycck_jpeg_has_its_own_colours() -> None:
    # Adobe's YCCK, which Pillow cannot write: the complement of RGB as YCbCr, K inverted, and the
    # colour transform 2 in the APP14 segment. Pillow inverts CMYK when it saves, hence 255 - v.
    rgb = (200, 60, 120)
    ycc = Image.new("RGB", (16, 16), tuple(255 - v for v in rgb)).convert("YCbCr")
    planes = [plane.point(lambda v: 255 - v) for plane in ycc.split()]
    data = bytearray(encode(Image.merge("CMYK", (*planes, Image.new("L", (16, 16)))), "JPEG"))
    data[data.index(b"Adobe") + 11] = 2
    np.testing.assert_allclose(read_image(bytes(data)).mean(axis=(0, 1)), rgb, atol=4)


def test_alpha_is_laid_on_white(picture: np.ndarray) -> None:
    alpha = np.linspace(0, 255, 40 * 56).reshape(40, 56).astype(np.uint8)
    rgba = np.dstack([picture, alpha])
    share = alpha[..., None] / 255
    expected = picture * share + 255 * (1 - share)
    for source in (encode(rgba), encode(rgba, "TIFF"), rgba):
        np.testing.assert_allclose(read_image(source), expected, atol=1.01)


def test_grey_with_alpha_is_laid_on_white() -> None:
    grey = Image.new("LA", (4, 4), (100, 51))
    expected = 100 * 0.2 + 255 * 0.8
    np.testing.assert_allclose(read_image(encode(grey)), expected, atol=1)


def test_palette_and_its_transparent_entry() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    np.testing.assert_array_equal(read_image(encode(image)), [[[255, 0, 0], [0, 0, 255]]])
    for transparency in (1, b"\xff\x00"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = read_image(encode(image, transparency=transparency))
        np.testing.assert_array_equal(got, [[[255, 0, 0], [255, 255, 255]]])


def test_bilevel_is_black_and_white() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    np.testing.assert_array_equal(read_image(encode(image)), [[[0] * 3, [255] * 3]])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_scaled_not_clipped(channels: int) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)  # (256,)
    pixel = [ramp] * min(channels, 3 if channels > 2 else 1)
    if channels in (2, 4):
        pixel.append(np.full_like(ramp, 65535))
    row = np.stack(pixel, axis=1).astype(">u2").tobytes()
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]  # as the PNG specification numbers them
    got = read_image(png(256, 1, 16, colour, b"\x00" + row))
    np.testing.assert_allclose(got[0], np.repeat(ramp[:, None] / 257, 3, axis=1), atol=1)
    assert len(np.unique(got)) > 250


def test_sixteen_bit_tiff_and_pgm_are_scaled() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None]
    pgm = b"P5 256 1 65535\n" + ramp.astype(">u2").tobytes()
    for data in (encode(Image.fromarray(ramp), "TIFF"), pgm):
        np.testing.assert_allclose(read_image(data)[0, :, 0], ramp[0] / 257, atol=0.51)


def test_float_tiff_in_unit_range_is_scaled_and_other_ranges_are_refused() -> None:
    unit = np.linspace(0, 1, 64, dtype=np.float32)[None]
    got = read_image(encode(Image.fromarray(unit), "TIFF"))
    np.testing.assert_allclose(got[0, :, 0], unit[0] * 255, atol=0.51)
    with pytest.raises(ImageReadError, match="values"):
        read_image(encode(Image.fromarray(unit * 300), "TIFF"))


# --- arrays


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", ">u2", "bool", "float32", "float64", "float16"]
)
def test_arrays_of_every_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    unit = np.random.default_rng(0).random(shape)
    scale = {"uint8": 255, "uint16": 65535, ">u2": 65535}.get(dtype, 1)
    array = (unit > 0.5) if dtype == "bool" else (unit * scale).astype(dtype)
    got = read_image(array)
    assert got.shape == (5, 7, 3)
    assert got.dtype == np.uint8
    level = array.astype(float) / scale
    if array.ndim == 2:
        level = level[..., None]
    if level.shape[2] == 4:
        level = level[..., :3] * level[..., 3:] + 1 - level[..., 3:]
    np.testing.assert_allclose(got, np.broadcast_to(level * 255, got.shape), atol=1.01)


def test_views_of_an_array_are_read(picture: np.ndarray) -> None:
    got = read_image(picture[::-2, ::-1])
    np.testing.assert_array_equal(got, picture[::-2, ::-1])
    assert got.flags.c_contiguous


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((3, 10, 12), np.uint8), r"\(3, 10, 12\)"),
        (np.zeros((0, 10, 3), np.uint8), "empty"),
        (np.zeros(12, np.uint8), r"\(12,\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
        (np.zeros((4, 4), np.int64), "int64"),
        (np.zeros((4, 4), complex), "complex"),
        (np.array([["a"]]), "U1"),
        (np.full((4, 4, 3), 200.0), r"\[0, 1\]"),
        (np.full((4, 4, 3), -0.5), r"\[0, 1\]"),
        (np.full((4, 4, 3), np.nan), "nan"),
        (np.full((4, 4, 3), np.inf), "inf"),
    ],
)
def test_a_wrong_array_is_refused_with_the_reason(array: np.ndarray, word: str) -> None:
    with pytest.raises(InputError, match=word) as error:
        read_image(array)
    one_line(error)


@pytest.mark.parametrize("source", [None, 7, [[1, 2], [3, 4]], object()])
def test_a_wrong_object_is_refused_by_type(source: object) -> None:
    with pytest.raises(InputError, match=type(source).__name__):
        read_image(source)  # type: ignore[arg-type]


def test_a_text_file_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'rb'"):
        read_image(io.StringIO("text"))  # type: ignore[arg-type]
    closed = io.BytesIO(b"")
    closed.close()
    with pytest.raises(ImageReadError, match="closed"):
        read_image(closed)


@pytest.mark.parametrize("error", [RuntimeError("no\nconnection"), KeyError("a"), EOFError()])
def test_a_file_object_that_raises_is_reported(error: Exception) -> None:
    class Remote(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise error

    class Nameless(Remote):
        @property
        def name(self) -> str:
            raise error

    for file in (Remote(), Nameless()):
        with pytest.raises(ImageReadError, match=type(file).__name__) as reported:
            read_image(file)  # type: ignore[arg-type]
        one_line(reported)
        assert reported.value.__cause__ is error


# --- files that cannot be read


def test_missing_folder_empty_and_non_image_files(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("this is no picture")
    words = {
        "gone.jpg": "no file",
        ".": "folder",
        "empty.jpg": "empty",
        "text.jpg": "not a picture",
    }
    for name, word in words.items():
        with pytest.raises(ImageReadError, match=word) as error:
            read_image(tmp_path / name)
        assert one_line(error).count(str(tmp_path / name)) == 1


def test_odd_paths_give_one_line() -> None:
    for path in ("", "a\nb.jpg", "nul\0byte.jpg", "x" * 5000, os.devnull, "http://a.b/c.jpg"):
        with pytest.raises(ImageReadError) as error:
            read_image(path)
        one_line(error)
    with pytest.raises(ImageReadError, match="empty"):
        read_image(b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_an_error(kind: str, share: float) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = encode(noise, kind)
    with pytest.raises(ImageReadError, match=r"damaged|truncated") as error:
        read_image(data[: int(len(data) * share)])
    one_line(error)


def test_damaged_bytes_never_raise_anything_else() -> None:
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (24, 24, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "JPEG2000"):
            sound = np.frombuffer(encode(noise, kind), np.uint8)
            for _ in range(60):
                data = sound.copy()
                places = rng.integers(0, min(len(data), 400), 3)
                data[places] = rng.integers(0, 256, 3)
                try:
                    read_image(data.tobytes(), max_pixels=10**6)
                except ImageReadError as error:
                    assert "\n" not in str(error)


def test_a_file_without_read_permission(tmp_path: Path, picture: np.ndarray) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads protected files")
    path = tmp_path / "secret.png"
    path.write_bytes(encode(picture))
    path.chmod(0)
    with pytest.raises(ImageReadError, match="permission"):
        read_image(path)


def test_a_refusal_by_the_system_is_reported(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encode(picture))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mien.media.images.open_file", refuse)
    with pytest.raises(ImageReadError, match="permission") as error:
        read_image(path)
    assert "secret.png" in one_line(error)


# --- sizes


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 10_000), (10_000, 1)])
def test_thin_and_tiny_pictures_are_read(width: int, height: int) -> None:
    assert read_image(encode(Image.new("RGB", (width, height)))).shape == (height, width, 3)


def bombs() -> dict[str, bytes]:
    claim = png(20_000, 20_000, 8, 2, b"")
    bmp = bytearray(encode(Image.new("RGB", (2, 2)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 20_000, 20_000)
    gif = bytearray(encode(Image.new("RGB", (2, 2)), "GIF"))
    gif[6:10] = struct.pack("<HH", 20_000, 20_000)
    jpeg = bytearray(encode(Image.new("RGB", (8, 8)), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 20_000, 20_000)
    webp = bytearray(encode(Image.new("RGBA", (8, 8), (1, 2, 3, 4)), "WEBP", lossless=True))
    bits = 16_383 | 16_383 << 14
    webp[21:25] = struct.pack("<I", bits | 1 << 28)
    return {
        "png": claim,
        "bmp": bytes(bmp),
        "gif": bytes(gif),
        "jpeg": bytes(jpeg),
        "webp": bytes(webp),
    }


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "jpeg", "webp"])
def test_a_bomb_is_refused_at_once_and_without_memory(kind: str) -> None:
    data = bombs()[kind]
    read_image(encode(Image.new("RGB", (1, 1))))  # imports Pillow before the clock starts
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageReadError) as error:
            read_image(data)
    assert time.process_time() - start < 0.5
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000  # KiB; the pixels would be 1.2 GB
    if kind != "webp":  # some versions of libwebp refuse the mismatched header themselves
        assert "20000×20000" in one_line(error)
        assert str(DEFAULT_MAX_PIXELS) in one_line(error)


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(Image.new("RGB", (30, 20)))
    assert read_image(data, max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(ImageReadError, match="599"):
        read_image(data, max_pixels=599)
    monkeypatch.setenv("MIEN_MAX_PIXELS", "500")
    with pytest.raises(ImageReadError, match="MIEN_MAX_PIXELS"):
        read_image(data)
    assert read_image(data, max_pixels=600).size == 1800  # the parameter comes first
    with pytest.raises(ImageReadError):
        read_image(Image.new("RGB", (30, 20)))


@pytest.mark.parametrize("value", ["many", "0", "-3", "1e6"])
def test_a_senseless_limit_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_MAX_PIXELS", value)
    with pytest.raises(ConfigError, match=value):
        read_image(b"anything")


def test_a_limit_above_pillows_own_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(encode(Image.new("RGB", (50, 50)))).shape == (50, 50, 3)
    assert Image.MAX_IMAGE_PIXELS == 100  # the host's own setting stands


def test_pillow_is_imported_only_when_needed() -> None:
    code = "import sys, mien.media.images; sys.exit('PIL' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("fraction", "side"), [(1.0, 512), (0.6, 512), (0.5, 256), (0.3, 256), (0.2, 128), (0.01, 64)]
)
def test_a_jpeg_is_reduced_as_far_as_is_enough(fraction: float, side: int) -> None:
    asked = []

    def enough(height: int, width: int) -> float:
        asked.append((height, width))
        return fraction

    image, size = read_reduced(ASTRONAUT, enough)
    assert image.shape == (side, side, 3)
    assert size == (512, 512) and asked == [size]
    wanted = cv2.resize(read_image(ASTRONAUT), (side, side), interpolation=cv2.INTER_AREA)
    assert np.abs(image.astype(int) - wanted).mean() < 2
