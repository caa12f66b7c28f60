from __future__ import annotations

import pytest

from mien.datasets.files.split_names import split_in_words, split_of_folders, split_of_table


@pytest.mark.parametrize(
    ("path", "table", "folders"),
    [
        ("annotations/instances_val2017.json", "valid", None),
        ("train/_annotations.coco.json", "train", "train"),
        ("WIDER_val/images/faces.json", None, "valid"),  # a table's folder must be the word itself
        ("test/train_set/x.json", "train", "train"),
        ("annotations.json", None, None),
        ("trainings/contest.json", None, None),
    ],
)
def test_splits(path: str, table: str | None, folders: str | None) -> None:
    assert split_of_table(path) == table
    assert split_of_folders(path) == folders


def test_words() -> None:
    assert split_in_words("wider_val_dev.zip") == "valid"
    assert split_in_words("wider_train5") == "train"
    assert split_in_words("FDDB") is None
