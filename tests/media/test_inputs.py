from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.media.formats import is_picture_name
from mien.media.inputs import below, expand, roots_of


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ["b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "sub/c.webp", "sub/deep/d.tif", "bare"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "hollow").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def errors_of(names: list[str], **options: object) -> tuple[list[str], list[str]]:
    errors: list[InputError] = []
    paths = list(expand(names, on_error=errors.append, **options))  # type: ignore[arg-type]
    return paths, [str(error) for error in errors]


def test_a_folder_gives_its_pictures_sorted(tree: Path) -> None:
    assert list(expand(["."])) == ["./a.PNG", "./b.jpg"]
    assert list(expand([tree])) == [str(tree / "a.PNG"), str(tree / "b.jpg")]


def test_recursive_goes_into_subfolders_files_first(tree: Path) -> None:
    got = list(expand(["."], recursive=True))
    assert got == ["./a.PNG", "./b.jpg", "./sub/c.webp", "./sub/deep/d.tif"]
    found = {f"./{p.relative_to(tree)}" for p in tree.rglob("*") if is_picture_name(p)}
    assert set(got) == found - {"./.hidden.jpg"}


def test_a_named_file_is_always_taken_even_if_missing(tree: Path) -> None:
    names = ["notes.txt", "bare", ".hidden.jpg", "gone.jpg", "no/where"]
    assert list(expand(names)) == names


def test_each_picture_comes_once_in_the_order_named(tree: Path) -> None:
    assert list(expand(["b.jpg", ".", "./b.jpg", str(tree / "a.PNG")])) == ["b.jpg", "./a.PNG"]


def test_a_link_under_another_name_is_another_picture(tree: Path) -> None:
    (tree / "z.jpg").symlink_to("b.jpg")
    (tree / "alias").symlink_to("sub")
    assert list(expand(["b.jpg", "z.jpg"])) == ["b.jpg", "z.jpg"]
    assert list(expand(["sub", "alias"])) == ["sub/c.webp"]  # the same entry of the same folder


def test_globs_stand_for_pictures_and_folders(tree: Path) -> None:
    assert list(expand(["*"])) == ["a.PNG", "b.jpg", "sub/c.webp"]
    assert list(expand(["?.jpg"])) == ["b.jpg"]
    assert list(expand(["[ab].*"])) == ["a.PNG", "b.jpg"]
    assert list(expand(["*.txt"])) == ["notes.txt"]
    assert list(expand(["**/*.tif"])) == ["sub/deep/d.tif"]
    assert list(expand([f"{tree}/s*/*.webp"])) == [f"{tree}/sub/c.webp"]
    assert list(expand([".h*"])) == [".hidden.jpg"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tree: Path) -> None:
    (tree / "b[1].jpg").touch()
    assert list(expand(["b[1].jpg"])) == ["b[1].jpg"]


def test_what_holds_nothing_is_reported_and_the_rest_go_on(tree: Path) -> None:
    paths, errors = errors_of(["hollow", "q*.jpg", "b.jpg", "**bad"])
    assert paths == ["b.jpg"]
    assert "'hollow' contains no picture" in errors[0]
    assert "'q*.jpg'" in errors[1]
    assert "'**bad'" in errors[2]
    assert not any("\n" in error for error in errors)
    with pytest.raises(InputError, match="recursive"):
        list(expand(["hollow"]))


def test_standard_input_names_one_path_a_line(tree: Path) -> None:
    lines = io.StringIO("b.jpg\n\n  \r\nwith space .jpg\r\nsub\n*.png\n")
    got = list(expand(["-", "a.PNG"], stdin=lines))
    assert got == ["b.jpg", "with space .jpg", "sub/c.webp", "*.png", "a.PNG"]
    assert errors_of(["-"], stdin=["\n"]) == (
        [],
        ["standard input contains no path: give one path per line"],
    )


def test_standard_input_may_hold_names_that_are_not_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"gr\xfc\xdfe.jpg\n")))
    assert [os.fsencode(path) for path in expand(["-"])] == [b"gr\xfc\xdfe.jpg"]


def test_standard_input_may_be_what_find_print0_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"./a b.jpg\0./c.png\0")))
    assert list(expand(["-"])) == ["./a b.jpg", "./c.png"]


def test_a_closed_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    paths, errors = errors_of(["-", "a.jpg"])
    assert paths == ["a.jpg"]
    assert errors == ["standard input is closed: give it a list of paths, one per line"]


@pytest.mark.parametrize("name", ["no\0path/a.jpg", "a\0.jpg", "x" * 5000, "x" * 5000 + "/a.jpg"])
def test_what_no_file_can_be_called_is_left_to_the_reader(name: str) -> None:
    assert list(expand([name])) == [name]


