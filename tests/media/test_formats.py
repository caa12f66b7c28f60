from __future__ import annotations

import pytest

from mien.media import formats
from mien.media.formats import (
    HEIF_SUFFIXES,
    OTHER_SUFFIXES,
    SUFFIXES,
    count_suffixes,
    describe_left_out,
    is_heif,
    is_other_picture_name,
    is_picture_name,
    left_out,
)


def test_a_suffix_is_read_or_not_never_both() -> None:
    assert not SUFFIXES & OTHER_SUFFIXES
    assert (SUFFIXES if formats.HAS_HEIF else OTHER_SUFFIXES) >= HEIF_SUFFIXES
    assert all(s == s.lower() and s.startswith(".") for s in SUFFIXES | OTHER_SUFFIXES)


@pytest.mark.parametrize("name", ["a.JXL", "b.dng", "dir/c.CR2", "d.svg", "e.psd", "f.heics"])
def test_other_pictures_are_recognised_by_suffix(name: str) -> None:
    assert is_other_picture_name(name)
    assert not is_picture_name(name)


@pytest.mark.parametrize("name", ["a.txt", "b.json", "noext", "c.jpg.xml", "d.csv", ".dng"])
def test_files_that_are_no_pictures_are_neither(name: str) -> None:
    assert not is_other_picture_name(name)
    assert not is_picture_name(name)


def test_one_line_says_how_many_of_each_and_what_to_do() -> None:
    counts = count_suffixes(["a.jpg", "b.DNG", "c.dng", "notes.txt", "d.svg"])
    assert counts == {".dng": 2, ".svg": 1}
    line = describe_left_out(counts)
    assert line == "left out 3 pictures (2 .dng, 1 .svg): convert them to JPEG or PNG"
    assert "heif" in describe_left_out({".heic": 1})
    both = describe_left_out({".heic": 1200, ".dng": 1})
    assert both.startswith("left out 1,201 pictures (1,200 .heic, 1 .dng): ")
    assert "pip install '.[heif]'" in both
    assert "JPEG" in both


def test_the_reason_names_the_suffix() -> None:
    assert left_out("x/a.DNG").startswith(".dng is not read")
    assert "'.[heif]'" in left_out("a.heic")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\x00\x00\x00\x1cftypheic", True),
        (b"\x00\x00\x00\x1cftypmif1", True),
        (b"\x00\x00\x00\x1cftypavif", False),
        (b"\x00\x00\x00\x1cftypisom", False),
        (b"\xff\xd8\xff\xe0", False),
        (b"", False),
    ],
)
def test_heif_is_recognised_by_its_first_bytes(head: bytes, found: bool) -> None:
    assert is_heif(head) is found
