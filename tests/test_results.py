from __future__ import annotations

import json
import pickle

import pytest

from mien.results import Results
from mien.types import COLUMNS, Result
from tests.support.results import LABELS, make_reading, make_result


@pytest.fixture
def results() -> Results:
    """Two faces, none, one."""
    return Results(
        [
            make_result(make_reading(), make_reading("anger", 0.5, (50, 10, 90, 70))),
            make_result(source="empty.png"),
            make_result(make_reading(), source="ż <b>.jpg"),
        ]
    )


def test_it_is_a_sequence(results: Results) -> None:
    assert len(results) == 3 and [len(r) for r in results] == [2, 0, 1]
    assert isinstance(results[1], Result) and results[1] in results
    assert results[1:] == Results(list(results)[1:]) and hash(results[1:]) != hash(results)
    assert pickle.loads(pickle.dumps(results)) == results
    assert repr(results) == "Results(3 pictures: 2 happiness, 1 anger)"
    assert repr(Results()) == "Results(0 pictures: no face)"


def test_rows_and_json(results: Results) -> None:
    assert len(results.rows()) == 3 and len(results.rows(keep_empty=True)) == 4
    made = json.loads(json.dumps(results.to_dict()))
    assert [len(picture["faces"]) for picture in made["pictures"]] == [2, 0, 1]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_to_frame(results: Results, library: str) -> None:
    pytest.importorskip(library)
    frame = results.to_frame(library)
    assert tuple(frame.columns) == (*COLUMNS, *LABELS) and len(frame) == 4
    assert list(frame["source"]) == [row["source"] for row in results.rows(keep_empty=True)]
    assert tuple(Results().to_frame(library).columns) == COLUMNS


def test_the_sheet_has_the_counts(results: Results) -> None:
    html = results._repr_html_()
    assert "3 pictures · 3 faces · 1 without a face" in html
    assert "happiness 2" in html and "&lt;b&gt;" in html and "<b>.jpg" not in html
