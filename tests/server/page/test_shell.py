"""The frame around the views: keyboard, log-in, language and colours, a server that goes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.support.tabs import PHONE, focused, tab, violations

ROLE = "fetch('/v1/session').then((answer) => answer.json()).then(({role}) => role)"
FIRST_PAINT = 200_000
VIEWS = ("picture", "live", "video", "people", "models")


def test_first_paint_is_light_and_from_here_alone(browser: Any, house: Any) -> None:
    context = browser.new_context()
    page, sizes = context.new_page(), {}
    page.on("response", lambda answer: sizes.update({answer.url: answer}))
    page.goto(house.url)
    page.wait_for_selector(".drop")
    assert sum(len(answer.body()) for answer in sizes.values()) < FIRST_PAINT
    assert all(url.startswith(f"{house.url}/") for url in sizes)
    assert not [url for url in sizes if "views/live" in url]
    context.close()


def test_keyboard_alone(browser: Any, house: Any) -> None:
    with tab(browser, f"{house.url}/#/nothing/%E0%A4%A") as page:  # a picture is always there
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content"
        page.keyboard.press("Enter")
        assert focused(page) and page.evaluate("document.activeElement.id") == "view"
        page.keyboard.press("3")
        page.wait_for_selector("main.video h1")
        assert focused(page) == "Video" and page.title() == "Video – Mien"
        page.keyboard.press("?")
        page.wait_for_selector("dialog[open]")
        assert "Picture" in page.inner_text("dialog")
        page.keyboard.press("1")  # belongs to the dialog, not to the page behind it
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert page.url.endswith("#/video")
        page.go_back()
        page.wait_for_selector("main.picture h1")


@pytest.mark.slow
def test_keys_can_be_switched_off(browser: Any, house: Any) -> None:
    with tab(browser, f"{house.url}/#/picture") as page:
        page.keyboard.press("?")
        page.uncheck("dialog input")
        page.keyboard.press("Escape")
        page.keyboard.press("3")
        page.reload()
        page.wait_for_selector(".drop")
        page.keyboard.press("3")
        assert page.url.endswith("#/picture")


@pytest.mark.slow
def test_colours_are_kept(browser: Any, house: Any) -> None:
    with tab(browser, house.url, color_scheme="dark", size=PHONE) as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.click("[aria-label='Light colours']")
        light = page.evaluate(ground)
        assert dark != light and focused(page) is not None
        page.reload()
        page.wait_for_selector(".drop")
        assert page.evaluate(ground) == light


def test_a_token_or_the_start_link_opens_the_page(browser: Any, served: Any) -> None:
    house = served(tokens=True)
    with tab(browser, f"{house.url}/#/video", forgive=("401",)) as page:
        assert page.inner_text("main h1") == "Log in" and violations(page) == []
        page.fill("#token", "mien_wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]:has-text('This token is not valid')")
        assert focused(page) == "token"
        page.fill("#token", house.tokens["watch"])
        page.keyboard.press("Enter")
        page.wait_for_selector("main.video .drop")
        page.click(".switches button:has-text('the watch')")
        page.click("text=Log out")
        page.wait_for_selector("#token")
        assert page.context.cookies() == []
        link = house.start_link()  # leaves no code in the address, and works once
        page.goto(link)
        page.wait_for_selector("main.picture .drop")
        assert page.url == f"{house.url}/"
        (cookie,) = page.context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        assert page.evaluate(ROLE) == "admin"
        page.context.clear_cookies()
        page.goto("about:blank")
        page.goto(link)
        page.wait_for_selector("#notices .message")
        page.wait_for_selector("#token")


@pytest.mark.slow
def test_a_killed_server_comes_back(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
    from tests.server.support.served import serve_process

    with serve_process(tmp_path) as first:
        forgive = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        with tab(browser, f"{first.url}/#/picture", forgive=forgive) as page:
            first.kill()
            page.click("text=Try it with a sample")  # the page's own files are asked for too
            page.wait_for_selector("#banner:not([hidden])")
            assert "does not answer" in page.inner_text("#banner")
            with serve_process(tmp_path, port=first.port):
                page.wait_for_selector("#banner.back", timeout=30_000)
                page.click("text=Try it with a sample")
                page.wait_for_selector(".face")
                page.wait_for_selector("#banner", state="hidden")


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, {"width": 3840, "height": 2160}], ids=["phone", "4K"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, house: Any, size: dict[str, int], scheme: str) -> None:
    for view in VIEWS:
        forgive = ("404", "401", "403")
        url = f"{house.url}/#/{view}"
        with tab(browser, url, color_scheme=scheme, size=size, forgive=forgive) as page:
            page.wait_for_timeout(300)
            assert violations(page) == [], view
            page.keyboard.press("?")
            page.wait_for_selector("dialog[open]")
            assert violations(page) == [], f"keys of {view}"
