"""A tab of a real browser on the page; whatever the console reports as an error fails the test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}


@contextmanager
def tab(
    browser: Any,
    url: str,
    *,
    forgive: Sequence[str] = (),
    size: dict[str, int] = DESKTOP,
    **options: Any,
) -> Iterator[Any]:
    """A page at ``url``, in a context of its own with ``options``; closed at the end.

    ``forgive``: parts of lines of the console that the test provokes. A tab that is wider than its
    window fails too.
    """  # fmt: skip
    context = browser.new_context(viewport=size, **options)
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.extend([line.text] if line.type == "error" else []))
        page.goto(url)
        page.wait_for_selector("main h1")
        yield page
        assert not overflows(page), "the page is wider than the window"
        left = [fault for fault in faults if not any(part in fault for part in forgive)]
        assert not left, left
    finally:
        context.close()


def overflows(page: Any) -> bool:
    """Whether one has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def violations(page: Any) -> list[str]:
    """What axe-core finds: ``rule: element``; the rules of WCAG 2.2 AA, and its best practices."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def focused(page: Any) -> str:
    """The text of the element that has the focus."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))


def download(page: Any, selector: str, folder: Path) -> Path:
    """The file that a click on ``selector`` saves."""
    with page.expect_download() as waiting:
        page.click(selector)
    path = folder / str(waiting.value.suggested_filename)
    waiting.value.save_as(path)
    return path
