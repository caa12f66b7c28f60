"""The page over a slow network: it says what it waits for, and sends nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")

from mien.samples import ASTRONAUT
from tests.server.support.people import make_log, serving_people, visit
from tests.server.support.tabs import tab, violations
from tests.support import clips

pytestmark = pytest.mark.slow

FAR = {"offline": False, "latency": 400, "downloadThroughput": 60_000, "uploadThroughput": 60_000}
"""As on a train: 0.4 s until something comes, 60 kB a second."""
STALLED = {**FAR, "latency": 4000}


def throttle(page: Any, conditions: dict[str, Any]) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


@contextmanager
def counted(page: Any) -> Iterator[list[str]]:
    """``POST /path`` of each request that changes something, or sends a picture."""
    sent: list[str] = []

    def note(request: Any) -> None:
        if request.method != "GET":
            sent.append(f"{request.method} {request.url.split('/', 3)[3]}")

    page.on("request", note)
    yield sent
    page.remove_listener("request", note)


def test_a_page_on_its_way_says_so(browser: Any, house: Any) -> None:
    with tab(browser, f"{house.url}/#/picture") as page:
        throttle(page, FAR)
        page.goto("about:blank")
        page.goto(f"{house.url}/#/models", wait_until="commit")
        page.wait_for_selector("main[data-loading]:empty")  # before any script
        assert page.inner_text(".brand") == "Mien"
        waits = "getComputedStyle(document.getElementById('view'), '::after').content"
        assert page.evaluate(waits) == '"Loading…"'
        page.wait_for_selector("main.models:empty")  # the frame is there, its figures are not yet
        page.wait_for_selector("main.models h1")


def test_pictures_are_sent_once_and_it_says_how_far_they_are(browser: Any, house: Any) -> None:
    with tab(browser, f"{house.url}/#/picture") as page, counted(page) as sent:
        throttle(page, FAR)
        page.eval_on_selector(
            ".drop button:last-child", "(one) => [1, 2, 3].map(() => one.click())"
        )
        page.wait_for_selector(".face", timeout=60_000)
        assert sent == ["POST v1/analyze"]
        with page.expect_file_chooser() as waiting:
            page.click("text=Add")
        waiting.value.set_files([ASTRONAUT, ASTRONAUT, ASTRONAUT])
        page.wait_for_selector(".summary progress")
        assert violations(page) == []
        page.wait_for_selector(".summary:has-text('4 faces')", timeout=60_000)
        assert set(sent) == {"POST v1/analyze"} and len(sent) <= 4


def test_a_video_shows_how_much_is_sent(browser: Any, house: Any, tmp_path: Path) -> None:
    clip = clips.write_face(tmp_path / "clip.avi", 60, 10)
    content = clip.read_bytes()
    padded = tmp_path / "padded.avi"
    padded.write_bytes(content + bytes(max(0, 250_000 - len(content))))
    with tab(browser, f"{house.url}/#/video") as page, counted(page) as sent:
        throttle(page, FAR)
        with page.expect_file_chooser() as waiting:
            page.click("text=Choose a video")
        waiting.value.set_files(padded)
        shares = set()
        while page.locator(".chip.good").count() == 0:
            bar = page.locator("progress[aria-label^='Sending']")
            if bar.count():
                shares.add(bar.evaluate("(one) => one.value"))
            page.wait_for_timeout(100)
        assert len([share for share in shares if 0 < share < 1]) >= 3
        assert sent == ["POST v1/videos"]
        page.click("text=Delete", click_count=3, delay=30)
        page.wait_for_selector(".drop")
        assert len(sent) == 2 and sent[1].startswith("DELETE v1/videos/")


def test_an_answer_to_an_alert_is_sent_once(browser: Any, tmp_path: Path) -> None:
    log = make_log(tmp_path)
    (tmp_path / "served").mkdir()
    with (
        serving_people(tmp_path / "served", log) as own,
        visit(browser, own, "people") as page,
        counted(page) as sent,
    ):
        page.wait_for_selector(".alert-card.open >> nth=1")
        throttle(page, STALLED)
        for _ in range(3):
            page.keyboard.press("a")
        assert page.locator(".alert-card[aria-busy=true]").count() == 1
        page.wait_for_selector("#notices:has-text('Waiting for the server')")
        assert violations(page) == []
        page.wait_for_selector(".alert-card.acknowledged")
        page.wait_for_selector("#notices:has-text('Waiting for the server')", state="hidden")
        assert len(sent) == 1 and sent[0].endswith("/acknowledgement")
        throttle(page, FAR)
        page.click("text=Enrol a person")
        page.fill("#field-pseudonym", "room-12")
        page.keyboard.press("Enter")
        page.click("text=Enrol a person")
        page.fill("#field-pseudonym", "room-12")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('room-12')")
        assert sent[1:] == ["POST v1/log/persons"]
    assert own.faults == []
