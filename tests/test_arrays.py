"""Files of arrays that are damaged, or made to do harm, are one clear error."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.arrays import read_arrays, texts


def test_arrays_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.array(["é", "b"]))
    arrays = read_arrays(tmp_path / "a.npz")
    assert arrays["x"].tolist() == [0, 1, 2] and texts(arrays["y"]) == ("é", "b")


def test_damage_is_one_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", x=np.arange(1000))
    good = (tmp_path / "good.npz").read_bytes()
    np.save(tmp_path / "x.npy", np.arange(3))
    for content in (b"", b"text", good[:-100], good.replace(b"<i8", b"<i9"), pickle.dumps(1)):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ValueError) as caught:
            read_arrays(tmp_path / "bad.npz")
        assert str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="not a zip"):
        read_arrays(tmp_path / "x.npy")


def test_no_object_is_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", x=np.array([{}], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "o.npz")


def test_the_size_is_checked_before_anything_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", bytes(1_000_000))
    with pytest.raises(ValueError, match="more than 999,999 bytes"):
        read_arrays(tmp_path / "bomb.npz", most=999_999)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "none.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(OSError, match="named pipe"):
        read_arrays(tmp_path / "pipe.npz")


@pytest.mark.parametrize("array", [np.array([1]), np.array("a"), np.array([["a"]])])
def test_what_is_not_a_list_of_texts(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a list of texts"):
        texts(array)
