"""The page in a real browser, by keyboard alone."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mien.labels import FERPLUS
from tests.support import sample
from tests.support.fer2013 import Row
from tests.support.labelling import Page, page, write_faces

HOSTILE = "<img src=x onerror=alert(1)>&quot;'\"$(id)`;.png"


@pytest.fixture
def folder(tmp_path: Path, fer2013_rows: list[Row]) -> Path:
    """Ten faces of FER2013, or of the portraits, in a folder of the wrong expression."""
    folder = tmp_path / "faces" / "disgust"
    folder.mkdir(parents=True)
    for number, row in enumerate(fer2013_rows[:10]):
        Image.fromarray(row.image).save(folder / f"{number}.png")
    return folder.parent


def shown(browser: Any, opened: Page, **options: Any) -> Any:
    """A tab on the page; it fails if a script or the console reports an error."""
    tab = browser.new_context(**options).new_page()
    tab.faults = []
    tab.on("pageerror", lambda error: tab.faults.append(str(error)))
    tab.on("console", lambda line: line.type == "error" and tab.faults.append(line.text))
    tab.on("dialog", lambda dialog: tab.faults.append(dialog.message) or dialog.dismiss())
    tab.goto(opened.url)
    at(tab, 1)
    return tab


def at(tab: Any, number: int) -> None:
    """Wait until a picture is shown and its keys are taken."""
    tab.wait_for_function(
        "n => view && view.number === n - 1 && !busy && document.getElementById('picture').complete"
        " && document.getElementById('place').textContent.startsWith(`Picture ${n} `)", arg=number
    )  # fmt: skip


def rows(opened: Page) -> list[dict[str, str]]:
    with opened.opened.path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_ten_faces_by_keyboard(browser: Any, folder: Path) -> None:
    with page(folder, model="default", order_of="anna") as opened:
        tab = shown(browser, opened)
        order = opened.opened.session.order
        assert tab.locator("#suggestion").is_hidden() and "disgust" not in tab.content().split(
            "<main>"
        )[1].replace("<span>disgust</span>", "").replace('data-label="disgust"', "")
        assert tab.evaluate("document.getElementById('picture').naturalWidth") == 48
        for number, key in enumerate("1234", 1):
            tab.keyboard.press(key)
            at(tab, number + 1)
        tab.keyboard.press("u")  # the fourth again
        at(tab, 4)
        tab.keyboard.press("8")
        at(tab, 5)
        tab.keyboard.press("m")
        tab.wait_for_selector("#suggestion .ranked")
        tab.keyboard.press("5")
        at(tab, 6)
        assert tab.locator("#suggestion").is_hidden()
        tab.reload()  # goes on where it was
        at(tab, 6)
        tab.keyboard.press("s")
        at(tab, 7)
        tab.keyboard.press("x")
        at(tab, 8)
        tab.keyboard.press("ArrowLeft")
        at(tab, 7)
        assert tab.locator("#not-a-face").get_attribute("aria-pressed") == "true"
        tab.keyboard.press("Numpad7")  # a new answer replaces it
        at(tab, 8)
        for number in (8, 9):
            tab.keyboard.press("2")
            at(tab, number + 1)
        tab.keyboard.press("o")
        tab.wait_for_selector("#old b")
        assert tab.locator("#old").inner_text().split() == [
            "Labelled", "before:", "disgust", "k", "Keep", order[9]
        ]  # fmt: skip
        tab.keyboard.press("3")
        tab.wait_for_selector("#end[open]")
        assert tab.locator("#end-title").inner_text() == "All pictures have an answer"
        tab.keyboard.press("Enter")
        tab.wait_for_selector("body.ended")
        assert not tab.faults
    found = {row["path"]: row for row in rows(opened)}
    expected = [FERPLUS[int(k) - 1] for k in "123"] + ["contempt", "anger", "", "fear"]
    assert [found[name]["label"] for name in order] == [*expected, *["happiness"] * 2, "surprise"]
    assert [found[name]["answer"] for name in order][5:7] == ["cannot tell", "labelled"]
    assert [found[name]["suggestion_shown"] for name in order] == [
        *["no"] * 4,
        "before",
        *["no"] * 5,
    ]
    assert [found[name]["old_label_shown"] for name in order] == [*["no"] * 9, "before"]
    assert all(0 < float(row["seconds"]) < 60 for row in rows(opened))


def test_a_held_key_and_keys_of_the_browser_answer_nothing(browser: Any, folder: Path) -> None:
    with page(folder) as opened:
        tab = shown(browser, opened)
        for _ in range(5):
            tab.keyboard.down("1")  # the browser sends repeats
        tab.keyboard.up("1")
        at(tab, 2)
        for key in ("Control+1", "Alt+1", "Meta+x", "Escape", "k", "9", "0"):
            tab.keyboard.press(key)
        at(tab, 2)
        tab.keyboard.press("?")
        tab.wait_for_selector("#help[open]")
        tab.keyboard.press("1")  # not while the help is open
        tab.keyboard.press("Escape")
        at(tab, 2)
        assert opened.opened.session.done == 1 and not tab.faults


def test_two_tabs_of_one_rater(browser: Any, folder: Path) -> None:
    with page(folder) as opened:
        first, second = shown(browser, opened), shown(browser, opened)
        first.keyboard.press("1")
        at(first, 2)
        second.keyboard.press("2")
        second.wait_for_selector("#alert:not([hidden])")
        assert "another window" in second.locator("#alert").inner_text()
        second.wait_for_function("() => view.label === 'neutral' && !busy")
        second.keyboard.press("2")  # seen now, so it counts
        at(second, 2)
        assert [row["label"] for row in rows(opened)] == ["neutral", "happiness"]


def test_nothing_is_lost_silently_when_the_program_has_ended(browser: Any, folder: Path) -> None:
    with page(folder) as opened:
        tab = shown(browser, opened)
        tab.keyboard.press("1")
        at(tab, 2)
        tab.context.set_offline(True)
        tab.keyboard.press("2")
        tab.wait_for_selector("#alert:not([hidden])")
        assert "run the same command again" in tab.locator("#alert").inner_text()
        assert tab.locator("#place").inner_text().startswith("Picture 2 ")
        tab.context.set_offline(False)  # a short hitch
        tab.wait_for_function("() => !busy")
        tab.keyboard.press("2")
        at(tab, 3)
        assert tab.locator("#alert").is_hidden()


def test_hostile_names_are_text(browser: Any, tmp_path: Path) -> None:
    sample.crop(0, 48).save(tmp_path / HOSTILE)
    (tmp_path / "faces.csv").write_text(
        f'path,label\n"{HOSTILE.replace(chr(34), chr(34) * 2)}",<script>alert(1)</script>\n'
    )
    label = "<b onclick=alert(1)>x</b>"
    with page(tmp_path, labels=f"{label},two") as opened:
        tab = shown(browser, opened)
        assert tab.locator("#labels .choice").first.inner_text().split("\n")[-1] == label
        tab.keyboard.press("o")
        tab.wait_for_selector("#old b")
        assert tab.locator("#old b").inner_text() == "<script>alert(1)</script>"
        assert tab.locator("#old p").nth(1).inner_text() == HOSTILE
        tab.keyboard.press("1")
        tab.wait_for_selector("#end[open]")
        assert not tab.faults
    assert (rows(opened)[0]["path"], rows(opened)[0]["label"]) == (HOSTILE, label)


def test_correcting_old_labels(browser: Any, folder: Path) -> None:
    with page(folder, show_old=True) as opened:
        tab = shown(browser, opened)
        assert tab.locator("#old b").inner_text() == "disgust"
        tab.keyboard.press("k")
        at(tab, 2)
        tab.keyboard.press("1")
        at(tab, 3)
        assert not tab.faults
    assert [(row["label"], row["old_label"], row["old_label_shown"]) for row in rows(opened)] == [
        ("disgust", "disgust", "before"), ("neutral", "disgust", "before")
    ]  # fmt: skip


def test_a_damaged_picture_can_be_passed(browser: Any, folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"no picture")
    with page(folder) as opened:
        tab = browser.new_context().new_page()
        tab.goto(opened.url)
        tab.wait_for_selector("#no-picture:not([hidden])")
        assert "cannot be shown" in tab.locator("#no-picture").inner_text()
        tab.wait_for_function("() => !busy")
        tab.keyboard.press("x")
        tab.wait_for_function("() => view.number === 1")
        assert opened.opened.session.done == 1


CONTRASTS = """
() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (at) => {
    const color = getComputedStyle(at).backgroundColor;
    return /, 0\\)$|^transparent$/.test(color) ? ground(at.parentElement) : color;
  };
  return [...document.querySelectorAll("h1, h2, p, kbd, button:enabled, span, b")]
    .filter((each) => each.checkVisibility() && each.innerText.trim())
    .map((each) => {
      const [a, b] = [light(getComputedStyle(each).color), light(ground(each))];
      return [each.innerText, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
}
"""
"""Texts and their contrast by WCAG's formula."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_it_can_be_read(browser: Any, folder: Path, scheme: str, width: int, height: int) -> None:
    """WCAG AA contrast of all text, no sideways scrolling, and a name for every control."""
    with page(folder, model="default") as opened:
        tab = shown(
            browser, opened, color_scheme=scheme, viewport={"width": width, "height": height}
        )
        tab.keyboard.press("1")
        at(tab, 2)
        tab.keyboard.press("ArrowLeft")
        at(tab, 1)
        tab.keyboard.press("m")
        tab.keyboard.press("o")
        tab.wait_for_selector("#suggestion .ranked")
        contrasts = tab.evaluate(CONTRASTS)
        assert len(contrasts) > 40 and not [each for each in contrasts if each[1] < 4.5]
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if width > 1000:
            assert tab.evaluate("document.documentElement.scrollHeight") <= height
            panel = "document.querySelector('.panel')"
            assert tab.evaluate(f"{panel}.scrollHeight - {panel}.clientHeight") <= 0
        for text in tab.locator("button:visible").all_inner_texts():
            assert re.search(r"[A-Za-z]{3}|^\?", text), text
        assert tab.locator("#picture").get_attribute("alt") == "Picture 1 of 10: the face to label"
        assert "anna" in tab.locator("#rater").inner_text()
        tab.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert tab.evaluate(outline) == "solid"
        assert not tab.faults


def test_without_a_model_nothing_speaks_of_it(browser: Any, tmp_path: Path) -> None:
    with page(write_faces(tmp_path, 2), labels="bored,pain") as opened:
        tab = shown(browser, opened)
        assert tab.locator("#suggestion-button").is_hidden()
        tab.keyboard.press("m")
        at(tab, 1)
        tab.keyboard.press("2")
        at(tab, 2)
        assert rows(opened)[0]["label"] == "pain" and not tab.faults
