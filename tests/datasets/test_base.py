from __future__ import annotations

from mien.datasets.base import DatasetFacts


def test_the_origin_is_the_data_set_itself_unless_stated() -> None:
    assert DatasetFacts(name="fer2013").origin == "fer2013"
    assert DatasetFacts(name="fer2013 packed at 48", origin="fer2013").origin == "fer2013"
