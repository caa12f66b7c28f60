"""The door itself: what it answers, and what it refuses. Without a browser."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.labelling.server import MOST_BODY, PAGE, LabelServer
from tests.support.labelling import Page, page, write_faces

ANSWER = {"number": 0, "revision": 0, "kind": "labelled", "label": "fear", "seconds": 1.5}


@pytest.fixture
def open_page(tmp_path: Path) -> Iterator[Page]:
    with page(write_faces(tmp_path / "happy", 6).parent, model="default") as found:
        yield found
        assert not found.faults


def test_a_whole_session(open_page: Page) -> None:
    status, facts = open_page.ask("api/session")
    assert status == 200 and facts["rater"] == "anna" and facts["start"]["number"] == 0
    assert [entry["key"] for entry in facts["labels"]] == list("12345678")
    status, view = open_page.ask("api/answer", ANSWER)
    assert (status, view["label"], view["next_open"]) == (200, "fear", 1)
    assert ",fear,anna,labelled," in open_page.opened.path.read_text()
    status, view = open_page.ask("api/reveal", {"number": 1, "what": "suggestion"})
    assert status == 200 and len(view["suggestion"]) == 3
    status, view = open_page.ask("api/reveal", {"number": 1, "what": "old_label"})
    assert (view["old_label"], view["name"]) == ("happiness", open_page.opened.session.order[1])
    status, view = open_page.ask("api/undo", {})
    assert (status, view["number"], view["kind"]) == (200, 0, "")
    assert open_page.ask("api/undo", {}) == (400, {"error": "there is no answer to undo"})


def test_pictures_by_number(open_page: Page) -> None:
    for number in range(6):
        status, headers, data = open_page.raw("GET", f"{open_page.base}pictures/{number}")
        assert (status, headers["Content-Type"], data[:4]) == (200, "image/png", b"\x89PNG")


def test_the_page_and_its_files(open_page: Page) -> None:
    for name in ("", "label.css", "label.js", "icon.svg"):
        status, headers, data = open_page.raw("GET", open_page.base + name)
        assert status == 200 and data == (PAGE / (name or "index.html")).read_bytes()
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Python" not in headers["Server"]
    html = (PAGE / "index.html").read_text("utf-8")
    assert "style=" not in html and "onclick" not in html and "http" not in html
    assert "innerHTML" not in (PAGE / "label.js").read_text("utf-8")


@pytest.mark.parametrize(
    "target", ["/", "/x", "/x/", "/x/api/session", "//", "/../", "/favicon.ico"]
)
def test_a_wrong_token(open_page: Page, target: str) -> None:
    status, _, data = open_page.raw("GET", target)
    assert status == 403 and open_page.server.token.encode() not in data


def test_a_token_that_is_almost_right(open_page: Page) -> None:
    token = open_page.server.token
    for wrong in (token[:-1], token + "A", token.swapcase(), f"%{ord(token[0]):x}{token[1:]}"):
        assert open_page.raw("GET", f"/{wrong}/")[0] == 403


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:{port}", "[::1]:{port}"]
)
def test_a_foreign_host(open_page: Page, host: str) -> None:
    """DNS rebinding: a foreign name that leads to this machine."""
    host = host.format(port=open_page.server.server_port)
    assert open_page.raw("GET", open_page.base, Host=host)[0] == 421
    local = f"localhost:{open_page.server.server_port}"
    assert open_page.raw("GET", open_page.base, Host=local)[0] == 200


def test_writes_from_elsewhere(open_page: Page) -> None:
    for origin in ("null", "http://evil.example", f"https://{open_page.host}", "http://127.0.0.1"):
        status, reply = open_page.ask("api/answer", ANSWER, Origin=origin)
        assert (status, reply["error"]) == (403, "only the page itself may write")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert open_page.ask("api/answer", ANSWER, Content_Type=kind)[0] == 415
    assert open_page.raw("POST", f"{open_page.base}api/answer", b"{}")[0] == 403
    assert open_page.opened.session.done == 0
    assert open_page.ask("api/answer", ANSWER)[0] == 200


@pytest.mark.parametrize(
    "path", ["pictures/../../etc/passwd", "pictures/%2e%2e/secret", "../label.css", "label.py",
             "pictures/", "pictures/-1", "pictures/0/", "pictures/1e3", "pictures/٣",
             "pictures/0000000000", "..%2f..%2fpyproject.toml", "page/label.js", "api",
             "api/answer", "visit0/00.png", "labels.anna.csv", "index.html\0"]
)  # fmt: skip
def test_paths_lead_nowhere(open_page: Page, path: str) -> None:
    with socket.create_connection(open_page.server.server_address[:2], timeout=20) as plain:
        head = f"GET {open_page.base}{path} HTTP/1.1\r\nHost: {open_page.host}\r\n"
        plain.sendall(f"{head}Connection: close\r\n\r\n".encode())
        reply = b""
        while part := plain.recv(65536):
            reply += part
    assert reply.split()[1] in (b"404", b"400"), reply[:300]


def test_unknown_numbers(open_page: Page) -> None:
    for number in (6, 999_999_999):
        assert open_page.ask(f"pictures/{number}")[0] == 400
        assert open_page.ask(f"api/pictures/{number}")[0] == 400
        assert open_page.ask("api/answer", {**ANSWER, "number": number})[0] == 400
        assert open_page.ask("api/reveal", {"number": number, "what": "suggestion"})[0] == 400


@pytest.mark.parametrize(
    "change", [{"number": None}, {"number": -1}, {"number": True}, {"number": 0.5}, {"number": "0"},
               {"revision": None}, {"kind": "what"}, {"kind": ["labelled"]}, {"label": None},
               {"label": "pain"}, {"label": "x" * 101}, {"label": {}}, {"seconds": None},
               {"seconds": "1"}, {"seconds": -1}, {"kind": ""}]
)  # fmt: skip
def test_wrong_values(open_page: Page, change: dict[str, object]) -> None:
    assert open_page.ask("api/answer", {**ANSWER, **change})[0] == 400
    assert open_page.opened.session.done == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"seconds": NaN}', b'{"a": 1e999}', b"[[[[1]]]]",
             b'{"number": ' + b"9" * 3000 + b"}"]
)  # fmt: skip
def test_bodies_that_are_no_answer(open_page: Page, body: bytes) -> None:
    headers = {"Origin": f"http://{open_page.host}", "Content_Type": "application/json"}
    assert open_page.raw("POST", f"{open_page.base}api/answer", body, **headers)[0] == 400


def test_bodies_that_are_too_long_or_without_length(open_page: Page) -> None:
    headers = {"Origin": f"http://{open_page.host}", "Content_Type": "application/json"}
    target = f"{open_page.base}api/answer"
    for length, expected in ((str(MOST_BODY + 1), 413), ("9" * 12, 413), ("9" * 13, 411),
                             ("-1", 411), ("x", 411), ("", 411)):  # fmt: skip
        status, reply_headers, _ = open_page.raw(
            "POST", target, b"", **headers, Content_Length=length
        )
        assert (status, reply_headers["Connection"]) == (expected, "close")
    chunked = open_page.raw("POST", target, b"0\r\n\r\n", **headers, Transfer_Encoding="chunked",
                            Content_Length="5")  # fmt: skip
    assert chunked[0] == 411
    assert open_page.ask("api/answer", ANSWER)[0] == 200


@pytest.mark.parametrize(
    "raw", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
            b"PUT / HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"]
)  # fmt: skip
def test_noise(open_page: Page, raw: bytes) -> None:
    with socket.create_connection(open_page.server.server_address[:2], timeout=20) as plain:
        plain.sendall(raw)
        plain.shutdown(socket.SHUT_WR)
        try:
            reply = plain.recv(65536)
        except ConnectionResetError:
            reply = b""
    assert b" 200 " not in reply and b"Traceback" not in reply and b"<" not in reply
    assert open_page.ask("api/session")[0] == 200


def test_two_hundred_at_once(open_page: Page) -> None:
    gate = threading.Barrier(200)

    def request(number: int) -> int:
        gate.wait()
        if number % 4:
            return open_page.raw("GET", f"{open_page.base}pictures/{number % 6}")[0]
        return open_page.ask("api/answer", {**ANSWER, "number": number % 6})[0]

    with ThreadPoolExecutor(200) as pool:
        counts = Counter(pool.map(request, range(200)))
    # numbers 0, 2 and 4 are answered once each; the rest are answers to an old view
    assert counts == {200: 150 + 3, 409: 47}
    assert open_page.opened.session.done == 3
    assert len(open_page.opened.path.read_text().splitlines()) == 1 + 3


def test_an_answer_to_an_old_view(open_page: Page) -> None:
    assert open_page.ask("api/answer", ANSWER)[0] == 200
    status, reply = open_page.ask("api/answer", {**ANSWER, "label": "anger"})
    assert status == 409 and "another window" in reply["error"]


def test_pictures_that_are_gone(open_page: Page) -> None:
    (open_page.opened.session.pictures.path / open_page.opened.session.order[0]).unlink()
    status, reply = open_page.ask("pictures/0")
    assert status == 404 and "cannot read" in reply["error"]
    assert open_page.ask("api/reveal", {"number": 0, "what": "suggestion"})[0] == 404
    assert open_page.ask("api/answer", ANSWER)[0] == 200


def test_a_full_disk(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with page(write_faces(tmp_path, 2)) as found:
        with full_disk(10):
            status, reply = found.ask("api/answer", ANSWER)
        assert status == 507 and "cannot write" in reply["error"] and len(found.faults) == 1
        assert found.ask("api/answer", ANSWER)[0] == 200


def test_what_is_unexpected_is_reported_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with page(write_faces(tmp_path, 2)) as found:
        monkeypatch.setattr(found.opened.session, "view", lambda _: 1 / 0)
        status, reply = found.ask("api/pictures/0")
        assert status == 500 and "division" not in reply["error"]
        assert found.faults == ["unexpected error: ZeroDivisionError('division by zero')"]


def test_only_this_machine_and_a_new_token_each_time(tmp_path: Path) -> None:
    with page(write_faces(tmp_path, 2)) as first:
        assert first.server.server_address[0] == "127.0.0.1"
        with LabelServer(first.opened.session) as second:
            assert second.token != first.server.token and len(second.token) >= 32
        with pytest.raises(OutputError, match="give another --port"):
            LabelServer(first.opened.session, first.server.server_port)


def test_no_name_server_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: 1 / 0)
    with page(write_faces(tmp_path, 2)) as found:
        assert found.ask("api/session")[0] == 200


def test_the_page_can_end_it(tmp_path: Path) -> None:
    with page(write_faces(tmp_path, 2)) as found:
        ended = threading.Event()
        shutdown = found.server.shutdown
        found.server.shutdown = lambda: (shutdown(), ended.set())  # type: ignore[method-assign]
        assert found.ask("api/finish", {}) == (200, {})
        assert ended.wait(5)


def test_every_file_of_the_page_is_in_the_wheel() -> None:
    assert {path.name for path in PAGE.iterdir()} == {
        "icon.svg", "index.html", "label.css", "label.js"
    }  # fmt: skip
