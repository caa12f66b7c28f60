from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")

import numpy as np
from pyarrow import parquet

import mien
from mien.errors import ConfigError, InputError, MienError
from mien.scale import running
from mien.scale.progress import Progress
from mien.scale.running import Crew, retry, run
from mien.scale.status import status_of
from mien.scale.tar import read_tar
from mien.scale.verifying import verify
from tests.support import clips, corpus


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.write(tmp_path_factory.mktemp("corpus") / "pictures")


@pytest.fixture(scope="module")
def whole(pictures: Path) -> Path:
    """A job that was not disturbed."""
    out = pictures.parent / "whole"
    run(pictures, out, workers=1, shard_size=2)
    return out


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes, which take most of a second to start."""
    monkeypatch.setattr(running, "run_locally", corpus.analyse_here)


def test_rows_are_those_of_the_recognizer(pictures: Path, whole: Path) -> None:
    recognizer = mien.Recognizer(threads=1)
    found = [
        row
        for path in sorted((whole / "shards").glob("*.parquet"))
        if not path.name.endswith(".inputs.parquet")
        for row in parquet.read_table(path).to_pylist()
    ]
    expected = [
        row for path in sorted(pictures.glob("*.png")) for row in recognizer.image(path).rows()
    ]
    assert len(found) == len(expected) == 4
    for row, other in zip(found, expected, strict=True):
        assert {name: row[name] for name in other} == pytest.approx(other)
        assert {name for name in row if name not in other} >= {"input", "frame_index", "track_id"}


def test_an_input_that_fails_has_its_reason_beside_the_others(whole: Path) -> None:
    rows = [
        row
        for path in sorted((whole / "shards").glob("*.inputs.parquet"))
        for row in parquet.read_table(path).to_pylist()
    ]
    assert [row["input"] for row in rows] == list(range(5))
    failed = [row for row in rows if row["error"]]
    assert [Path(row["source"]).name for row in failed] == ["broken.jpg"]
    assert failed[0]["error"].startswith(repr(failed[0]["source"]) + " is not a picture")
    assert all(len(row["sha256"]) == 64 and row["bytes"] > 0 for row in rows)


def test_a_stopped_run_goes_on_and_gives_the_same_bytes(
    pictures: Path, whole: Path, tmp_path: Path
) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done:
            raise StopError

    with pytest.raises(StopError):
        run(pictures, tmp_path / "out", workers=1, shard_size=2, on_progress=stop)
    status = status_of(tmp_path / "out")
    assert 0 < status.done < status.inputs == 5 and status.running is None
    assert [p.text for p in verify(tmp_path / "out") if "is not done" in p.text]
    again = run(pictures, tmp_path / "out", workers=1, shard_size=2)
    assert again.analysed == 5 - status.done
    assert corpus.files(tmp_path / "out") == corpus.files(whole)
    assert not list(verify(tmp_path / "out", content=True))
    assert run(pictures, tmp_path / "out", workers=1, shard_size=2).analysed == 0


@pytest.mark.usefixtures("here")
def test_a_change_is_noticed_and_said(pictures: Path, whole: Path, tmp_path: Path) -> None:
    mine = corpus.copy(pictures, tmp_path / "mine")
    out = tmp_path / "out"
    run(mine, out, workers=1, shard_size=2)
    with pytest.raises(ConfigError, match="shard_size was 2 and is 3"):
        run(mine, out, shard_size=3)
    with pytest.raises(ConfigError, match="min_face_size was None and is 30"):
        run(mine, out, shard_size=2, min_face_size=30)
    (mine / "04.png").write_bytes((mine / "03.png").read_bytes())
    (mine / "00.png").write_bytes((mine / "03.png").read_bytes())
    with pytest.raises(ConfigError, match=r"1 changed, 1 new; '.*00\.png' is changed\): --update"):
        run(mine, out, workers=1, shard_size=2)
    assert [p.text for p in verify(out) if "00.png" in p.text and "has changed" in p.text]
    notes: list[str] = []
    done = run(mine, out, workers=1, shard_size=2, update=True, on_note=notes.append)
    assert done.inputs == 6 and done.analysed == 4 and "1 changed, 1 new" in notes[0]
    assert not list(verify(out))
    (mine / "02.png").unlink()
    with pytest.raises(ConfigError, match="1 gone"):
        run(mine, out, workers=1, shard_size=2)


@pytest.mark.usefixtures("here")
def test_a_model_that_changes_is_noticed(pictures: Path, tmp_path: Path) -> None:
    from mien.weights import DEFAULT
    from tests.support.models import tiny_classifier

    model = tmp_path / "model.onnx"
    model.write_bytes(DEFAULT.read_bytes())
    run(pictures / "00.png", tmp_path / "out", workers=1, model=model, detector="none")
    tiny_classifier(model)
    with pytest.raises(ConfigError, match=r"weights of .*model.onnx.* have changed"):
        run(pictures / "00.png", tmp_path / "out", model=model, detector="none")
    with pytest.raises(ConfigError, match="weights"):
        retry(tmp_path / "out")


@pytest.mark.usefixtures("here")
def test_duplicates_are_analysed_once(pictures: Path, tmp_path: Path) -> None:
    mine = corpus.copy(pictures, tmp_path / "mine")
    (mine / "01b.png").write_bytes((mine / "01.png").read_bytes())
    run(mine, tmp_path / "out", workers=1, dedupe=True)
    rows = parquet.read_table(tmp_path / "out/shards/000000.inputs.parquet").to_pylist()
    assert [row["duplicate_of"] for row in rows] == [None, None, 1, None, None, None]
    faces = parquet.read_table(tmp_path / "out/shards/000000.parquet").to_pylist()
    assert [row["input"] for row in faces] == [0, 1, 3, 4]


@pytest.mark.usefixtures("here")
def test_what_cannot_be_a_job_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture"):
        run(tmp_path, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("precious")
    with pytest.raises(ConfigError, match=r"holds other files, such as 'mine.txt'"):
        run(pictures, tmp_path / "b")
    with pytest.raises(ConfigError, match="no engine 'sparkle'"):
        Crew("sparkle")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no folder of 'mien corpus run'"):
        status_of(tmp_path / "b")
    errors: list[MienError] = []
    run([pictures / "00.png", "missing.jpg"], tmp_path / "c", workers=1, on_error=errors.append)
    assert "no file 'missing.jpg'" in str(errors[0])


EVIL = """
import os, sys, time
if "mien.scale.child" in " ".join(sys.orig_argv):
    import mien.scale.fetching as fetching
    def read(wanted, real=fetching.read_picture):
        if "00" in wanted.path:
            os.kill(os.getpid(), 11)
        if "01" in wanted.path:
            raise MemoryError
        if "02" in wanted.path:
            time.sleep(100)
        return real(wanted)
    fetching.read_picture = read
