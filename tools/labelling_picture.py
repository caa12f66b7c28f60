"""Draw docs/images/labelling.png: the page of ``mien data label`` in Debian's chromium.

    pip install playwright
    python tools/labelling_picture.py

Every face on it is cut from the one portrait of the package, which is in the public domain.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from threading import Thread

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from mien.labelling.opening import open_session
from mien.labelling.server import LabelServer
from mien.media.images import read_image
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "labelling.png"
FACES, SIZE = 40, {"width": 1280, "height": 800}


def write_faces(folder: Path) -> None:
    """Crops around the face of the portrait, each a little larger or smaller."""
    image = read_image(ASTRONAUT)
    box = Recognizer().image(image)[0].face.box
    rng = np.random.default_rng(0)
    for number in range(FACES):
        half = (box.y2 - box.y1) * rng.uniform(0.6, 0.75)
        x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
        corners = (round(x - half), round(y - half), round(x + half), round(y + half))
        Image.fromarray(image).crop(corners).save(folder / f"{number:02}.png")


def main() -> None:
    """Answer a few faces and ask for the suggestion of the next."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_faces(Path(folder))
        with (
            open_session(folder, "anna", model="default", order_of="anna") as opened,
            LabelServer(opened.session) as server,
        ):
            Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            tab = browser.new_page(viewport=SIZE, color_scheme="light")
            tab.goto(server.url)
            for number in range(12):
                tab.wait_for_function(f"() => view && view.number === {number} && !busy")
                tab.wait_for_timeout(2000)  # as a person, for the time that is left
                tab.keyboard.press("2")
            tab.wait_for_function("() => view.number === 12 && !busy")
            tab.keyboard.press("m")
            tab.wait_for_selector("#suggestion .ranked")
            tab.wait_for_timeout(3000)
            picture = Image.open(io.BytesIO(tab.screenshot()))
            browser.close()
            server.shutdown()
    picture.convert("RGB").quantize(200).save(OUT, optimize=True)


if __name__ == "__main__":
    main()
