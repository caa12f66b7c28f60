from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from mien.labels import FER2013
from mien.samples import ASTRONAUT
from tests.support.commands import mien as here
from tests.support.detector_models import coloured, tiny_detector
from tests.support.models import tiny_classifier
from tests.support.web import content, serving

Capture = pytest.CaptureFixture[str]

MIEN = [sys.executable, "-c", "from mien.cli.app import main; main()"]


def mien(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [*MIEN, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good pictures, one in a subfolder, one without a face and one damaged."""
    place = tmp_path_factory.mktemp("photos")
    (place / "sub").mkdir()
    data = ASTRONAUT.read_bytes()
    (place / "a.jpg").write_bytes(data)
    (place / "sub" / "d.jpg").write_bytes(data)
    (place / "b.jpg").write_bytes(data[:5000])
    Image.new("RGB", (200, 100), "white").save(place / "c.png")
    return place


def test_jsonl_has_one_object_a_picture(folder: Path) -> None:
    done = mien("analyze", folder, "--format", "jsonl", "--recursive")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    names = [str(folder / name) for name in ("a.jpg", "c.png", "sub/d.jpg")]
    assert [row["source"] for row in rows] == names
    assert [len(row["faces"]) for row in rows] == [1, 0, 1]
    assert (rows[0]["width"], rows[0]["height"]) == (512, 512)
    face = rows[0]["faces"][0]
    assert set(face) == {"face", "box", "score", "landmarks", "expression", "small", "probs"}
    assert tuple(face["probs"]) == FER2013
    assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-4)
    assert face["expression"] == max(face["probs"], key=face["probs"].get)
    # The eyes lie in the box, the image-left one first, and above the mouth.
    x1, y1, x2, y2 = face["box"]
    (lx, ly), (rx, ry), _, (_, my), _ = face["landmarks"]
    assert x1 < lx < rx < x2
    assert y1 < max(ly, ry) < my < y2


def test_a_failed_picture_is_one_line_and_status_1(folder: Path) -> None:
    done = mien("analyze", folder, "-f", "jsonl")
    assert done.returncode == 1
    first, closing = done.stderr.splitlines()
    assert "b.jpg" in first
    assert closing.startswith("2 pictures, 1 face, 1 without a face, 1 error, ")
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_status_0_and_no_messages_on_success(folder: Path) -> None:
    done = mien("analyze", folder / "a.jpg", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "happiness" in done.stdout


def test_usage_errors_have_status_2() -> None:
    for args in (["analyze"], ["analyze", "x.jpg", "--format", "xml"], ["nothing"], ["--what"]):
        done = mien(*args)
        assert done.returncode == 2, args
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("mien: ")


@pytest.mark.parametrize(
    "args", [["--model", "nonesuch"], ["--detector", "nonesuch"], ["--min-face-size", "-3"]]
)
def test_a_wrong_option_is_one_line(folder: Path, args: list[str]) -> None:
    done = mien("analyze", folder / "a.jpg", *args)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert args[1] in done.stderr


def test_a_detector_from_a_file_with_its_options(tmp_path: Path, capsys: Capture) -> None:
    model, photo = tmp_path / "d.onnx", tmp_path / "p.png"
    tiny_detector(model, name="rectangles", score_threshold=0.5)
    image = coloured(64, 64, (0, 4, 4, 20, 20), (1, 30, 30, 40, 40), (2, 44, 44, 60, 60))
    Image.fromarray(image).save(photo)

    def boxes(*args: object) -> list[list[float]]:
        assert here("analyze", photo, "-f", "jsonl", "--detector", *args) == 0
        row = json.loads(capsys.readouterr().out)
        return [face["box"] for face in row["faces"]]

    red, green, blue = [4, 4, 20, 20], [30, 30, 40, 40], [44, 44, 60, 60]
    assert boxes(model) == [red, green]
    lower = ["--detector-option", "score_threshold=0.1"]
    assert boxes(model, *lower) == [red, green, blue]
    assert boxes("faster_rcnn", "--detector-option", f"model={model}", *lower) == [
        red, green, blue
    ]  # fmt: skip
    assert boxes(model, *lower, "--min-face-size", 12) == [red, blue]


def test_a_bad_model_or_option_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    run, text = tmp_path / "run", tmp_path / "notes.txt"
    run.mkdir()
    text.write_text("hello")
    classifier = tiny_classifier(tmp_path / "classifier.onnx").path
    detector = tmp_path / "detector.onnx"
    tiny_detector(detector)
    option = "--detector-option"
    for args, status, words in (
        (["--detector", run], 1, f"mien export {run} --out FILE.onnx"),
        (["--model", run], 1, f"mien export {run} --out FILE.onnx"),
        (["--model", run / "last.pt"], 1, f"mien export {run / 'last.pt'} --out FILE.onnx"),
        (["--detector", text], 1, "expected an ONNX file"),
        (["--detector", tmp_path / "none.onnx"], 1, "does not exist"),
        (["--detector", classifier], 1, f"--model {classifier}"),
        (["--model", detector], 1, f"--detector {detector}"),
        (["--detector", "faster_rcnn"], 2, "mien train faster_rcnn_mobile"),
        ([option, "top_k=0"], 2, "top_k must be 1 or more"),
        (["--detector", "none", "--min-face-size", 30], 2, "unknown option 'min_face_size'"),
        ([option, "min_face_sice=30"], 2, "did you mean 'min_face_size'"),
        ([option, "min_face_size=small"], 2, "min_face_size must be a number, got 'small'"),
        ([option, "min_face_size"], 2, "KEY=VALUE"),
        ([option, "min_face_size=30", "--min-face-size", 30], 2, "given twice"),
    ):
        assert here("analyze", ASTRONAUT, *args) == status, args
        said = capsys.readouterr().err
        assert words in said and len(said.splitlines()) == 1, said


def test_a_file_of_yunet_finds_the_faces_and_prints_nothing_else(shared: Path) -> None:
    photo = shared / "photos" / "oarriaga_test_image.jpg"
    model = shared / "weights" / "yunet_n_320_320.onnx"
    done = mien("analyze", photo, "-q", "-f", "jsonl", "--detector-option", f"model={model}")
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert len(row["faces"]) == 6 and all(face["landmarks"] for face in row["faces"])


def test_csv_and_output_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    done = mien("analyze", folder / "a.jpg", folder / "sub" / "d.jpg", "-f", "csv", "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [str(folder / "a.jpg"), str(folder / "sub/d.jpg")]
    assert set(FER2013) < set(rows[0])


def test_json_is_one_array(folder: Path) -> None:
    done = mien("analyze", folder / "a.jpg", folder / "c.png", "-f", "json")
    assert [len(row["faces"]) for row in json.loads(done.stdout)] == [1, 0]


def test_paths_from_standard_input_and_globs(folder: Path) -> None:
    listed = mien(
        "analyze", "-", "-f", "jsonl", input=f"{folder / 'a.jpg'}\n\n{folder / 'c.png'}\n"
    )
    globbed = mien("analyze", str(folder / "[ac].*"), "-f", "jsonl")
    assert listed.stdout == globbed.stdout
    assert len(listed.stdout.splitlines()) == 2


def test_draw_and_crops(folder: Path, tmp_path: Path) -> None:
    draw, crops = tmp_path / "draw", tmp_path / "crops"
    done = mien("analyze", folder / "a.jpg", folder / "c.png", "--draw", draw, "--crops", crops)
    assert done.returncode == 0
    assert sorted(p.name for p in draw.iterdir()) == ["a.jpg", "c.jpg"]
    with Image.open(draw / "a.jpg") as image:
        assert image.size == (512, 512)
    with (crops / "crops.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["expression"] in row["file"]
    assert (crops / row["file"]).is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line(folder: Path) -> None:
    done = mien("analyze", folder / "a.jpg", "-f", "jsonl", "--output", "/dev/full")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space left" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_on_a_full_disk_is_one_line() -> None:
    for args in (["models"], ["--version"], ["doctor"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*MIEN, *args], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert (done.returncode, done.stderr) == (1, "mien: No space left on device\n"), args


def test_closed_streams() -> None:
    """`mien models >&- <&-` fails without a traceback."""
    command = f"{MIEN[0]} -m mien models >&- <&-"
    done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_knows_no_unicode() -> None:
    done = mien("models", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    """`mien … | head -0`: the reader closes the pipe before the first line."""
    names = [str(folder / "a.jpg")] * 3 + [str(folder / "sub" / "d.jpg")]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*MIEN, "analyze", *names, "-f", "jsonl"], stdout=write, stderr=subprocess.PIPE,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(write)
    assert done.stderr == ""


def test_ctrl_c_leaves_whole_lines(folder: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for index in range(400):
        (many / f"{index:03}.jpg").symlink_to(folder / "a.jpg")
    out = tmp_path / "out.jsonl"
    with subprocess.Popen(
        [*MIEN, "analyze", str(many), "-f", "jsonl", "-o", str(out)],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while (not out.exists() or out.stat().st_size == 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    text = out.read_text()
    assert text.endswith("\n")
    rows = [json.loads(line) for line in text.splitlines()]
    assert 0 < len(rows) < 400
    assert all(len(row["faces"]) == 1 for row in rows)


def test_two_workers_write_what_one_writes(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    written = []
    for workers in ("1", "2"):
        (out := tmp_path / workers).mkdir()
        done = mien(
            "analyze", folder, "-r", "--workers", workers, "-o", out / "rows.csv",
            "--draw", out / "drawn", "--crops", out / "crops", "-q",
        )  # fmt: skip
        assert done.returncode == 1 and done.stderr.count("bad.png") == 1
        files = sorted(path for path in out.rglob("*") if path.is_file())
        written.append({path.relative_to(out): path.read_bytes() for path in files})
    assert len(written[0]) > 3
    assert written[0] == written[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_progress_bar_only_on_a_terminal(folder: Path) -> None:
    """On a terminal, standard error shows a bar for several pictures; the output stays clean."""
    parent, child = pty.openpty()
    names = [str(folder / "a.jpg"), str(folder / "c.png")]
    with subprocess.Popen(
        [*MIEN, "analyze", *names, "-f", "jsonl"], stdout=subprocess.PIPE, stderr=child, text=True,
        env={**os.environ, "TERM": "xterm"},
    ) as process:  # fmt: skip
        output, _ = process.communicate(timeout=120)
    os.close(child)
    drawn = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "/2" in drawn
    assert all(json.loads(line) for line in output.splitlines())


def test_a_folder_of_three_thousand(tmp_path: Path) -> None:
    """Three thousand pictures, one of them damaged: the rest are read, in order."""
    Image.new("RGB", (14, 14), "white").save(tmp_path / "00000.png")
    for index in range(1, 3_000):
        (tmp_path / f"{index:05}.png").hardlink_to(tmp_path / "00000.png")
    (tmp_path / "01500.png").unlink()
    (tmp_path / "01500.png").write_text("no picture")
    done = mien("analyze", tmp_path, "-f", "jsonl")
    assert done.returncode == 1
    assert "01500.png" in done.stderr
    names = [Path(json.loads(line)["source"]).name for line in done.stdout.splitlines()]
    assert names == [f"{index:05}.png" for index in range(3_000) if index != 1500]


def test_other_commands_list_what_there_is() -> None:
    assert mien("--version").stdout.startswith("mien, version")
    listed = json.loads(mien("models", "--json").stdout)
    assert {row["name"] for row in listed["detectors"]} >= {"mtcnn", "none"}
    assert {row["name"] for row in listed["classifiers"]} >= {"default"}
    shown = json.loads(mien("models", "show", "default", "--json").stdout)
    assert tuple(shown["labels"]) == FER2013
    report = json.loads(mien("doctor", "--json").stdout)
    assert report["healthy"]
    assert "CPUExecutionProvider" in report["providers"]
    assert mien().returncode == 0


def test_one_picture_that_cannot_be_drawn_does_not_end_the_run(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mien.sinks import pictures

    for name in "abc":
        Image.new("RGB", (30, 20)).save(tmp_path / f"{name}.png")
    encode = pictures._encode

    def fail_once(image: object, suffix: str) -> bytes:
        monkeypatch.setattr(pictures, "_encode", encode)
        raise OSError("encoder error -2")

    monkeypatch.setattr(pictures, "_encode", fail_once)
    status = here(
        "analyze", tmp_path, "--detector", "none", "--draw", tmp_path / "out", "-f", "jsonl", "-q"
    )
    out, err = capsys.readouterr()
    assert status == 1
    assert len(out.splitlines()) == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.jpg", "c.jpg"]
    assert "a.jpg" in err
    assert len(err.splitlines()) == 1


def test_a_picture_too_long_for_jpeg_is_drawn_as_png(tmp_path: Path, capsys: Capture) -> None:
    Image.new("L", (65_501, 2)).save(tmp_path / "b.png")
    status = here("analyze", tmp_path, "--draw", tmp_path / "out", "-f", "jsonl")
    _, err = capsys.readouterr()
    assert status == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    assert "is a PNG" in err


def test_pictures_of_other_formats_are_counted_once(tmp_path: Path, capsys: Capture) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    for name in ("b.dng", "c.dng", "d.svg"):
        (tmp_path / name).touch()
    status = here("analyze", tmp_path, "-f", "jsonl", "-q")
    out, err = capsys.readouterr()
    assert status == 1
    assert len(out.splitlines()) == 1
    assert err == "mien: left out 3 pictures (2 .dng, 1 .svg): convert them to JPEG or PNG\n"


def test_a_named_pipe_in_a_folder_is_one_unreadable_picture(
    tmp_path: Path, capsys: Capture
) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    Image.new("RGB", (30, 20)).save(tmp_path / "b.png")
    status = here("analyze", tmp_path, "-f", "jsonl")
    out, err = capsys.readouterr()
    assert status == 1
    assert len(out.splitlines()) == 1
    assert "pipe" in err


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``photos``: two faces in subfolders, one picture without."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/a/b.jpg", "photos/c/b.jpg"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_bytes(ASTRONAUT.read_bytes())
    Image.new("RGB", (60, 40), "white").save("photos/empty.png")
    return tmp_path


def test_the_format_follows_the_suffix(plain: Path, capsys: Capture) -> None:
    for name in ("r.csv", "r.json", "r.jsonl", "r.txt", "r.parquet", "other.csv"):
        if name == "r.parquet":
            pytest.importorskip("pyarrow", reason="needs the extra 'tables'")
        given = ["-f", "json"] if name == "other.csv" else []
        assert here("analyze", "photos", "-r", "-o", name, *given) == 0
        assert f"s; results in {name}" in capsys.readouterr().err
    rows = list(csv.DictReader(Path("r.csv").read_text().splitlines()))
    assert [(row["source"], row["expression"]) for row in rows] == [
        ("photos/empty.png", ""), ("photos/a/b.jpg", "happiness"), ("photos/c/b.jpg", "happiness")
    ]  # fmt: skip
    assert json.loads(Path("r.json").read_text()) == json.loads(Path("other.csv").read_text())
    assert len(Path("r.jsonl").read_text().splitlines()) == 3
    assert "no face" in Path("r.txt").read_text()
    from pyarrow import parquet

    table = parquet.read_table("r.parquet").to_pylist()
    assert [row["source"] for row in table] == [row["source"] for row in rows]
    assert table[1]["prob"] == float(rows[1]["prob"]) and table[0]["face"] is None
    assert here("analyze", "photos", "-o", "r.xlsx") == 2
    assert ".parquet" in capsys.readouterr().err and not Path("r.xlsx").exists()
    assert here("analyze", "photos", "-f", "parquet") == 2


def test_the_closing_line_counts_and_says_where(plain: Path, capsys: Capture) -> None:
    for name in ("photos/@eaDir/b.jpg/thumb.jpg", "photos/._c.jpg", "photos/.DS_Store"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    args = ("photos", "-r", "-o", "r.csv", "--draw", "drawn", "--crops", "faces")
    assert here("analyze", *args) == 0
    line = capsys.readouterr().err
    assert line.startswith(
        "3 pictures, 2 faces, 1 without a face, 2 hidden or system files left out, "
    )
    assert line.endswith(" s; results in r.csv, drawings in drawn, crops in faces\n")
    assert here("analyze", "photos", "-q", "-f", "csv") == 0
    assert capsys.readouterr().err == ""


def test_folders_are_kept_in_drawings_and_crops(plain: Path) -> None:
    assert here("analyze", "photos", "-r", "--draw", "drawn", "--crops", "faces") == 0
    drawn = {str(path.relative_to("drawn")) for path in Path("drawn").rglob("*.jpg")}
    assert drawn == {"a/b.jpg", "c/b.jpg", "empty.jpg"}
    rows = list(csv.DictReader(Path("faces/crops.csv").read_text().splitlines()))
    assert [row["file"] for row in rows] == ["a/b_0_happiness.jpg", "c/b_0_happiness.jpg"]
    assert all(Path("faces", row["file"]).exists() for row in rows)
    before = {path: path.read_bytes() for path in Path("photos").rglob("*.jpg")}
    assert here("analyze", "photos/*/*.jpg", "--draw", "photos") == 1  # over the inputs
    assert before == {path: path.read_bytes() for path in Path("photos").rglob("*.jpg")}


def test_verbose_has_a_line_a_picture(plain: Path, capsys: Capture) -> None:
    assert here("analyze", "photos", "-r", "-v", "-f", "csv") == 0
    detector, model, *pictures, _ = capsys.readouterr().err.splitlines()
    assert detector.startswith("detector yunet: ") and model.startswith("model default: 44×44×1")
    assert [line.split(":")[0] for line in pictures] == [
        "photos/empty.png", "photos/a/b.jpg", "photos/c/b.jpg"
    ]  # fmt: skip
    assert "60×40, no face, " in pictures[0] and "512×512, happiness 9" in pictures[1]


def test_min_confidence(capsys: Capture) -> None:
    assert here("analyze", ASTRONAUT, "-q", "-f", "csv", "--min-confidence", 0.99) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert row["expression"] == "uncertain" and float(row["happiness"]) > 0.9
    assert here("analyze", ASTRONAUT, "--min-confidence", 2) == 2


def test_small_faces_are_marked(tmp_path: Path, capsys: Capture) -> None:
    with Image.open(ASTRONAUT) as photo:
        photo.crop((168, 60, 280, 172)).resize((30, 30)).save(tmp_path / "s.png")
    args = ("analyze", tmp_path / "s.png", "--detector", "none", "-q")
    assert here(*args) == 0
    assert "(small face)" in capsys.readouterr().out
    assert here(*args, "-f", "jsonl") == 0
    assert json.loads(capsys.readouterr().out)["faces"][0]["small"] is True


def test_addresses(capsys: Capture, tmp_path: Path) -> None:
    with serving({"/x/a.jpg": content(ASTRONAUT.read_bytes())}) as web:
        url = f"{web.url}/x/a.jpg?[1]"
        assert here("analyze", url, "-f", "jsonl") == 1
        assert "--allow-private" in capsys.readouterr().err
        args = ("--allow-private", "-f", "jsonl", "--draw", tmp_path / "out")
        assert here("analyze", url.partition("?")[0], *args) == 0
        assert json.loads(capsys.readouterr().out)["source"] == f"{web.url}/x/a.jpg"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.jpg"]
