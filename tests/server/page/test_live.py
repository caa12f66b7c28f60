"""The view of the camera, in a real browser: with a film for a camera, and without any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mien.media.video.reader import open_video
from mien.pipeline import Recognizer
from mien.server.access.tokens import TokenFile
from tests.server.support.fake_camera import camera_browser
from tests.server.support.tabs import PHONE, download, tab, violations

ALLOWED = ["camera"]
START = "text=Start the camera"
PAINTED = """(name) => {
  const canvas = document.querySelector(name);
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let seen = 0;
  for (let at = 3; at < data.length; at += 4) seen += data[at] > 0;
  return seen / (data.length / 4);
}"""
NOT_FOUND = """void (navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("", "NotFoundError");
})"""
NO_CAMERA = "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})"


def problem(page: Any) -> str:
    page.click(START)
    return str(page.inner_text("[role=alert]"))


def test_a_camera_that_does_not_open(browser: Any, house: Any) -> None:
    url = f"{house.url}/#/live"
    with tab(browser, url, size=PHONE) as page:
        assert problem(page).startswith("The camera is not allowed")
        assert violations(page) == []
        page.evaluate(NOT_FOUND)
        assert problem(page).startswith("No camera found")
        page.add_init_script(NO_CAMERA)  # as on a page without https://
        page.reload()
        page.wait_for_selector("[role=alert]:has-text('https://')")


def test_faces_before_the_camera(browser: Any, house: Any, tmp_path: Path) -> None:
    with tab(browser, f"{house.url}/#/live", permissions=ALLOWED) as page:
        page.click(START)
        page.wait_for_selector(".person-now .expression:has-text('happiness')")
        page.wait_for_selector("#say:has-text('happiness')")
        page.wait_for_selector(".controls + span:has-text('ms behind')")
        assert page.evaluate(PAINTED, ".overlay") > 0.002
        assert page.evaluate(PAINTED, ".timeline-canvas") > 0
        assert violations(page) == []
        page.keyboard.press(" ")
        page.wait_for_selector("text=Resume")
        picture = download(page, "text=Snapshot", tmp_path)
        assert Image.open(picture).size == (400, 400)
        page.click("text=Stop camera")
        page.wait_for_selector(START)
        assert (
            page.evaluate("document.querySelector('.scene video').srcObject?.active ?? false")
            is False
        )


def test_why_the_server_refuses_is_said(
    browser: Any, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = served()
    monkeypatch.setattr(one.context.live._seats, "_most", 0)
    with tab(browser, f"{one.url}/#/live", permissions=ALLOWED) as page:
        page.click(START)
        page.wait_for_selector("text=The server is busy with other cameras")
        TokenFile(one.server.settings.tokens).create("a", "care")
        page.wait_for_selector(".chip.alert:has-text('log in first')")


@pytest.mark.slow
def test_record_to_a_file(browser: Any, house: Any, tmp_path: Path) -> None:
    with tab(browser, f"{house.url}/#/live", permissions=ALLOWED) as page:
        page.click(START)
        page.wait_for_selector(".person-now")
        page.keyboard.press("r")
        page.wait_for_selector(".tape")
        page.wait_for_timeout(3000)
        saved: list[Any] = []
        page.on("download", lambda one: saved.append(one))
        page.keyboard.press("r")
        page.wait_for_selector("#notices .message")
        page.wait_for_timeout(500)
        film, rows = (tmp_path / one.suggested_filename for one in saved)
        for one, path in zip(saved, (film, rows), strict=True):
            one.save_as(path)
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    assert lines and lines[-1]["time_s"] > 1 and lines[-1]["faces"][0]["expression"] == "happiness"
    results = list(Recognizer().video(film, every=5))
    assert results and results[0].width == 400 and len(results[0]) == 1


@pytest.mark.slow
def test_the_stream_goes_on_when_the_server_is_back(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
    from tests.server.support.served import serve_process

    with serve_process(tmp_path) as first:
        forgive = ("ERR_", "WebSocket")
        with tab(browser, f"{first.url}/#/live", forgive=forgive, permissions=ALLOWED) as page:
            page.click(START)
            page.wait_for_selector(".person-now")
            first.kill()
            page.wait_for_selector("text=Connection lost. Trying again…")
            page.wait_for_selector("#banner:not([hidden])")
            with serve_process(tmp_path, port=first.port):
                page.wait_for_selector("#banner.back", timeout=30_000)
                page.wait_for_selector(".corner .chip.good", state="attached", timeout=30_000)


@pytest.mark.slow
def test_the_real_clip(browser: Any, house: Any, shared: Path, tmp_path: Path) -> None:
    """A man who begins to smile, as the camera of a phone would show him."""
    clip = shared / "clips" / "pyfeat_single_face.mp4"
    with open_video(clip) as video:
        frames = [frame.image for frame in video]
    with (
        camera_browser(browser.browser_type, tmp_path, frames) as started,
        tab(started, f"{house.url}/#/live", size=PHONE, permissions=ALLOWED) as page,
    ):
        page.click(START)
        for expression in ("neutral", "happiness"):
            page.wait_for_selector(f".person-now .expression:has-text('{expression}')")


@pytest.mark.slow
def test_record_to_the_log(browser: Any, served: Any, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra 'log' is not installed")
    from mien.log.opening import create_log
    from mien.log.persons import add_person, give_consent

    log = create_log(tmp_path / "log.db")
    add_person(log, "anna")
    add_person(log, "bert")
    give_consent(log, "anna", "anna herself", "a test")
    log.close()
    house = served(log=tmp_path / "log.db")
    with tab(browser, house.start_link(), permissions=ALLOWED) as page:
        page.keyboard.press("2")
        page.click(START)
        page.wait_for_selector(".person-now")
        page.click("text=Record to log")
        page.wait_for_selector("dialog select")
        assert page.locator("dialog option").all_inner_texts() == ["anna"]
        page.click("dialog [type=submit]")
        page.wait_for_selector(".tape:has-text('Recording anna to the log')")
        page.wait_for_timeout(2500)
        page.click("text=Stop recording anna")
        page.wait_for_selector(".tape", state="hidden")
        answer = page.evaluate(
            "fetch('/v1/log/persons/anna/sessions').then((answer) => answer.json())"
        )
        assert len(answer["sessions"]) == 1
