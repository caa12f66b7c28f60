from __future__ import annotations

import csv
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mien.datasets.files import fetching as module
from mien.datasets.files.fetching import DEAD_LIST, Fetched, cache_folder, fetch
from mien.errors import ConfigError, OutputError
from mien.samples import ASTRONAUT
from mien.web import connecting
from mien.web.connecting import PRIVATE, SLOW, DownloadError
from mien.web.download import download
from tests.support import web
from tests.support.web import Web

PHOTO = ASTRONAUT.read_bytes()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    released = threading.Event()
    pages = {
        "/good.jpg": web.content(PHOTO),
        "/with space é.jpg": web.content(PHOTO),
        "/no length.jpg": web.content(PHOTO, claimed=-1),
        "/busy.jpg": web.first(1, web.status(503), web.content(PHOTO)),
        "/always busy.jpg": web.status(503),
        "/forbidden.jpg": web.status(403),
        "/stalls.jpg": web.stalling(released),
        "/cut.jpg": web.content(PHOTO[:5000], claimed=len(PHOTO)),
        "/cut, untold.jpg": web.content(PHOTO[:5000], claimed=-1),
        "/drips.jpg": dripping(b"HTTP/1.0 200 OK\r\n\r\n", released),
        "/dripping head.jpg": dripping(b"HTTP/1.0 200 OK\r\nX-Endless: ", released),
        "/page.jpg": web.content(b"<html>gone</html>", "text/html; charset=utf-8"),
        "/moved.jpg": redirect("/good.jpg"),
        "/round.jpg": redirect("/round.jpg"),
        "/file.jpg": redirect("file:///etc/passwd"),
    }
    with web.serving(pages) as found:
        yield found
        released.set()


def dripping(start: bytes, released: threading.Event) -> web.Answer:
    """Sends a byte now and then without end, so that no single wait is long."""

    def answer(handler: web.BaseHTTPRequestHandler, _: int) -> None:
        handler.wfile.write(start)
        with suppress(OSError):  # the client has closed the connection
            while not released.wait(0.02):
                handler.wfile.write(b"a")

    return answer


def redirect(to: str) -> web.Answer:
    def answer(handler: web.BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def get(site: Web, folder: Path, *names: str, **how: Any) -> Fetched:
    urls = [f"{site.url}/{name}" for name in names]
    return fetch(urls, folder, private=True, timeout=0.5, pause=0.01, **how)


def test_an_endless_answer_has_an_end(site: Web, tmp_path: Path) -> None:
    urls = [f"{site.url}/{name}" for name in ("drips.jpg", "dripping head.jpg")]
    found = fetch(urls, tmp_path, private=True, timeout=0.25, longest=0.5, pause=0.01)
    assert found.dead == dict.fromkeys(urls, SLOW)


def flooding(handler: web.BaseHTTPRequestHandler, _: int) -> None:
    """A redirection whose own page never ends."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.0 302 Found\r\nLocation: /good.jpg\r\n\r\n")
        while True:
            handler.wfile.write(bytes(1 << 16))


def continuing(handler: web.BaseHTTPRequestHandler, _: int) -> None:
    """Headers that never end, each of them short."""
    with suppress(OSError):
        while True:
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def test_bytes_beside_the_picture_count_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("mien.web.download.MAX_BYTES", 2_000_000)
    with web.serving({"/flood.jpg": flooding, "/go on.jpg": continuing}) as site:
        found = get(site, tmp_path, "flood.jpg", "go on.jpg")
    assert set(found.dead.values()) == {"larger than 2 MB"}


def test_a_slow_server_is_asked_for_few_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thousand pictures of a server that drips would take hours."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    released = threading.Event()
    drip = dripping(b"HTTP/1.0 200 OK\r\n\r\n", released)
    names = [f"{number}.jpg" for number in range(50)]
    with web.serving({f"/{name}": drip for name in names}) as site:
        found = get(site, tmp_path, *names, longest=0.5)
        released.set()
    assert len(found.dead) == 50 and set(found.dead.values()) == {SLOW}
    assert sum(site.asked.values()) <= 8  # those that were asked at once


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0"])
def test_servers_that_are_not_on_the_internet_are_refused(
    host: str, site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    url = f"{site.url.replace('127.0.0.1', host)}/good.jpg"
    assert fetch([url], tmp_path).dead == {url: PRIVATE}
    assert not site.asked
    assert fetch([url], tmp_path, private=True).files  # a refusal is not remembered


def test_a_redirection_to_a_private_server_is_refused(
    site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server is let through, as one on the internet would be."""
    monkeypatch.setenv("no_proxy", "*")
    port = site.url.rpartition(":")[2]
    monkeypatch.setattr(connecting, "is_public", lambda address: address == "127.0.0.2")
    answers = {"inner.test": "127.0.0.1", "outer.test": "127.0.0.2"}
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve(answers[host], *rest, **more)
    )
    with web.serving({"/go.jpg": redirect(f"http://inner.test:{port}/good.jpg")}, "0.0.0.0") as out:
        url = f"http://outer.test:{out.url.rpartition(':')[2]}/go.jpg"
        found = fetch([url], tmp_path)
    assert found.dead == {url: PRIVATE}
    assert not site.asked


