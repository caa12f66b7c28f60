from __future__ import annotations

import sys

import pytest

from mien.web.browser import open_browser


def test_no_browser_takes_over_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not open_browser("http://127.0.0.1/") and not opened
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_browser("http://127.0.0.1/") and opened == ["http://127.0.0.1/"]
