from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, OutputError
from mien.evaluation.detection.answers import Detections
from tests.support.detections import answer, detections, made_up


def same(first: Detections, second: Detections) -> None:
    for field in ("detector", "dataset", "split", "skipped", "threshold", "facts"):
        assert getattr(first, field) == getattr(second, field)
    assert len(first) == len(second)
    for one, two in zip(first.answers, second.answers, strict=True):
        assert (one.key, one.width, one.height, one.ms) == (two.key, two.width, two.height, two.ms)
        for name in ("truth", "ignored", "boxes", "scores"):
            before, after = getattr(one, name), getattr(two, name)
            assert np.array_equal(before, after) and before.dtype == after.dtype
        assert one.subsets.keys() == two.subsets.keys()
        assert all(np.array_equal(one.subsets[k], two.subsets[k]) for k in one.subsets)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    made = dataclasses.replace(
        made_up(0),
        skipped=("ä.jpg: cut short",),
        threshold=0.7,
        facts={"processor": "x", "memory_mib": None, "options": {"min_face_size": 20}},
    )
    made.save(tmp_path / "d.npz")
    read = Detections.load(tmp_path / "d.npz")
    same(made, read)
    assert read.fingerprint == made.fingerprint


@pytest.mark.parametrize("given", [(), (answer(),), (answer(boxes=[[0, 0, 5, 5]]), answer())])
def test_no_picture_no_face_and_no_box_come_back(tmp_path: Path, given: tuple) -> None:
    made = detections(*given)
    made.save(tmp_path / "d.npz")
    same(made, Detections.load(tmp_path / "d.npz"))


def test_a_subset_of_some_pictures_comes_back_empty_in_the_others(tmp_path: Path) -> None:
    face = [[0, 0, 9, 9]]
    made = detections(answer(face, subsets={"easy": [True]}), answer(face, key="b.jpg"))
    made.save(tmp_path / "d.npz")
    read = Detections.load(tmp_path / "d.npz")
    assert [one.subsets["easy"].tolist() for one in read.answers] == [[True], [False]]
    assert read.fingerprint == made.fingerprint


def test_a_file_of_something_else_is_refused_and_never_executed(tmp_path: Path) -> None:
    trap = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (trap,)

    for name, content in {
        "pickle.npz": pickle.dumps(Trap()),
        "text.npz": b"no archive",
        "zip.npz": b"PK\x05\x06" + bytes(18),
        "empty.npz": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is not a file of a detector's answers"):
            Detections.load(tmp_path / name)
    np.savez(tmp_path / "object.npz", words=np.array([Trap()], object))
    with pytest.raises(InputError, match=r"object\.npz is not a file of a detector's answers"):
        Detections.load(tmp_path / "object.npz")
    assert not trap.exists()
    with pytest.raises(InputError, match="no answers of a detector at"):
        Detections.load(tmp_path / "nothing.npz")
    with pytest.raises(InputError, match="is not a file of a detector's answers"):
        Detections.load(tmp_path)


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    made_up(1).save(path)
    with np.load(path) as file:
        good = {name: file[name] for name in file.files}
    words = json.loads(good["words"].item())
    reordered = good["scores"].copy()
    reordered[:2] = 0.1, 0.9
    unfinite = good["boxes"].copy()
    unfinite[0, 0] = np.nan
    for name, wrong in (
        ("scores", good["scores"][1:]),
        ("scores", good["scores"].astype(str)),
        ("scores", reordered),
        ("boxes", good["boxes"][:, :3]),
        ("boxes", unfinite),
        ("ignored", good["ignored"].astype(int)),
        ("found", -good["found"]),
        ("faces", good["faces"][:-1]),
        ("members", good["members"][:1]),
        ("sizes", good["sizes"] * 0),
        ("sizes", good["sizes"] + 2**40),
        ("boxes", good["boxes"] * np.float32(1e30)),
        ("faces", good["faces"].astype("S3")),
        ("faces", np.array([2**62, 2**62, *good["faces"][2:]])),
        ("words", np.array("{")),
        ("words", np.array("[" * 3000)),
        ("words", np.array(json.dumps({**words, "keys": [1, *words["keys"][1:]]}))),
        ("words", np.array(json.dumps({**words, "detector": 5}))),
        ("words", np.array(json.dumps({**words, "facts": []}))),
        ("words", np.array(json.dumps({**words, "threshold": True}))),
        ("words", np.array(json.dumps({**words, "skipped": [None]}))),
        ("words", np.array(json.dumps({**words, "keys": ["a"]}))),
        ("words", np.array(json.dumps({**words, "threshold": "high"}))),
    ):
        np.savez(path, **{**good, name: wrong})
        with pytest.raises(InputError, match="is not a file of a detector's answers"):
            Detections.load(path)
    np.savez(path, **{name: value for name, value in good.items() if name != "ms"})
    with pytest.raises(InputError, match="is not a file of a detector's answers"):
        Detections.load(path)


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "d.npz"
    made = made_up(2)
    made.save(path)
    with full_disk(100), pytest.raises(OutputError):
        made_up(3).save(path)
    same(made, Detections.load(path))
    assert [file.name for file in tmp_path.iterdir()] == ["d.npz"]
    with pytest.raises(OutputError, match="nowhere"):
        made.save(tmp_path / "nowhere" / "d.npz")
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 100] = b"\xff" * 100
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="is not a file of a detector's answers"):
        Detections.load(path)


def test_a_fingerprint_knows_pictures_and_marked_boxes_and_nothing_else() -> None:
    face = {"truth": [[1, 2, 30, 40]], "subsets": {"easy": [True]}}
    base = detections(answer(**face), answer(key="b.jpg")).fingerprint
    assert len(base) == 16 and int(base, 16) >= 0
    # Neither the order of the pictures nor what was found matters.
    assert detections(answer(key="b.jpg"), answer(**face)).fingerprint == base
    found = answer(**face, boxes=[[0, 0, 9, 9]], ms=3.0)
    assert detections(found, answer(key="b.jpg"), name="other").fingerprint == base
    others = [
        detections(answer(**face)),
        detections(answer(**face), answer(key="c.jpg")),
        detections(answer(**face), answer(key="b.jpg", size=(641, 480))),
        detections(answer([[1, 2, 30, 41]], subsets={"easy": [True]}), answer(key="b.jpg")),
        detections(answer(**face, ignored=[True]), answer(key="b.jpg")),
        detections(answer([[1, 2, 30, 40]], subsets={"hard": [True]}), answer(key="b.jpg")),
        detections(answer(), answer(**{**face, "key": "b.jpg"})),
    ]
    assert len({base, *(other.fingerprint for other in others)}) == 1 + len(others)