def test_a_name_is_resolved_once(
    site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server may answer with a public address first and with a private one then."""
    monkeypatch.setenv("no_proxy", "*")
    asked = []

    def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"  # of documentation: goes nowhere
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(connecting, "is_public", lambda address: address == "192.0.2.1")
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = site.url.rpartition(":")[2]
    with pytest.raises(DownloadError) as error:
        download(f"http://rebinds.test:{port}/good.jpg", timeout=0.2)
    assert error.value.unreached and asked == ["rebinds.test"] and not site.asked


def listed(folder: Path) -> dict[str, str]:
    with (folder / DEAD_LIST).open(newline="") as file:
        return {row["url"]: row["reason"] for row in csv.DictReader(file)}


def test_pictures_come_whole_under_names_of_their_own(site: Web, tmp_path: Path) -> None:
    names = ["good.jpg", "with space é.jpg", "no length.jpg", "busy.jpg", "moved.jpg"]
    found = get(site, tmp_path / "new" / "cache", *names)
    assert not found.dead and len(set(found.files.values())) == len(names)
    for file in found.files.values():
        assert (tmp_path / "new" / "cache" / file).read_bytes() == PHOTO
        assert file.endswith(".jpg")
    assert site.asked["/busy.jpg"] == 2


@pytest.mark.parametrize(
    ("name", "reason", "tries"),
    [
        ("none.jpg", "HTTP 404 Not Found", 1),
        ("forbidden.jpg", "HTTP 403 Forbidden", 1),
        ("always busy.jpg", "HTTP 503 Service Unavailable", 3),
        ("stalls.jpg", "its server stopped answering", 3),
        ("cut.jpg", "its server closed the connection early", 3),
        ("cut, untold.jpg", "the answer is not a readable picture (image/jpeg)", 1),
        ("page.jpg", "the answer is not a readable picture (text/html)", 1),
        ("round.jpg", "HTTP 302 Found", None),
        ("file.jpg", "HTTP 302 Found", 1),
    ],
)
def test_a_dead_address_is_listed_and_not_tried_again(
    name: str, reason: str, tries: int | None, site: Web, tmp_path: Path
) -> None:
    found = get(site, tmp_path, name, "good.jpg")
    url = f"{site.url}/{name}"
    assert found.dead == {url: reason} == listed(tmp_path)
    assert list(found.files) == [f"{site.url}/good.jpg"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".csv"] == [
        *found.files.values()
    ]
    if tries:
        assert site.asked[f"/{name}"] == tries
    before = site.asked.copy()
    assert get(site, tmp_path, name, "good.jpg") == found
    assert site.asked == before


def test_retry_tries_only_the_dead_addresses_again(site: Web, tmp_path: Path) -> None:
    get(site, tmp_path, "none.jpg", "good.jpg")
    found = get(site, tmp_path, "none.jpg", "good.jpg", retry=True)
    assert site.asked == {"/none.jpg": 2, "/good.jpg": 1}
    assert list(found.dead) == [f"{site.url}/none.jpg"]


def test_an_unreachable_server_is_tried_once_per_run(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # no server listens there
        urls = [f"http://127.0.0.1:{taken.getsockname()[1]}/{i}.jpg" for i in range(50)]
        passed: list[tuple[int, int]] = []
        for _ in range(2):
            found = fetch(
                urls,
                tmp_path,
                private=True,
                pause=0.001,
                on_progress=lambda *now: passed.append(now),
            )
            assert set(found.dead.values()) == {"its server cannot be reached (Connection refused)"}
    assert passed == [(n, 50) for n in range(1, 51)] * 2
    assert len(listed(tmp_path)) == 50


def test_an_unknown_host_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def unknown(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    found = fetch(["http://nowhere.invalid/a.jpg"], tmp_path)
    assert list(found.dead.values()) == ["its server cannot be reached (no such host)"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a/b.jpg",
        "/etc/passwd",
        "../../x.jpg",
        "http://",
        "http://[/",
        "",
    ],
)
def test_other_schemes_are_refused(url: str, tmp_path: Path) -> None:
    assert fetch([url], tmp_path).dead == {url: "not an http or https address"}


def test_no_address_leads_out_of_the_folder(site: Web, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    for name in ("../../up.jpg", "..%2F..%2Fup.jpg", "a.jpg?../../up.jpg", f"{'long' * 99}.jpg"):
        fetch([f"{site.url}/{name}"], tmp_path / "cache", private=True, pause=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [DEAD_LIST]


def test_a_large_answer_is_refused(
    site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.web.download.MAX_BYTES", 9_000)
    assert list(get(site, tmp_path, "good.jpg").dead.values()) == ["larger than 0 MB"]


def test_an_interrupted_call_keeps_what_it_has(site: Web, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    urls = [f"{site.url}/{name}" for name in ("none.jpg", "good.jpg", "stalls.jpg")]
    with pytest.raises(KeyboardInterrupt):
        fetch(urls, tmp_path, private=True, timeout=0.5, pause=0.01, on_progress=interrupt)
    assert list(listed(tmp_path)) == [urls[0]]
    assert len(list(tmp_path.glob("*.jpg"))) == 1


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        fetch(["http://127.0.0.1/a.jpg"], tmp_path / "file" / "cache")


def test_the_cache_is_where_the_system_keeps_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mien"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module.sys, "platform", "linux")
    assert cache_folder() == tmp_path / "home/.cache/mien"
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "home/Library/Caches/mien"

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigError, match="cache=FOLDER"):
        cache_folder()