"""


@pytest.mark.slow
def test_poisoned_inputs_are_reported_and_can_be_tried_again(
    pictures: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "sitecustomize.py").write_text(dedent(EVIL))
    before = os.environ.get("PYTHONPATH", "")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "evil"), before]))
        done = run(pictures, out, workers=1, shard_size=2, seconds=5)
    assert done.failed == 4
    errors = [
        row["error"]
        for path in sorted((out / "shards").glob("*.inputs.parquet"))
        for row in parquet.read_table(path).to_pylist()
    ]
    assert "by signal 11" in errors[0] and "more memory than 2,048 MiB" in errors[1]
    assert "longer than 5 seconds" in errors[2] and errors[3] is None
    again = retry(out, Crew(workers=1))
    assert (again.analysed, again.failed) == (5, 1)  # one beside one that failed
    assert corpus.files(out) == corpus.files(whole)


@pytest.mark.usefixtures("here")
def test_a_second_driver_is_refused(pictures: Path, tmp_path: Path) -> None:
    code = "import sys; from mien.scale import run; run(sys.argv[1], sys.argv[2])"
    refused: list[str] = []

    def during(progress: Progress) -> None:
        if not refused:
            done = subprocess.run(
                [sys.executable, "-c", code, str(pictures), str(tmp_path / "out")],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            refused.append(done.stderr)
            assert "is analysing" in (status_of(tmp_path / "out").running or "")

    run(pictures, tmp_path / "out", workers=1, on_progress=during)
    assert "is analysing a corpus into" in refused[0]


@pytest.mark.usefixtures("here")
def test_crops_are_those_of_the_sink(pictures: Path, whole: Path, tmp_path: Path) -> None:
    from mien.sinks import CropsSink

    run(pictures, tmp_path / "out", shard_size=2, crops=True)
    found = [
        data
        for path in sorted((tmp_path / "out" / "crops").glob("*.tar"))
        for _, data in read_tar(path)
    ]
    assert len(found) == 4
    with CropsSink(tmp_path / "sink") as sink:
        for result, image in mien.Recognizer(threads=1).stream(sorted(pictures.glob("*.png"))):
            sink.write(result, image)
    expected = [mien.read_image(path) for path in sorted((tmp_path / "sink").glob("*.jpg"))]
    assert all(map(np.array_equal, map(mien.read_image, found), expected))
    faces = {name: data for name, data in corpus.files(whole).items() if name.endswith(".parquet")}
    assert faces and faces.items() <= corpus.files(tmp_path / "out").items()


@pytest.mark.usefixtures("here")
def test_videos_have_rows_of_frames(tmp_path: Path) -> None:
    clip = clips.write(tmp_path / "clip.mp4", frames=4)
    run(clip, tmp_path / "out", every=2, detector="none")
    (row,) = parquet.read_table(tmp_path / "out/shards/000000.inputs.parquet").to_pylist()
    expected = [
        row for result in mien.Recognizer("none").video(clip, every=2) for row in result.rows()
    ]
    found = parquet.read_table(tmp_path / "out/shards/000000.parquet").to_pylist()
    assert row["frames"] == 2 and row["error"] is None and row["faces"] == len(expected) == 2
    assert [{name: each[name] for name in expected[0]} for each in found] == expected
