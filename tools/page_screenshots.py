"""Screenshots of the page of ``mien serve``: every view, dark and light, on a phone and a desktop.

    pip install '.[server,log]' playwright
    python tools/page_screenshots.py FOLDER            # PNG files, to be looked at
    python tools/page_screenshots.py FOLDER --docs     # and docs/images/page_*.webp of the best

Every face is one of the public-domain portraits; the log is made up.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.server.support.fake_camera import camera_browser
from tests.server.support.served import Served, serving
from tests.server.support.simulated_log import simulated_log
from tests.support.clips import write_frames

from mien.media.images import read_image
from mien.samples import ASTRONAUT

REPO = Path(__file__).resolve().parents[1]
PHOTOS = REPO / "tests" / "fixtures" / "photos"
IMAGES = REPO / "docs" / "images"
SIZES = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 360, "height": 740},
}
DOCS = {  # picture of the documents → screenshot, of which size and colours
    "page_picture": "picture-several-desktop-light",
    "page_live": "live-running-desktop-dark",
    "page_video": "video-done-desktop-light",
    "page_people": "people-days-desktop-light",
    "page_phone": "live-running-phone-dark",
}
Shoot = Callable[[str], None]


def scene(people: list[str], shift: int = 0) -> NDArray[np.uint8]:
    """Portraits side by side, RGB (540, 960, 3), moved ``shift`` pixels to the left."""
    width = 960 // len(people)
    parts = []
    for name in people:
        image = read_image(ASTRONAUT if name == "astronaut" else PHOTOS / f"{name}.jpg")
        height = min(image.shape[0], round(image.shape[1] * 540 / width))
        across = round(height * width / 540)
        left = (image.shape[1] - across) // 2
        part = np.ascontiguousarray(image[:height, left : left + across])
        parts.append(cv2.resize(part, (width, 540), interpolation=cv2.INTER_AREA))
    return np.roll(np.concatenate(parts, axis=1), -shift, axis=1)


def film() -> Iterator[NDArray[np.uint8]]:
    """Six seconds at 30 a second: two people who move a little."""
    for number in range(180):
        yield scene(["biden", "obama_smile"], round(12 + 12 * np.sin(number * np.pi / 45)))


def short_film(path: Path) -> Path:
    """Four seconds: one, then the other, then nobody, in a format that browsers play."""
    order = [["biden"]] * 14 + [["astronaut"]] * 14 + [["obama_smile"]] * 12
    frames = [scene(people, number % 7) for number, people in enumerate(order)]
    return write_frames(path, frames, 10)


def choose(page: Any, button: str, files: list[Path]) -> None:
    """Pick files after a click on ``button``."""
    with page.expect_file_chooser() as waiting:
        page.click(button)
    waiting.value.set_files(files)


def shoot_picture(page: Any, shoot: Shoot, folder: Path) -> None:
    """Empty, one face, several pictures, and one that is broken."""
    shoot("picture-empty")
    page.click("text=Try it with a sample")
    page.wait_for_selector(".face")
    shoot("picture-one")
    Image.fromarray(scene(["biden", "astronaut", "obama_smile"])).save(folder / "three.png")
    (folder / "broken.jpg").write_bytes(ASTRONAUT.read_bytes()[:4000])
    files = [folder / "three.png", PHOTOS / "biden.jpg", folder / "broken.jpg"]
    choose(page, ".of-view >> text=Add", [*files, PHOTOS / "obama_smile.jpg"])
    page.wait_for_selector(".summary p:has-text('could not be read')")
    page.keyboard.press("ArrowRight")
    shoot("picture-several")
    page.click(".thumb.failed")
    shoot("picture-broken")


def shoot_live(page: Any, shoot: Shoot, folder: Path) -> None:
    """Before the start, running, and where no camera opens."""
    shoot("live-start")
    page.context.clear_permissions()
    page.click("text=Start the camera")
    page.wait_for_selector("[role=alert]")
    shoot("live-denied")
    page.context.grant_permissions(["camera"])
    page.click("text=Start the camera")
    page.wait_for_selector(".person-now >> nth=1")
    page.wait_for_timeout(12000)
    shoot("live-running")


def shoot_video(page: Any, shoot: Shoot, folder: Path) -> None:
    """Empty, at work, done with its timelines, and the list."""
    shoot("video-empty")
    choose(page, "text=Choose a video", [short_film(folder / "visitors.webm")])
    page.wait_for_selector(".person")
    shoot("video-running")
    page.wait_for_selector(".chip.good:has-text('done')", timeout=60_000)
    page.wait_for_selector(".segments tbody tr", state="attached")
    page.focus(".slider")
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("PageUp")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)
    shoot("video-done")
    page.click("text=All videos")
    page.wait_for_selector(".jobs li")
    shoot("video-list")
    page.click(".jobs [aria-label^=Delete]")


def shoot_people(page: Any, shoot: Shoot, folder: Path) -> None:
    """Everybody, one person with alerts, days, weeks, a table, what is kept, and a new person."""
    page.wait_for_selector(".alert-card")
    shoot("people-all")
    place = page.url.split("#")[0]
    page.goto(f"{place}#/people/anna")
    page.wait_for_selector(".panel svg")
    shoot("people-person")
    scroll(page, ".trends")
    shoot("people-days")
    scroll(page, ".panels:not(.tall)")
    shoot("people-expressions")
    page.click("[data-by=week]")
    scroll(page, ".trends")
    shoot("people-weeks")
    page.click(".panel[data-measure=smiling] summary")
    scroll(page, ".panel[data-measure=smiling]")
    shoot("people-table")
    scroll(page, ".kept")
    shoot("people-kept")
    for name, button in {"consent": "Note a consent", "erase": "Erase anna…"}.items():
        page.click(f"button:has-text('{button}')")
        page.wait_for_selector("dialog[open]")
        shoot(f"people-{name}")
        page.keyboard.press("Escape")
    page.goto(f"{place}#/people/carla")
    page.wait_for_selector(".trends .empty")
    shoot("people-new")


def scroll(page: Any, selector: str) -> None:
    """Bring an element under the header."""
    script = "(element) => scrollTo(0, element.getBoundingClientRect().top + scrollY - 70)"
    page.locator(selector).first.evaluate(script)


def shoot_models(page: Any, shoot: Shoot, folder: Path) -> None:
    """What is loaded, and the list of keys."""
    page.wait_for_timeout(300)
    shoot("models")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    shoot("keys")
    page.keyboard.press("Escape")


VIEWS = {
    "picture": shoot_picture, "live": shoot_live, "video": shoot_video,
    "people": shoot_people, "models": shoot_models,
}  # fmt: skip


def shoot_all(browser: Any, house: Served, folder: Path, views: list[str]) -> None:
    """PNG files ``VIEW-STATE-SIZE-COLOURS.png`` in ``folder``."""
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport=viewport, color_scheme=scheme, permissions=["camera"],
                device_scale_factor=2 if size == "phone" else 1,
            )  # fmt: skip
            page = context.new_page()
            page.goto(house.start_link())
            page.wait_for_selector(".drop")

            def shoot(name: str, end: str = f"{size}-{scheme}", page: Any = page) -> None:
                page.wait_for_timeout(250)
                page.screenshot(path=folder / f"{name}-{end}.png")

            for view in views:
                page.goto(f"{house.url}/#/{view}")
                page.wait_for_selector(f"main.{view} h1")
                with tempfile.TemporaryDirectory() as inner:
                    VIEWS[view](page, shoot, Path(inner))
            context.close()


def write_docs(folder: Path) -> None:
    """The best ones, small, into docs/images."""
    for name, shot in DOCS.items():
        picture = Image.open(folder / f"{shot}.png").convert("RGB")
        if picture.height > picture.width:  # of a phone, two pixels for one
            picture = picture.resize((picture.width // 2, picture.height // 2))
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=82, method=6)
        (IMAGES / f"{name}.webp").write_bytes(out.getvalue())


def main() -> None:
    """Start a server with a made-up log, and look at every view."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--views", nargs="*", default=list(VIEWS), choices=list(VIEWS))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        simulated_log(Path(folder) / "log.db").close()
        with (
            serving(Path(folder), log=Path(folder) / "log.db") as house,
            camera_browser(playwright.chromium, Path(folder), film()) as browser,
        ):
            shoot_all(browser, house, given.folder, given.views)
    if given.docs:
        write_docs(given.folder)


if __name__ == "__main__":
    main()
