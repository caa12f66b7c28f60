from __future__ import annotations

from pathlib import Path

import pytest

from mien.media.video.damage import cut_off, is_mp4
from tests.support import clips


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    return (len(content) + 8 if size is None else size).to_bytes(4, "big") + kind + content


FTYP, MOOV, MDAT = box(b"ftyp", b"isom"), box(b"moov", b"x" * 9), box(b"mdat", b"y" * 40)
LONG = (1).to_bytes(4, "big") + b"mdat" + (56).to_bytes(8, "big") + b"y" * 40


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FTYP + MOOV + MDAT, None),
        (FTYP + MDAT + MOOV, None),
        (FTYP + LONG + MOOV, None),
        (FTYP + MOOV + box(b"mdat", b"y" * 40, 0), None),  # 0: to the end of the file
        (FTYP + MDAT, "its index (moov) is missing"),
        (FTYP + MOOV + MDAT[:-10], "it has 67 of 77 bytes (87%)"),
        (FTYP + MOOV + LONG[:-28], "it has 57 of 85 bytes (67%)"),
        (b"", None),
        (b"RIFF" + b"z" * 60, None),
        (FTYP + box(b"moov", b"", 3), None),  # not a size
    ],
)
def test_what_is_missing(tmp_path: Path, data: bytes, expected: str | None) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    assert cut_off(str(path)) == expected


def test_whole_files_are_whole(tmp_path: Path, shared: Path) -> None:
    made = clips.write(tmp_path / "a.mp4")
    real = list((shared / "clips").iterdir())
    assert real
    for path in (made, *real):
        assert is_mp4(str(path))
        assert cut_off(str(path)) is None
    assert not is_mp4(str(clips.write(tmp_path / "a.avi")))
