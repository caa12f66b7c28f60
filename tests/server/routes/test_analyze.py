"""Pictures over a real connection: every form, drawings, and what is refused."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

import httpx

from mien.pipeline import Recognizer
from mien.server.pictures import _from_json
from mien.server.problems import Problem
from mien.server.settings import Limits
from tests.server.support.served import Served, serving

JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = Limits(body_bytes=3_000_000, pictures=5, pixels=1_000_000)
    with serving(tmp_path_factory.mktemp("served"), limits=limits) as server:
        yield server
        assert server.faults == []


@pytest.fixture(scope="module")
def client(one: Served) -> Iterator[httpx.Client]:
    with one.client() as client:
        yield client


@pytest.fixture(scope="module")
def portraits(photos: Path) -> list[Path]:
    return sorted(photos.glob("*.jpg"))


@pytest.fixture(scope="module")
def expected(portraits: list[Path]) -> list[dict[str, Any]]:
    """What the library says, with the names as sources."""
    recognizer = Recognizer(threads=1)
    results = [recognizer.image(path.read_bytes()).to_dict() for path in portraits]
    return [
        {"name": path.name, "result": result | {"source": path.name}}
        for path, result in zip(portraits, results, strict=True)
    ]


def test_a_form(client: httpx.Client, portraits: list[Path], expected: list[Any]) -> None:
    files = [("pictures", (path.name, path.read_bytes())) for path in portraits]
    answer = client.post("/v1/analyze", files=files)
    assert answer.status_code == 200 and answer.json()["results"] == expected
    assert answer.json()["elapsed_ms"] > 0 and len(expected[0]["result"]["faces"]) > 0
    assert answer.headers["cache-control"] == "no-store"


def test_json(client: httpx.Client, portraits: list[Path], expected: list[Any]) -> None:
    pictures = [
        {"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()}
        for path in portraits
    ]
    answer = client.post("/v1/analyze", json={"pictures": pictures})
    assert answer.json()["results"] == expected


def test_a_body(client: httpx.Client, portraits: list[Path], expected: list[Any]) -> None:
    path = portraits[0]
    for options in (
        {"params": {"name": path.name}, "headers": JPEG},
        {"headers": {"Content-Type": "application/octet-stream", "X-Name": path.name}},
    ):
        answer = client.post("/v1/analyze", content=path.read_bytes(), **options)
        assert answer.json()["results"] == expected[:1]
    named = client.post("/v1/analyze", content=path.read_bytes(),
                        headers=JPEG | {"X-Name": "J%C3%BCrgen.jpg"})  # fmt: skip
    assert named.json()["results"][0]["name"] == "Jürgen.jpg"


def test_drawings(client: httpx.Client, portraits: list[Path]) -> None:
    data = portraits[0].read_bytes()
    plain = Image.open(io.BytesIO(data))
    answer = client.post("/v1/analyze?draw=1", content=data, headers=JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    drawn = Image.open(io.BytesIO(answer.content))
    assert drawn.size == plain.size
    assert (np.abs(np.asarray(drawn, float) - np.asarray(plain, float)).max(2) > 90).mean() > 0.001
    files = [("pictures", (path.name, path.read_bytes())) for path in portraits]
    entries = client.post("/v1/analyze?draw=true", files=files).json()["results"]
    for entry, path in zip(entries, portraits, strict=True):
        head, _, text = entry["drawn"].partition(",")
        assert head == "data:image/jpeg;base64" and entry["name"] == path.name
        assert max(Image.open(io.BytesIO(base64.b64decode(text))).size) <= 1600


def test_a_broken_picture_does_not_fail_the_others(
    client: httpx.Client, portraits: list[Path], expected: list[Any]
) -> None:
    names = ["a.jpg", portraits[0].name, "../../etc/passwd", ""]
    data = [b"no picture", portraits[0].read_bytes(), b"", portraits[0].read_bytes()[:500]]
    files = [("pictures", each) for each in zip(names[:3], data[:3], strict=True)]
    entries = client.post("/v1/analyze", files=files).json()["results"]
    assert [entry["name"] for entry in entries] == ["a.jpg", portraits[0].name, "passwd"]
    assert entries[1] == expected[0]
    for entry in (entries[0], entries[2]):
        assert entry["problem"]["status"] == 422 and "\n" not in entry["problem"]["detail"]
    one = client.post("/v1/analyze?draw=1", content=data[3], headers=JPEG)
    assert one.status_code == 422 and one.json()["detail"]


def test_what_is_refused(client: httpx.Client, portraits: list[Path]) -> None:
    data, form = portraits[0].read_bytes(), "multipart/form-data; boundary=x"
    text = base64.b64encode(data).decode()

    def status(content: Any = None, kind: str = "application/json", **options: Any) -> int:
        headers = {"Content-Type": kind} if content is not None else {}
        answer = client.post("/v1/analyze", content=content, headers=headers, **options)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code and answer.json()["detail"]
        return answer.status_code

    assert status() == 415 and status("a", "text/plain") == 415
    assert status(data, "image/jpeg", params={"draw": "maybe"}) == 422
    assert status("{") == 422 and status("[]") == 422 and status('{"pictures": {}}') == 422
    assert status('{"pictures": []}') == 422 and status('{"pictures": [1]}') == 422
    assert status('{"pictures": [{"data": "*"}]}') == 422
    assert status('{"pictures": [{"data": "aa\\ud800"}]}') == 422
    assert status(json.dumps({"pictures": [{"data": text, "path": "/etc/passwd"}]})) == 422
    assert status(json.dumps({"pictures": [{"data": text, "name": "x" * 256}]})) == 422
    assert status("[" * 100_000) == 422
    assert status(json.dumps({"pictures": [{"data": "aaaa"}] * 6})) == 413
    assert status(b"x" * 3_000_001, "image/jpeg") == 413
    assert status(iter([b"x" * 1_000_000] * 4), "image/jpeg") == 413  # without a length
    assert status(b"x", "multipart/form-data") == 422 and status(b"x", form) == 422
    assert status(b"--x--\r\n", form) == 422
    head = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n%s\r\ndata\r\n--x--\r\n'
    assert status(head % (b"pictures", b"", b""), form) == 422
    assert status(head % (b"other", b'; filename="a"', b""), form) == 422
    assert (
        status(head % (b"pictures", b'; filename="a"', b"X: " + b"y" * 10_000 + b"\r\n"), form)
        == 422
    )
    assert status(head % (b"pictures", b'; filename="a"', b"X: y\r\n" * 20), form) == 422
    part = b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="a"\r\n\r\nx\r\n'
    assert status(part * 6 + b"--x--\r\n", form) == 413
    assert status(part * 2000 + b"--x--\r\n", form) == 413


def test_json_that_would_take_much_memory_is_not_parsed() -> None:
    body = b'{"pictures": [' + b"[]," * 200_000 + b"[]]}"
    with pytest.raises(Problem, match="far more parts") as refused:
        _from_json(body, Limits())
    assert refused.value.status == 422
    names = json.dumps({"pictures": [{"name": "," * 255, "data": "aaaa"}] * Limits().pictures})
    assert len(_from_json(names.encode(), Limits())) == Limits().pictures


def test_too_many_pixels(client: httpx.Client) -> None:
    buffer = io.BytesIO()
    Image.new("1", (1001, 1000)).save(buffer, "PNG")
    answer = client.post("/v1/analyze", content=buffer.getvalue(), headers=JPEG)
    assert answer.json()["results"][0]["problem"]["status"] == 422
    assert "pixels" in answer.json()["results"][0]["problem"]["detail"]
