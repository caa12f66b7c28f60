"""An HTML file as a browser would see it."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, the text."""

    void = ("meta", "img", "br", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words += " " if tag in ("td", "th") else ""
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def check_alone(html: str, images: int) -> None:
    """It is one file that asks the network for nothing, with so many pictures in it."""
    page = Page(html)
    assert not page.open  # every element is closed, in order
    assert not {"link", "script", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?://|url\(|@import", html)
    found = page.all("img")
    assert len(found) == images
    for image in found:
        kind, _, data = str(image["src"]).partition(",")
        magic = {"data:image/png;base64": b"\x89PNG", "data:image/jpeg;base64": b"\xff\xd8"}[kind]
        assert base64.b64decode(data, validate=True).startswith(magic)
        assert image["alt"]


def check_for_people(html: str) -> None:
    """It has a language, one heading, and tables that can be read aloud."""
    page = Page(html)
    assert page.all("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))
    assert len(page.all("h1")) == 1 and len(page.all("main")) == 1
    assert all("scope" in cell for cell in page.all("th"))
