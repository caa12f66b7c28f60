"""Opens the user's browser."""

from __future__ import annotations

import os
import sys
import webbrowser


def open_browser(url: str) -> bool:
    """Whether a graphical browser opens ``url``; one in the terminal would take it over."""
    graphical = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    try:
        return graphical and webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False
