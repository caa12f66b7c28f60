from __future__ import annotations

import base64
import re
from collections import Counter
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from mien.drawing.annotate import Mark
from mien.drawing.html import MOST_PICTURES, Shown, card, sheet
from mien.media.images import read_image
from mien.media.preview import shrink
from mien.samples import ASTRONAUT

VOID = {"img"}
HOSTILE = "<script>alert(1)</script>\"' onerror=x \u202e\x1b"


class Reader(HTMLParser):
    """Texts and attributes of well-formed HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    assert set(reader.tags) <= {"div", "span", "b", "img"}
    assert reader.attributes <= {"style", "title", "src", "alt"}
    return reader


def mark(number: int = 0, expression: str = "happiness", labels: int = 2) -> Mark:
    rest = tuple((f"label{i}", 0.2 / (labels - 1)) for i in range(labels - 1))
    return Mark(number, (10, 10, 60, 80), expression, 0.8, ((expression, 0.8), *rest), "small")


def shown(*marks: Mark, image: np.ndarray | None = None, source: str = "a/b.jpg") -> Shown:
    return Shown(source, 400, 300, marks, image, "mtcnn", "default")


def test_a_face_without_a_number_has_none() -> None:
    named = card(shown(mark(7)))
    assert ">7</span>" in named
    assert "None" not in card(shown(mark()._replace(number=None)))


def test_a_card_says_what_was_found() -> None:
    reader = read(card(shown(mark(), mark(1, "fear"))))
    for text in ("happiness", "80%", "fear", "label0", "20%", "a/b.jpg", "400×300", "small"):
        assert text in reader.text
    assert reader.tags["img"] == 0 and "not at hand" in reader.text
    assert "no face found" in read(card(shown())).text


def test_the_picture_is_in_the_page_with_its_boxes() -> None:
    image = np.full((300, 400, 3), 128, np.uint8)
    html = card(shown(mark(), image=image))
    data = re.search(r"base64,([\w+/=]+)", html)
    assert data
    drawn = np.asarray(PIL.Image.open(BytesIO(base64.b64decode(data[1]))))
    assert drawn.shape == image.shape and np.abs(drawn.astype(int) - 128).max() > 60


@pytest.mark.parametrize("image", [None, np.zeros((30, 40, 3), np.uint8)])
def test_foreign_text_is_escaped(image: np.ndarray | None) -> None:
    for html in (
        card(shown(mark(expression=HOSTILE)._replace(note=HOSTILE), image=image, source=HOSTILE)),
        sheet([shown(mark(expression=HOSTILE), image=image, source=HOSTILE)], 1,
              Counter({HOSTILE: 1}), 0),
    ):  # fmt: skip
        reader = read(html)
        assert "<script>alert" in reader.text
        assert "\x1b" not in html and "\u202e" not in html


def test_sizes_are_limited() -> None:
    crowd = [mark(number, labels=80) for number in range(5000)]
    assert len(card(shown(*crowd))) < 60_000
    photo = read_image(ASTRONAUT)
    many = sheet(
        (shown(*crowd, image=shrink(photo, 200)) for _ in range(MOST_PICTURES)), 7000,
        Counter({"happiness": 9}), 3,
    )  # fmt: skip
    assert len(many) < 1_000_000 and "6,980 more" in read(many).text


@pytest.mark.parametrize("size", [(1, 1), (1, 60_000), (60_000, 1)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    image = shrink(np.zeros((*size[::-1], 3), np.uint8), 480)
    one = Shown(None, *size, [mark()], image)
    read(card(one))
    read(card(one._replace(image=None)))
    read(sheet([one, one._replace(image=None)], 2, Counter(), 0))
