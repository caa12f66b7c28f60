"""The page of ``mien video --summary`` in a real browser."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mien.media.video.reader import open_video
from mien.pipeline import Recognizer
from mien.reports.video.summary import SummarySink
from mien.types import Box, EmotionScores, Face, Reading, Result
from tests.support import clips

pytest.importorskip("jinja2", reason="needs the 'plot' extra")
pytest.importorskip("matplotlib", reason="needs the 'plot' extra")

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e#t?%41.mp4"


def shown(browser: Any, page: Path) -> Any:
    """A tab on the page; it fails if a script, the console or a dialogue reports a fault."""
    tab = browser.new_page()
    tab.faults = []
    tab.on("pageerror", lambda error: tab.faults.append(str(error)))
    tab.on("console", lambda line: tab.faults.append(line.text))
    tab.on("dialog", lambda dialog: tab.faults.append(dialog.message) or dialog.dismiss())
    tab.goto(page.as_uri())
    return tab


def at(tab: Any, seconds: float) -> None:
    """Wait until the video, if it plays, and every timeline are at this time."""
    tab.wait_for_function(
        """seconds => {
          const video = document.querySelector("video");
          const near = (value) => Math.abs(value - seconds) < 0.03;
          return (!video || video.hidden || (!video.seeking && near(video.currentTime)))
            && [...document.querySelectorAll(".timeline")].every(
              (line) => near(line.getAttribute("aria-valuenow")));
        }""",
        arg=seconds,
    )


@pytest.fixture
def real(shared: Path, tmp_path: Path) -> Path:
    """The page of a real clip, whose file lies in another folder."""
    folder = tmp_path / "pages"
    folder.mkdir()
    clip = shutil.copy(shared / "clips" / "pyfeat_single_face.mp4", folder.parent / "a #1.mp4")
    video = open_video(clip, fps=10)
    with SummarySink(folder / "page.html", command="mien video") as sink:
        for result in Recognizer(threads=1).watch(video, video.name):
            sink.write(result)
    return folder / "page.html"


def test_a_neutral_face_then_a_smile_and_jumps_by_mouse_and_keys(browser: Any, real: Path) -> None:
    tab = shown(browser, real)
    tab.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert tab.locator("video").get_attribute("src") == "./../a%20%231.mp4"
    assert tab.locator(".person").count() == 1
    rows = tab.locator(".segments tbody tr")
    labels = [rows.nth(n).locator("th").inner_text().strip() for n in range(rows.count())]
    assert labels == ["neutral", "happiness"]
    images = tab.locator(".pictures img")
    assert images.count() == 2
    assert images.first.evaluate("image => image.naturalWidth") == 96
    begin = float(rows.nth(1).get_attribute("data-from") or "nan")
    images.nth(1).click()
    at(tab, begin)
    assert re.search(r" happiness$", tab.locator(".now").inner_text())
    assert tab.locator("tr.current th").inner_text().strip() == "happiness"
    rows.nth(0).locator("a").click()
    at(tab, 0)
    line = tab.locator(".timeline")
    box = line.bounding_box()
    line.click(position={"x": box["width"] * 0.75, "y": 10})
    end = float(line.get_attribute("aria-valuemax"))
    at(tab, 0.75 * end)
    line.press("Home")
    at(tab, 0)
    for _ in range(3):
        line.press("ArrowRight")
    at(tab, 0.03 * end)
    line.press("Space")
    tab.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    tab.locator("video").evaluate("video => video.pause()")
    assert tab.locator(".unplayable").is_hidden()
    tab.set_viewport_size({"width": 360, "height": 700})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert line.bounding_box()["width"] > 300
    grounds = []
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        grounds.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] == "rgb(255, 255, 255)" != grounds[1]
    assert tab.faults == []


def test_a_video_that_cannot_be_played_is_said_and_the_rest_works(
    browser: Any, tmp_path: Path
) -> None:
    clip = clips.write_face(tmp_path / "face.avi", frames=5)
    video = open_video(clip)
    with SummarySink(tmp_path / "page.html") as sink:
        for result in Recognizer(threads=1).watch(video, video.name):
            sink.write(result)
    tab = shown(browser, tmp_path / "page.html")
    tab.wait_for_selector(".unplayable:not([hidden])")
    assert tab.locator("video").is_hidden()
    assert "cannot play ./face.avi" in tab.locator(".unplayable").inner_text()
    tab.locator(".timeline").press("End")
    at(tab, 0.5)
    assert all("ERR" not in fault for fault in tab.faults)


def hostile() -> Result:
    reading = Reading(Face(Box(1, 1, 9, 9), track_id=1), EmotionScores((HOSTILE, "b"), (0.9, 0.1)))
    return Result((reading,), 20, 10, HOSTILE, frame_index=0, time_s=0.0)


def test_names_and_labels_of_others_do_nothing(browser: Any, tmp_path: Path) -> None:
    with SummarySink(tmp_path / "page.html", command=HOSTILE, drawn=tmp_path / HOSTILE) as sink:
        sink.write(hostile())
    shutil.copy(clips.write(tmp_path / "a.webm"), tmp_path / HOSTILE)
    tab = shown(browser, tmp_path / "page.html")
    tab.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert tab.locator("main img").count() == 0
    assert "onerror" in tab.locator(".shares").first.inner_text()
    tab.evaluate("setTimeout('document.title = 1')")  # no script but ours may run
    tab.wait_for_timeout(50)
    assert tab.title() != "1"
    assert all("Content Security Policy" in fault for fault in tab.faults)
