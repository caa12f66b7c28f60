"""Opens the user's browser."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from pathlib import Path


def open_browser(url: str) -> bool:
    """Whether a graphical browser opens ``url``; one in the terminal would take it over."""
    graphical = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    try:
        return graphical and webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


def open_secret(url: str, folder: Path) -> bool:
    """As ``open_browser``, for a ``url`` with a secret in it.

    Everybody on a machine may read the arguments of a command there, so the browser gets a page in
    ``folder`` that leads on. ``folder``: one that others may not read; it is needed until the
    browser has shown the page. Raises ``OSError``.
    """
    if sys.platform in ("darwin", "win32"):  # where no command gets it
        return open_browser(url)
    page = folder.absolute() / "open.html"
    with open(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(
            '<!doctype html><meta charset="utf-8"><title>Mien</title>'
            f'<meta http-equiv="refresh" content="0; url={html.escape(url)}">'
        )
    return open_browser(page.as_uri())
