from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mien.media.video.reader import open_video
from mien.tracking.smoothing import TIME_CONSTANT_S
from tests.support import clips
from tests.support.commands import mien

Capture = pytest.CaptureFixture[str]

MIEN = [sys.executable, "-m", "mien"]
NONE = ("--detector", "none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait in six frames, of which the third is empty, and a video of ten grey frames."""
    place = tmp_path_factory.mktemp("videos")
    clips.write_face(place / "face.avi", empty=[2])
    clips.write(place / "grey.mp4")
    return place


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_one_row_a_frame(folder: Path, capsys: Capture) -> None:
    assert mien("video", folder / "face.avi", "--no-track") == 0
    shown, said = capsys.readouterr()
    lines = [line.split() for line in shown.splitlines()[2:]]
    assert [line[1:4] for line in lines] == [
        [f"0:00.{n}", str(n), "0" if n == 2 else "1"] for n in range(6)
    ]  # fmt: skip
    assert lines[2][4:] == ["no", "face"] and lines[0][4] == "happiness"
    assert said.startswith("6 frames, 5 faces, 1 without a face, ")
    assert said.rstrip().endswith(" frames a second)")


def test_one_row_a_person(folder: Path, capsys: Capture) -> None:
    """The empty frame is a cut, so there are two."""
    assert mien("video", folder / "face.avi") == 0
    shown, said = capsys.readouterr()
    found = [line.split()[1:6] for line in shown.splitlines()[2:]]
    assert found == [["1", "0.2", "s", "0:00.0", "0:00.2"], ["2", "0.3", "s", "0:00.3", "0:00.6"]]
    for line in shown.splitlines()[2:]:
        assert "happiness 100%" in line and line.rstrip().endswith("100%")
    assert said.startswith("6 frames, 5 faces, 2 people, 1 without a face, ")


def test_rows_have_persons_and_what_the_frame_alone_said(folder: Path, capsys: Capture) -> None:
    texts = []
    for options in ([], ["--smooth", 3], ["--smooth", 0], ["--no-track"]):
        assert mien("video", folder / "face.avi", "-q", "-f", "csv", *options) == 0
        texts.append(capsys.readouterr().out)
    steadied, slow, tracked, alone = map(rows, texts)
    for found in (steadied, slow, tracked):
        assert [row["track_id"] for row in found] == ["1", "1", "", "2", "2", "2"]
    assert {row["track_id"] for row in alone} == {""}
    for found in (steadied, slow, tracked, alone):
        assert [row["usable"] for row in found] == [*["True"] * 2, "", *["True"] * 3]
        said = [row["raw_expression"] for row in found]
        assert said == ["happiness", "happiness", "", *["happiness"] * 3]
    plain = [row["prob"] for row in alone]
    assert [row["prob"] for row in tracked] == plain
    assert [row["prob"] for row in slow] != plain != [row["prob"] for row in steadied] != slow
    assert mien("video", folder / "face.avi", "-q", "-f", "jsonl", "--to", 0.2) == 0
    for line, row in zip(capsys.readouterr().out.splitlines(), steadied, strict=False):
        (face,) = json.loads(line)["faces"]
        assert face["track_id"] == 1 and face["usable"] is True
        assert face["probs"]["happiness"] == float(row["happiness"])
    (face,) = json.loads(line)["faces"]
    assert face["raw"]["probs"]["happiness"] == float(alone[1]["happiness"])


def test_rows_say_which_answers_are_carried_over(folder: Path, capsys: Capture) -> None:
    assert mien("video", folder / "face.avi", "-q", "-f", "csv", "--classify-every", 0.2) == 0
    found = rows(capsys.readouterr().out)
    carried = ["False", "True", "", "False", "True", "False"]
    assert [row["carried"] for row in found] == carried
    for row, before in zip(found[1::3], found[::3], strict=True):
        assert (row["prob"], row["raw_expression"]) == (before["prob"], before["raw_expression"])
        assert row["x1"] != before["x1"]


def test_offline_changes_answers_and_nothing_else(folder: Path, capsys: Capture) -> None:
    found = []
    for options in ([], ["--offline"]):
        assert mien("video", folder / "face.avi", "-q", "-f", "csv", *options) == 0
        found.append(rows(capsys.readouterr().out))
    assert found[0] != found[1]
    for live, offline in zip(*found, strict=True):
        for name in ("frame_index", "track_id", "x1", "raw_expression", "usable"):
            assert live[name] == offline[name]


def test_the_help_names_the_default_of_the_smoother(capsys: Capture) -> None:
    assert mien("video", "--help") == 0
    assert f"(default: {TIME_CONSTANT_S:g})" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_every_format_has_the_same_frames(
    folder: Path, tmp_path: Path, form: str, capsys: Capture
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow.parquet", reason="needs the 'tables' extra")
    out = tmp_path / f"out.{form}"
    options = ("-o", out, "-q", "--every", 2, *NONE)
    assert mien("video", folder, *options) == 0
    assert capsys.readouterr() == ("", "")
    if form == "csv":
        found = [
            (r["source"], int(r["frame_index"]), float(r["time_s"])) for r in rows(out.read_text())
        ]
    elif form == "parquet":
        from pyarrow import parquet

        table = parquet.read_table(out).to_pylist()
        found = [(row["source"], row["frame_index"], row["time_s"]) for row in table]
    else:
        text = out.read_text()
        objects = json.loads(text) if form == "json" else map(json.loads, text.splitlines())
        found = [(row["source"], row["frame_index"], row["time_s"]) for row in objects]
    face, grey = str(folder / "face.avi"), str(folder / "grey.mp4")
    assert found == [
        *((face, n, pytest.approx(n / 10)) for n in (0, 2, 4)),
        *((grey, n, pytest.approx(n / 25)) for n in (0, 2, 4, 6, 8)),
    ]


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        (["--fps", "12.5"], [0, 2, 4, 6, 8]),
        (["--from", "0.2"], [5, 6, 7, 8, 9]),
        (["--from", "0:00:00.1", "--to", "0:00.2"], [3, 4]),
    ],
)
def test_frames_that_are_asked_for(
    folder: Path, options: list[str], frames: list[int], capsys: Capture
) -> None:
    assert mien("video", folder / "grey.mp4", "-f", "csv", *options, *NONE) == 0
    assert [int(row["frame_index"]) for row in rows(capsys.readouterr().out)] == frames


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--every", 0], "--every"),
        (["--every", 2, "--fps", 5], "give one of them"),
        (["--from", 9, "--to", 3], "seconds after the start"),
        (["--from", "soon"], "soon is not a time"),
        (["--from", "-1"], "is not a time"),
        (["--draw", "out.avi"], "written as .mp4 or .webm"),
        (["--draw", "out.mp4", "."], "--draw writes one video"),
        (["-f", "parquet"], "give --output FILE.parquet"),
        (["--rate", 0], "--rate"),
        (["--smooth", -1], "--smooth"),
        (["--smooth", 0.3, "--no-track"], "leave out --no-track"),
        (["--offline", "--no-track"], "leave out --no-track"),
        (["--offline", "--smooth", 0], "leave out one"),
        (["--summary", "s.html", "--no-track"], "leave out --no-track"),
        (["--no-pictures"], "for the page of --summary"),
        (["--resume"], "give --output, --draw or --summary"),
    ],
)
def test_wrong_options_are_one_line(
    folder: Path, options: list[object], words: str, capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    assert mien("video", "grey.mp4", *options, *NONE) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["face.avi", "grey.mp4"]


def test_a_damaged_video_is_one_line_and_what_came_before_is_kept(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    data = clips.write(tmp_path / "cut.avi", frames=30).read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) // 2])
    (tmp_path / "none.mp4").write_text("hello")
    (tmp_path / "whole.mp4").symlink_to(folder / "grey.mp4")
    assert mien("video", tmp_path, "-f", "jsonl", *NONE) == 1
    shown, said = capsys.readouterr()
    names = [Path(json.loads(line)["source"]).name for line in shown.splitlines()]
    assert 5 < names.count("cut.avi") < 25 and names.count("whole.mp4") == 10
    cut, none, closing = said.splitlines()
    assert "cut.avi' ends before" in cut and "none.mp4" in none
    assert "2 errors" in closing


def test_nothing_but_our_own_lines_on_the_terminal(shared: Path, tmp_path: Path) -> None:
    real = (shared / "clips" / "pyfeat_single_face.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(real[:100_000])
    bad = bytearray(real)
    bad[60_000:70_000] = bytes(10_000)
    (tmp_path / "bad.mp4").write_bytes(bad)
    done = subprocess.run(
        [*MIEN, "video", str(tmp_path), "--every", "20", "-f", "csv", *NONE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    bad_line, cut_line, closing = done.stderr.splitlines()
    assert "is damaged" in bad_line and "was cut off" in cut_line and "2 errors" in closing


def test_the_annotated_video(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.mp4"
    assert mien("video", folder / "face.avi", "--draw", out, "-f", "csv") == 0
    said = capsys.readouterr().err
    assert f"; video in {out}: " in said and "no sound" in said
    before, after = (list(open_video(path)) for path in (folder / "face.avi", out))
    assert [frame.time_s for frame in after] == pytest.approx([f.time_s for f in before], abs=1e-3)
    changes = []
    for old, new in zip(before, after, strict=True):
        assert old.image.shape == new.image.shape
        changes.append(float((np.abs(old.image.astype(int) - new.image) > 60).mean()))
    assert min(changes[:2] + changes[3:]) > 0.01 > changes[2]


def test_sound_is_copied(tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    source = clips.write_timed(tmp_path / "s.mp4", list(range(0, 400, 40)), sound=True)
    assert mien("video", source, "--draw", tmp_path / "o.mp4", "-f", "csv", *NONE) == 0
    assert "H.264, with sound (aac)" in capsys.readouterr().err


def test_pictures_in_a_folder_and_a_pattern(tmp_path: Path, capsys: Capture) -> None:
    from PIL import Image

    for number in range(4):
        Image.fromarray(clips.grey(number)).save(tmp_path / f"{number:03}.png")
    assert mien("video", tmp_path, "-f", "csv", *NONE) == 0
    shown, said = capsys.readouterr()
    assert [row["time_s"] for row in rows(shown)] == ["0.0", "0.04", "0.08", "0.12"]
    assert "they are counted at 25 a second" in said
    assert mien("video", tmp_path / "%03d.png", "--rate", 2, "-f", "csv", *NONE) == 0
    shown, said = capsys.readouterr()
    assert [row["time_s"] for row in rows(shown)] == ["0.0", "0.5", "1.0", "1.5"]
    assert "counted" not in said


def test_a_video_on_standard_input(folder: Path) -> None:
    done = subprocess.run(
        [*MIEN, "video", "-", "-f", "csv", *NONE], input=(folder / "grey.mp4").read_bytes(),
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(rows(done.stdout.decode())) == 10


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_progress_bar_with_frames_a_second(folder: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        [*MIEN, "video", str(folder), "-o", str(tmp_path / "o.csv")], stderr=child,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:  # fmt: skip
        assert process.wait(timeout=120) == 0
    os.close(child)
    drawn = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "/6" in drawn and "frames (1 of 2)" in drawn and "/10" in drawn


def test_the_page_plays_the_annotated_video(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("jinja2", reason="needs the 'plot' extra")
    pytest.importorskip("matplotlib", reason="needs the 'plot' extra")
    page, drawn = tmp_path / "page.html", tmp_path / "o.webm"
    options = ("--summary", page, "-f", "csv", "--from", 0.1)
    assert mien("video", folder / "face.avi", *options, "--draw", drawn) == 0
    assert f"; summary in {page}" in capsys.readouterr().err
    text = page.read_text()
    assert 'src="./o.webm"' in text and 'data-offset="0.1"' in text
    assert text.count('class="person"') == 2 and text.count("data:image/jpeg") == 2
    assert f"mien video {folder}/face.avi" in text
    assert mien("video", folder / "face.avi", *options, "--no-pictures") == 0
    text = page.read_text()
    assert re.search(r'src="\./(\.\./)+.*/face\.avi"', text) and 'data-offset="0.0"' in text
    assert text.count('class="person"') == 2 and "data:image" not in text


def test_offline_answers_are_drawn_in_a_second_pass(
    folder: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for options in ([], ["--draw", tmp_path / "o.mp4"]):
        assert mien("video", folder / "face.avi", "--offline", "-q", "-f", "csv", *options) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    before, after = (list(open_video(path)) for path in (folder / "face.avi", tmp_path / "o.mp4"))
    assert len(before) == len(after)
    changes = [
        float((np.abs(old.image.astype(int) - new.image) > 60).mean())
        for old, new in zip(before, after, strict=True)
    ]
    assert min(changes[:2] + changes[3:]) > 0.01 > changes[2]
    monkeypatch.chdir(tmp_path)
    assert mien("video", "-", "--offline", "--draw", "p.mp4") == 2
    assert "save standard input to a file" in capsys.readouterr().err


def test_ctrl_c_leaves_whole_rows_and_a_whole_video(tmp_path: Path) -> None:
    frames = [clips.face(n % 60) for n in range(600)]
    clips.write_frames(tmp_path / "long.avi", frames, rate=25)
    out, drawn = tmp_path / "o.jsonl", tmp_path / "o.mp4"
    with subprocess.Popen(
        [*MIEN, "video", str(tmp_path / "long.avi"), "-o", str(out), "--draw", str(drawn)],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while (not out.exists() or out.stat().st_size < 5000) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    hint = "mien: the same command with --resume continues this run\n"
    assert (process.returncode, errors) == (130, f"{hint}mien: stopped\n")
    lines = out.read_text().splitlines()
    assert 0 < len(lines) < 600 and all(map(json.loads, lines))
    assert 0 < len(list(open_video(drawn))) < 600
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "long.avi", "o.jsonl", "o.jsonl.journal", "o.mp4"
    ]  # fmt: skip


def test_the_real_face_is_one_person_who_turns_from_neutral_to_happy(
    shared: Path, capsys: Capture
) -> None:
    clip = shared / "clips" / "pyfeat_single_face.mp4"
    assert mien("video", clip, "--fps", 8, "-f", "csv") == 0
    found = rows(capsys.readouterr().out)
    assert len(found) > 15 and {row["track_id"] for row in found} == {"1"}
    shown = [row["expression"] for row in found]
    change = shown.index("happiness")
    assert 3 <= change <= 10 and shown[:change] == ["neutral"] * change
    assert shown[change:] == ["happiness"] * (len(shown) - change)


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [("face_noface.mov", 0, 0.5), ("noface_face.mov", 0.5, 1), ("no_face.mp4", None, None)],
)
def test_a_real_person_is_there_for_as_long_as_the_face(
    shared: Path, name: str, begin: float | None, end: float | None, capsys: Capture
) -> None:
    """In the halves of one clip there is a face and none, and none at all in the other."""
    assert mien("video", shared / "clips" / name, "--fps", 3, "-f", "csv") == 0
    found = rows(capsys.readouterr().out)
    times = [float(row["time_s"]) for row in found]
    seen = [float(row["time_s"]) for row in found if row["track_id"]]
    if begin is None or end is None:
        assert not seen and not any(row["face"] for row in found)
        return
    assert {row["track_id"] for row in found if row["face"]} <= {"", "1"}
    assert seen[0] == pytest.approx(begin * times[-1], abs=0.15 * times[-1])
    assert seen[-1] == pytest.approx(end * times[-1], abs=0.15 * times[-1])
    between = [row for row in found if seen[0] <= float(row["time_s"]) <= seen[-1]]
    assert {row["track_id"] for row in between} == {"1"}
