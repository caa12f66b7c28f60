"""The view of videos, in a real browser: a portrait that moves, and the real clip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.page.test_live import PAINTED
from tests.server.support.tabs import DESKTOP, PHONE, download, tab, violations
from tests.support import clips

httpx = pytest.importorskip("httpx", reason="a client of the server")


def send(page: Any, path: Path) -> None:
    with page.expect_file_chooser() as waiting:
        page.click("text=Choose a video")
    waiting.value.set_files(path)


def analysed(page: Any) -> None:
    page.wait_for_selector(".chip.good:has-text('done')", timeout=60_000)
    page.wait_for_selector(".segments tbody tr")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds in a format that browsers play; the face is away in the middle."""
    return clips.write_face(tmp_path / "a portrait.webm", 20, 10, empty=range(8, 13))


def test_send_watch_scrub_and_delete(browser: Any, house: Any, clip: Path, tmp_path: Path) -> None:
    with tab(browser, f"{house.url}/#/video") as page:
        send(page, clip)
        analysed(page)
        assert page.inner_text("h1") == "a portrait.webm"
        (job,) = httpx.get(f"{house.url}/v1/videos").json()["videos"]
        found = httpx.get(f"{house.url}/v1/videos/{job['id']}/people").json()
        people = page.locator(".person")
        assert people.count() == len(found["people"]) >= 1
        shown = people.first.locator(".segments tbody th").all_inner_texts()
        assert shown == [part["expression"] for part in found["people"][0]["segments"]]
        # the same moment on the slider, in the film and in the words
        page.focus(".slider")
        page.keyboard.press("Home")
        for _ in range(3):
            page.keyboard.press("PageUp")
        slider = page.locator(".slider").first
        seconds = float(slider.get_attribute("aria-valuenow"))
        assert seconds == pytest.approx(0.3 * found["end_s"], abs=0.06)
        film = "document.querySelector('.player video').currentTime"
        page.wait_for_selector(".now:has-text('happiness')")
        assert page.evaluate(film) == pytest.approx(seconds, abs=0.06)
        page.wait_for_timeout(200)
        assert page.evaluate(PAINTED, ".overlay") > 0.002
        for _ in range(2):
            page.keyboard.press("PageUp")  # nobody is there
        page.wait_for_selector(".now:has-text('not seen')")
        page.wait_for_timeout(200)
        assert page.evaluate(PAINTED, ".overlay") == 0
        page.locator(".segments .link").last.click()
        last = found["people"][-1]["segments"][-1]["start_s"]
        assert page.evaluate(film) == pytest.approx(last, abs=0.06)
        assert violations(page) == []
        lines = download(page, "text=Results", tmp_path).read_text().splitlines()
        assert len(lines) == found["frames"] and json.loads(lines[0])["time_s"] == 0
        rows = download(page, ".tools >> text=CSV", tmp_path).read_text().splitlines()
        assert rows[0].startswith("source,frame_index,time_s") and len(rows) > found["frames"]
        page.click("text=Delete")
        page.wait_for_selector(".drop")
    assert httpx.get(f"{house.url}/v1/videos").json()["videos"] == []


@pytest.mark.slow
def test_what_no_browser_plays_and_what_is_no_video(
    browser: Any, house: Any, tmp_path: Path
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    film = clips.write_face(tmp_path / "old.avi", 6, 10)
    with tab(browser, f"{house.url}/#/video", size=PHONE, forgive=("415", "422")) as page:
        send(page, text)
        page.wait_for_selector("[role=alert]")
        send(page, film)
        page.wait_for_selector("text=Your browser cannot play this kind of video")
        analysed(page)
        page.click(".slider")  # its middle
        page.wait_for_selector(".now:has-text('happiness')")
        page.click("text=All videos")
        page.wait_for_selector(".jobs .chip.good")
        page.click(".jobs [aria-label='Delete old.avi']")
        page.wait_for_selector(".jobs li", state="detached")


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_real_clip(browser: Any, house: Any, shared: Path, size: dict[str, int]) -> None:
    clip = shared / "clips" / "pyfeat_single_face.mp4"
    with tab(browser, f"{house.url}/#/video", size=size) as page:
        send(page, clip)
        analysed(page)
        rows = page.locator(".segments tbody th").all_inner_texts()
        assert rows == ["neutral", "happiness"]
        page.reload()  # as on another day: the original is chosen again
        analysed(page)
        with page.expect_file_chooser() as waiting:
            page.click("text=Choose the original")
        waiting.value.set_files(clip)
        page.wait_for_selector(".player video")
        page.focus("h1")
        page.keyboard.press(" ")
        page.wait_for_selector(".now:has-text('happiness')")
        assert violations(page) == []
        page.click("text=Delete")
        page.wait_for_selector(".drop")


@pytest.mark.slow
def test_two_windows_and_a_cancelled_video(browser: Any, house: Any, tmp_path: Path) -> None:
    frames = [clips.face(number % 20) for number in range(400)]
    clip = clips.write_frames(tmp_path / "long.avi", frames)
    with (
        tab(browser, f"{house.url}/#/video", forgive=("404",)) as one,
        tab(browser, f"{house.url}/#/video", forgive=("404",)) as other,
    ):
        send(one, clip)
        one.wait_for_selector("progress")
        other.reload()
        other.click(".jobs a")
        other.wait_for_selector(".person")
        other.click("text=Cancel")
        other.wait_for_selector(".drop")
        one.wait_for_selector("[role=alert], .chip.warn")


@pytest.fixture(autouse=True)
def _nothing_is_left(house: Any) -> Iterator[None]:
    yield
    for job in httpx.get(f"{house.url}/v1/videos").json()["videos"]:
        httpx.delete(f"{house.url}/v1/videos/{job['id']}")
