"""The view of pictures, in a real browser, on the public portraits."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mien.escaping import for_csv
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.sinks.csv import CsvSink
from tests.server.support.tabs import PHONE, download, tab, violations

WAIT = "document.querySelector('.summary progress') === null"
DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
  }
  const drop = {dataTransfer: transfer, bubbles: true, cancelable: true};
  for (const name of ["dragenter", "dragover", "drop"]) {
    document.querySelector(".drop").dispatchEvent(new DragEvent(name, drop));
  }
}"""


def choose(page: Any, files: list[Path], button: str = "text=Choose pictures") -> None:
    with page.expect_file_chooser() as waiting:
        page.click(button)
    waiting.value.set_files(files)


def finished(page: Any) -> None:
    page.wait_for_selector(".summary progress", state="detached", timeout=60_000)
    page.wait_for_selector(".summary p.numbers:has-text('pictures ·')", timeout=60_000)


def test_the_sample(browser: Any, house: Any, tmp_path: Path) -> None:
    (reading,) = Recognizer().image(ASTRONAUT)
    with tab(browser, house.url) as page:
        page.click("text=Try it with a sample")
        page.wait_for_selector(".face")
        assert page.inner_text(".face .expression") == reading.expression
        assert page.inner_text(".face .share") == f"{reading.prob:.0%}"
        names = page.locator(".face .bars .name").all_inner_texts()
        assert names == [label for label, _ in reading.emotions.ranked()]
        box, image = page.locator(".box").bounding_box(), page.locator(".sheet img").bounding_box()
        scale = image["width"] / 512
        assert box["x"] - image["x"] == pytest.approx(reading.face.box.x1 * scale, abs=2)
        assert box["y"] - image["y"] == pytest.approx(reading.face.box.y1 * scale, abs=2)
        assert box["width"] == pytest.approx(reading.face.box.width * scale, abs=2)
        page.wait_for_selector("#say:has-text('1 face')")
        assert violations(page) == []
        drawn = download(page, "text=Picture with boxes", tmp_path)
        assert Image.open(drawn).size == (512, 512)


def test_several_with_a_broken_one(browser: Any, house: Any, photos: Path, tmp_path: Path) -> None:
    broken, comma = tmp_path / "broken.jpg", tmp_path / '=sum,"a".jpg'
    broken.write_bytes(ASTRONAUT.read_bytes()[:2000])
    comma.write_bytes((photos / "biden.jpg").read_bytes())
    empty = tmp_path / "empty.png"
    Image.new("RGB", (64, 64), "grey").save(empty)
    files = [photos / "obama_smile.jpg", broken, comma, empty]
    with tab(browser, house.url, size=PHONE) as page:
        choose(page, files)
        finished(page)
        assert page.inner_text(".summary") == "4 pictures · 2 faces · 1 could not be read"
        page.click(".thumb.failed")
        assert "broken.jpg could not be read" in page.inner_text(".cards")
        page.keyboard.press("ArrowRight")  # along the thumbnails
        assert page.inner_text(".face-head .expression")
        page.keyboard.press("n")
        assert "No face found" in page.inner_text(".cards")
        table = download(page, "text=CSV", tmp_path)
        objects = json.loads(download(page, "text=JSON", tmp_path).read_text())
    # the same as the library's own sink, but for the names, which a browser gives without folders
    good = [path for path in files if path != broken]
    expected = io.StringIO()
    with CsvSink(expected) as sink:
        for result in Recognizer().images(good):
            sink.write(result)
    rows = list(csv.reader(io.StringIO(table.read_text())))
    others = list(csv.reader(io.StringIO(expected.getvalue())))
    assert rows[0] == others[0]
    assert [row[1:] for row in rows[1:]] == [row[1:] for row in others[1:]]
    assert [row[0] for row in rows[1:]] == [str(for_csv(path.name)) for path in good]
    assert [found["source"] for found in objects] == [path.name for path in good]


def test_faces_and_cards_are_linked(browser: Any, house: Any, two_faces: Path) -> None:
    with tab(browser, house.url) as page:
        choose(page, [two_faces])
        page.wait_for_selector(".face >> nth=1")
        page.click(".box >> nth=1")
        assert page.locator(".face.chosen").get_attribute("data-face") == "1"
        page.keyboard.press("ArrowRight")
        assert page.locator(".face.chosen").get_attribute("data-face") == "0"
        assert page.locator(".box[aria-pressed=true]").get_attribute("data-face") == "0"
        page.click(".face >> nth=1")
        assert page.locator(".box[aria-pressed=true]").get_attribute("data-face") == "1"
        page.keyboard.press("2")  # another view, and back: the picture is still there
        page.wait_for_selector("main.live h1")
        page.go_back()
        page.wait_for_selector(".face >> nth=1")


@pytest.fixture
def two_faces(photos: Path, tmp_path: Path) -> Path:
    """Two portraits side by side."""
    left, right = (Image.open(photos / name) for name in ("biden.jpg", "obama_smile.jpg"))
    height = min(left.height, right.height)
    both = Image.new("RGB", (left.width + right.width, height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    path = tmp_path / "both.png"
    both.save(path)
    return path


@pytest.mark.slow
def test_fifty_dropped(browser: Any, house: Any, photos: Path) -> None:
    import base64

    data = [ASTRONAUT.read_bytes(), (photos / "biden.jpg").read_bytes()]
    files = [(f"{at}.jpg", base64.b64encode(data[at % 2]).decode()) for at in range(50)]
    files[17] = ("broken.jpg", base64.b64encode(b"not a picture").decode())
    with tab(browser, house.url) as page:
        page.evaluate(DROP, [files])
        page.wait_for_selector(".thumb >> nth=49")
        page.wait_for_selector(".face")  # the first one is shown before the last is done
        finished(page)
        assert page.inner_text(".summary") == "50 pictures · 49 faces · 1 could not be read"
        assert page.locator(".thumb.failed").get_attribute("title") == "broken.jpg"
        page.focus(".thumb[aria-current]")
        page.keyboard.press("End")
        assert page.locator(".thumb[aria-current]").get_attribute("title") == "49.jpg"
        page.click("text=Clear")
        page.wait_for_selector(".drop")