def test_standard_input_is_read_as_it_comes() -> None:
    def lines() -> Iterator[str]:
        yield "a.jpg\n"
        raise AssertionError("read too far")

    assert next(expand(["-"], stdin=lines())) == "a.jpg"


def test_loops_of_links_end(tree: Path) -> None:
    for name in ("loop1", "loop2", "sub/up"):
        (tree / name).symlink_to(tree)
    (tree / "self").symlink_to("self")
    start = time.process_time()
    got = list(expand(["."], recursive=True))
    assert {os.path.realpath(p) for p in got} == {
        str(tree / n) for n in ("a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.tif")
    }
    assert len(got) == 4
    assert list(expand(["**/*.tif"])) == ["sub/deep/d.tif"]
    assert time.process_time() - start < 1


def test_ten_thousand_entries_are_quick_and_lazy(tmp_path: Path) -> None:
    for index in range(10_000):
        (tmp_path / f"{index:05}.jpg").touch()
    start = time.process_time()
    paths = expand([tmp_path])
    assert next(paths).endswith("00000.jpg")
    assert sum(1 for _ in paths) == 9_999
    assert time.process_time() - start < 2


def test_nothing_is_touched_before_the_first_path_is_asked_for() -> None:
    def names() -> Iterator[str]:
        raise AssertionError("read too early")
        yield ""

    expand(names())


def test_a_folder_that_cannot_be_read_is_reported(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    paths, errors = errors_of(["."], recursive=True)
    assert paths == ["./a.PNG", "./b.jpg"]
    assert errors == ["cannot read folder './sub' (Permission denied): check its permissions"]


# --- pictures of formats that are not read


@pytest.fixture
def mixed(tree: Path) -> Path:
    for name in ("c.dng", "D.DNG", "e.psd", "sub/f.svg", "hollow/g.jxl"):
        (tree / name).touch()
    return tree


def test_pictures_of_other_formats_are_counted_once_at_the_end(mixed: Path) -> None:
    paths, errors = errors_of(["."])
    assert paths == ["./a.PNG", "./b.jpg"]
    assert errors == ["left out 3 pictures (2 .dng, 1 .psd): convert them to JPEG or PNG"]
    _, errors = errors_of(["."], recursive=True)
    assert len(errors) == 1
    assert errors[0].startswith("left out 5 pictures (2 .dng, ")


def test_a_folder_of_nothing_but_them_does_not_hold_no_picture(mixed: Path) -> None:
    paths, errors = errors_of(["hollow"])
    assert paths == []
    assert errors == ["left out 1 picture (1 .jxl): convert them to JPEG or PNG"]
    with pytest.raises(InputError, match="left out 1"):
        list(expand(["hollow"]))


def test_a_glob_counts_them_too(mixed: Path) -> None:
    paths, errors = errors_of(["*.*"])
    assert paths == ["a.PNG", "b.jpg"]
    assert errors == ["left out 3 pictures (2 .dng, 1 .psd): convert them to JPEG or PNG"]
    assert errors_of(["*.dng"]) == (
        [],
        ["left out 1 picture (1 .dng): convert them to JPEG or PNG"],
    )
    assert errors_of(["*.txt"]) == (["notes.txt"], [])


def test_a_named_one_is_tried_and_none_is_counted(mixed: Path) -> None:
    assert errors_of(["c.dng"]) == (["c.dng"], [])


def test_without_on_error_they_stop_nothing(mixed: Path) -> None:
    assert list(expand(["."])) == ["./a.PNG", "./b.jpg"]


def test_addresses_are_taken_as_they_are() -> None:
    urls = ["https://host/a.jpg?x=[1]*", "http://host/photos/"]
    assert list(expand(urls, stdin=[])) == urls
    assert list(expand(["-"], stdin=[f"{urls[1]}\n"])) == urls[1:]


def test_pictures_among_clutter_are_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", ".b.jpg", ".hidden.txt", "@eaDir/a.jpg/1.jpg", "sub/.c.png", "sub/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for recursive, clutter, pictures in ((False, 1, 1), (True, 3, 2)):
        counted: list[int] = []
        found = list(expand([tmp_path], recursive=recursive, on_clutter=counted.append))
        assert (counted, len(found)) == ([clutter], pictures)


def test_roots_are_folders_and_the_starts_of_globs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos/a").mkdir(parents=True)
    (tmp_path / "photos/a/b.jpg").touch()
    names = ["photos", "photos/a/b.jpg", "photos/*/*.jpg", "-", "https://host/*", "none"]
    assert roots_of(names) == ["photos", "photos"]
    (found,) = expand(["photos/"], recursive=True)
    assert below(found, roots_of(["photos/"])) == ("a",)
    assert below("x/b.jpg", ["photos"]) == below("photos/../b.jpg", ["photos"]) == ()
    assert below("a/b.jpg", ["."]) == ("a",)
