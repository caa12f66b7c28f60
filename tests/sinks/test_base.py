"""What every sink keeps to, whatever it writes."""

from __future__ import annotations

import ast
import csv
import errno
import inspect
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien.sinks
from mien.errors import OutputError
from mien.sinks import CropsSink, CsvSink, DrawSink, JsonlSink, JsonSink, TableSink
from mien.types import Result
from tests.support.results import make_reading, make_result

TEXT = (JsonlSink, JsonSink, CsvSink, TableSink)
FOLDER = (DrawSink, CropsSink)


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert message.startswith("cannot write")
    assert "\n" not in message
    return message


def run(sink: Any, results: list[Result], image: np.ndarray | None = None) -> None:
    with sink:
        for result in results:
            sink.write(result, image)


@pytest.mark.parametrize("sink", TEXT)
def test_a_path_and_a_stream_get_the_same_text(
    sink: Any, results: list[Result], tmp_path: Path
) -> None:
    path, stream = tmp_path / "out.txt", io.StringIO()
    run(sink(path), results)
    run(sink(stream), results)
    assert not stream.closed  # a stream that was given stays open
    assert path.read_text(encoding="utf-8") == stream.getvalue()
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize("sink", TEXT)
def test_a_full_disk_is_one_clear_line(sink: Any, results: list[Result], full_device: Path) -> None:
    with pytest.raises(OutputError, match="No space left") as error:
        run(sink(full_device), results)
    assert "/dev/full" in one_line(error)
    assert isinstance(error.value.__cause__, OSError)
    assert error.value.__cause__.errno == errno.ENOSPC


@pytest.mark.parametrize("sink", TEXT)
def test_a_full_disk_behind_standard_output(
    sink: Any, results: list[Result], full_device: Path
) -> None:
    with (
        full_device.open("wb", buffering=0) as raw,
        io.TextIOWrapper(raw, write_through=True) as stream,
        pytest.raises(OutputError, match="No space left") as error,
    ):
        run(sink(stream), results)
    one_line(error)


