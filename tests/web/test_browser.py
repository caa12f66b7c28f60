from __future__ import annotations

import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mien.web.browser import open_browser, open_secret


def test_no_browser_takes_over_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not open_browser("http://127.0.0.1/") and not opened
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_browser("http://127.0.0.1/") and opened == ["http://127.0.0.1/"]


def test_a_start_link_is_in_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_secret("http://127.0.0.1/?a=1&b=2#start=secret", tmp_path)
    parts = urlsplit(opened[0])
    assert parts.scheme == "file" and "secret" not in opened[0]
    page = Path(parts.path)
    assert "url=http://127.0.0.1/?a=1&amp;b=2#start=secret" in page.read_text()
    assert page.parent == tmp_path and stat.S_IMODE(page.stat().st_mode) == 0o600
