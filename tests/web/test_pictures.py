from __future__ import annotations

from collections.abc import Iterator

import pytest

from mien.errors import ConfigError, ImageReadError
from mien.media.images import is_address, read_image
from mien.samples import ASTRONAUT
from mien.web import pictures
from mien.web.pictures import ALLOW_PRIVATE, fetch_picture
from tests.support.web import Web, content, serving, status


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOW_PRIVATE, raising=False)


@pytest.fixture
def web() -> Iterator[Web]:
    pages = {
        "/a.jpg": content(ASTRONAUT.read_bytes()),
        "/page": content(b"<html>", "text/html"),
        "/gone": status(404),
        "/big": content(b"x" * 200_000),
    }
    with serving(pages) as web:
        yield web


def test_a_picture_comes_from_the_web(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetch_picture(f"{web.url}/a.jpg", True) == ASTRONAUT.read_bytes()
    assert read_image(f"{web.url}/a.jpg", allow_private=True).shape == (512, 512, 3)
    monkeypatch.setenv(ALLOW_PRIVATE, "1")
    assert read_image(f"{web.url}/a.jpg").shape == (512, 512, 3)
    with pytest.raises(ImageReadError, match="not on the internet"):
        read_image(f"{web.url}/a.jpg", allow_private=False)


def test_private_servers_are_not_asked(web: Web) -> None:
    with pytest.raises(ImageReadError, match=r"allow_private.*--allow-private.*PRIVATE=1"):
        fetch_picture(f"{web.url}/a.jpg")
    assert not web.asked


def test_why_there_is_no_picture(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.web.download.MAX_BYTES", 100_000)
    for path, words in (("gone", "HTTP 404 Not Found"), ("page", "not a picture"), ("big", "larg")):
        with pytest.raises(ImageReadError, match=words):
            read_image(f"{web.url}/{path}", allow_private=True)
    with pytest.raises(ImageReadError, match="above the limit"):
        read_image(f"{web.url}/a.jpg", allow_private=True, max_pixels=1000)
    monkeypatch.setattr(pictures, "LONGEST", 0.0)
    with pytest.raises(ImageReadError, match="too slow"):
        fetch_picture(f"{web.url}/a.jpg", True)


def test_the_variable_is_0_or_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_PRIVATE, "yes")
    with pytest.raises(ConfigError, match="give 0 or 1"):
        fetch_picture("http://127.0.0.1/")


def test_what_is_an_address() -> None:
    assert is_address("https://host/a.jpg") and is_address("HTTP://host")
    assert not any(map(is_address, ("https:/a.jpg", "ftp://host/a", "a.jpg", b"http://host", 3)))