@pytest.mark.parametrize("sink", TEXT)
def test_a_closed_pipe_is_one_clear_line(sink: Any, results: list[Result]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with (
        os.fdopen(writer, "wb", buffering=0) as raw,
        io.TextIOWrapper(raw, write_through=True) as stream,
        pytest.raises(OutputError, match="Broken pipe") as error,
    ):
        run(sink(stream), results)
    assert isinstance(error.value.__cause__, BrokenPipeError)
    one_line(error)


@pytest.mark.parametrize("sink", TEXT)
@pytest.mark.parametrize("target", ["missing/out.txt", "", "file/out.txt", "nul\0"])
def test_a_target_that_cannot_be_opened(
    sink: Any, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(OutputError) as error:
        sink(target)
    one_line(error)


@pytest.mark.parametrize("sink", TEXT)
@pytest.mark.parametrize(
    ("name", "kind"),
    [("photo.JPG", "picture"), ("m.onnx", "model"), ("r.toml", "recipe"), ("d.zip", "archive")],
)
def test_what_holds_no_text_is_not_overwritten(
    sink: Any, name: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match=kind) as error:
        sink(path)
    one_line(error)
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("sink", TEXT)
def test_an_old_file_lasts_until_something_replaces_it(
    sink: Any, results: list[Result], tmp_path: Path
) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old " * 10_000)
    made = sink(path)
    assert path.read_text().startswith("old")
    run(made, results)
    assert "old" not in path.read_text() and "photo.jpg" in path.read_text()


@pytest.mark.parametrize("sink", TEXT)
def test_no_result_at_all_replaces_it_too(sink: Any, tmp_path: Path) -> None:
    path, stream = tmp_path / "out.txt", io.StringIO()
    path.write_text("old")
    run(sink(path), [])
    run(sink(stream), [])
    assert path.read_text() == stream.getvalue()


@pytest.mark.parametrize("sink", TEXT)
def test_the_list_on_standard_input_is_not_overwritten(
    sink: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a.jpg\n")
    with path.open() as stdin, pytest.raises(OutputError, match="also the input") as error:
        monkeypatch.setattr(sys, "stdin", stdin)
        sink(path)
    one_line(error)
    assert path.read_text() == "a.jpg\n"
    monkeypatch.setattr(sys, "stdin", None)
    run(sink(path), [])


@pytest.mark.parametrize("sink", FOLDER)
def test_a_folder_that_cannot_be_made(sink: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(OutputError) as error:
            sink(place)
        one_line(error)


@pytest.mark.parametrize("sink", [*TEXT, *FOLDER])
def test_a_read_only_folder_is_one_clear_line(
    sink: Any, results: list[Result], image: np.ndarray, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes into protected folders")
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may write to") as error:
        run(sink(tmp_path / "out" if sink in TEXT else tmp_path), results[:1], image)
    one_line(error)


@pytest.mark.parametrize("sink", [*TEXT, *FOLDER])
def test_a_refusal_by_the_system_is_one_clear_line(
    sink: Any,
    results: list[Result],
    image: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match=r"Read-only file system.*may write to") as error:
        run(sink(tmp_path / "out"), results[:1], image)
    one_line(error)


@pytest.mark.parametrize("sink", [*TEXT, *FOLDER])
def test_closing_twice_is_fine_and_an_error_inside_is_not_hidden(
    sink: Any, results: list[Result], image: np.ndarray, tmp_path: Path
) -> None:
    made = sink(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt), made:
        made.write(results[0], image)
        raise KeyboardInterrupt
    made.close()
    made.close()


@pytest.mark.parametrize("sink", TEXT)
def test_a_stream_of_few_characters_loses_nothing(sink: Any, results: list[Result]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    run(sink(stream), results)
    assert b"photo.jpg" in raw.getvalue()
    assert b"\\u017c" in raw.getvalue()  # ż


def test_a_face_has_one_number_in_every_form(image: np.ndarray, tmp_path: Path) -> None:
    boxes = [(5, 30, 25, 50), (30, 5, 50, 25), (60, 40, 80, 60)]
    names = ("anger", "happiness", "neutral")  # tells which face a number stands for
    readings = [make_reading(name, box=box) for name, box in zip(names, boxes, strict=True)]
    numbers = {}
    for sink, suffix in ((JsonSink, "json"), (JsonlSink, "jsonl"), (CsvSink, "csv")):
        run(sink(tmp_path / f"out.{suffix}"), [make_result(*readings)], image)
        text = (tmp_path / f"out.{suffix}").read_text()
        if suffix == "csv":
            faces = list(csv.DictReader(io.StringIO(text)))
        else:
            (found,) = json.loads(text) if suffix == "json" else [json.loads(text)]
            faces = found["faces"]
        numbers[suffix] = {face["expression"]: int(face["face"]) for face in faces}
    table = io.StringIO()
    run(TableSink(table), [make_result(*readings)])
    cells = [line.split() for line in table.getvalue().splitlines()[-3:]]
    numbers["table"] = {expression: int(number) for _, number, expression, *_ in cells}
    run(CropsSink(tmp_path / "crops"), [make_result(*readings)], image)
    stems = [path.stem.split("_") for path in (tmp_path / "crops").glob("*.jpg")]
    numbers["crops"] = {expression: int(number) for _, number, expression in stems}
    assert all(found == dict(zip(names, range(3), strict=True)) for found in numbers.values())


def test_sinks_do_not_know_each_other_nor_anything_downstream() -> None:
    allowed = {"base", "persons", "pictures", "printed", "rows"}
    for path in Path(inspect.getfile(mien.sinks)).parent.glob("*.py"):
        if path.name in ("__init__.py", "formats.py"):  # which name them all
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mien."):
                module = (node.module or "").removeprefix("mien.")
                top, _, rest = module.partition(".")
                assert top in {
                    "drawing", "errors", "escaping", "extras", "files", "frames", "media",
                    "overwriting", "reading", "sinks", "tracking", "types",
                }, (path.name, module)  # fmt: skip
                assert top != "sinks" or rest in allowed, (path.name, module)


def test_importing_the_sinks_imports_neither_rich_nor_pillow() -> None:
    code = "import sys, mien.sinks; sys.exit(any(m in sys.modules for m in ('rich', 'PIL', 'cv2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_long_run_is_not_kept_in_memory() -> None:
    stream = io.StringIO()
    with TableSink(stream) as sink:
        for _ in range(520):
            sink.write(make_result(make_reading()))
            assert len(sink._rows) <= 500
    assert stream.getvalue().count("photo.jpg") == 520


@pytest.mark.parametrize("sink", TEXT)
def test_a_second_writer_is_refused_until_the_first_ends(
    sink: Any, results: list[Result], tmp_path: Path
) -> None:
    path = tmp_path / "out.txt"
    with sink(path) as first:
        for result in results:
            first.write(result)
        (tmp_path / "link").symlink_to(path)
        for name in ("out.txt", "link"):
            with pytest.raises(OutputError, match="another process is writing to it"):
                sink(tmp_path / name)
    whole = path.read_text("utf-8")
    assert whole.endswith("\n")
    run(sink(path), results)
    assert path.read_text("utf-8") == whole


@pytest.mark.parametrize("sink", TEXT)
def test_what_is_not_text_is_not_overwritten_whatever_its_name(sink: Any, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    Image.new("RGB", (9, 9)).save(path, "JPEG")
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"cannot write text over .* give another"):
        sink(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("given", ["path", "stream"])
@pytest.mark.parametrize("sink", [JsonlSink, CsvSink, TableSink])
def test_a_disk_that_fills_keeps_whole_lines(
    sink: Any, given: str, results: list[Result], tmp_path: Path,
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:  # fmt: skip
    path, whole = tmp_path / "out.txt", tmp_path / "whole.txt"
    many = [result for result in results if len(result)] * 40
    run(sink(whole), many)
    expected = whole.read_bytes()
    for size in (len(expected) // 2, len(expected) - 1, len(expected) // 3 + 1):
        path.unlink(missing_ok=True)
        with (
            path.open("w", encoding="utf-8") as stream,
            full_disk(size),
            pytest.raises(OutputError),
        ):
            run(sink(path if given == "path" else stream), many)
        kept = path.read_bytes()
        assert kept and kept.endswith(b"\n") and expected.startswith(kept)
        assert len(kept) > size - len(max(expected.splitlines(), key=len)) - 2
