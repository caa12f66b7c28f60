from __future__ import annotations

import pytest

from mien.datasets.base import Dataset
from mien.datasets.opening import open_dataset
from tests.support import fer2013
from tests.support.fer2013 import Row
from tests.support.models import Tiny, tiny_classifier


@pytest.fixture(scope="module")
def data(fer2013_rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Real pictures; five of the 21 public ones repeat training pictures."""
    copies = [row._replace(usage="PublicTest") for row in fer2013_rows[:5]]
    place = tmp_path_factory.mktemp("data")
    return open_dataset(fer2013.write_csv(place / "fer2013.csv", [*fer2013_rows, *copies]))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny_classifier(tmp_path_factory.mktemp("model") / "tiny.onnx", temperature=1.7)
