from __future__ import annotations

from mien.sinks import CountSink
from mien.types import Result


def test_it_counts(results: list[Result]) -> None:
    with CountSink() as sink:
        for result in results:
            sink.write(result)
    assert (sink.pictures, sink.faces, sink.empty) == (3, 3, 1)
    assert sink.text().startswith("3 pictures, 3 faces, 1 without a face, 0.")
    sink.write(results[0])
    assert "4 pictures, 5 faces, 1 without a face, 1 error, 2,000 hidden" in sink.text(1, 2000)
    assert (
        CountSink().text(hidden=1).startswith("0 pictures, 0 faces, 1 hidden or system file left")
    )
