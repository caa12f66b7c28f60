from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError
from mien.reports.video import summary
from mien.reports.video.summary import SummarySink
from mien.reports.video.view import address_of
from mien.types import Result
from tests.reports.video.test_timeline import frame

pytest.importorskip("jinja2", reason="needs the 'plot' extra")
pytest.importorskip("matplotlib", reason="needs the 'plot' extra")

IMAGE = np.full((10, 20, 3), 90, np.uint8)


def page(path: Path, results: list[Result], **options: bool) -> str:
    with SummarySink(path, **options) as sink:
        for result in results:
            sink.write(result, IMAGE)
    return path.read_text()


def test_videos_have_sections_also_if_one_is_given_twice(tmp_path: Path) -> None:
    first = [frame(n / 10, {1: "anger", 2: "neutral"}) for n in range(5)]
    second = [frame(n / 10, {1: "happiness"}, "w.mp4") for n in range(5)]
    text = page(tmp_path / "s.html", [*first, *second, *first])
    assert re.findall(r"<h2>(.mp4|[vw]\.mp4)</h2>", text) == ["v.mp4", "w.mp4", "v.mp4"]
    assert text.count('class="person"') == 5
    assert "Expressions in 3 videos" in text and "<b>1.5</b><small>15 frames</small>" in text
    assert "There is no video file to play" in text and "<video" not in text


def test_a_page_is_not_named_as_something_else(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name it \.html"):
        SummarySink(tmp_path / "s.pdf")
    assert not list(tmp_path.iterdir())


def test_pictures_can_be_left_out_and_the_page_is_self_contained(tmp_path: Path) -> None:
    results = [frame(n / 10, {1: "anger" if n % 2 else "neutral"}) for n in range(4)]
    assert page(tmp_path / "a.html", results).count("data:image/jpeg") == 4
    text = page(tmp_path / "b.html", results, pictures=False)
    assert "data:image" not in text and "http:" not in text and "https:" not in text
    assert text.count("<script>") == 1


def test_the_pictures_of_a_page_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "MOST_PICTURES", 3)
    results = [frame(n / 10, {1: "anger" if n % 2 else "neutral"}) for n in range(6)]
    text = page(tmp_path / "a.html", results)
    assert text.count("data:image/jpeg") == 3 and "The page is full" in text


def test_a_page_without_people_or_frames(tmp_path: Path) -> None:
    assert "No frame was read." in page(tmp_path / "a.html", [])
    empty = replace(frame(0, {}), readings=())
    assert "No person was found in 1 frames." in page(tmp_path / "b.html", [empty])


@pytest.mark.parametrize(
    ("file", "address"),
    [
        ("v.mp4", "./v.mp4"),
        ("sub/a b#c?.mp4", "./sub/a%20b%23c%3F.mp4"),
        ("../javascript:x.mp4", "./../javascript%3Ax.mp4"),
        ("caf\udce9.mp4", "./caf%E9.mp4"),
    ],
)
def test_addresses_are_relative_to_the_page(tmp_path: Path, file: str, address: str) -> None:
    (tmp_path / "pages").mkdir()
    place = tmp_path / "pages"
    assert address_of(f"{place}/{file}", place / "s.html") == address
