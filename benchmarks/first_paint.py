"""How long the page of ``mien serve`` takes to appear, in Chromium on loopback.

    python benchmarks/first_paint.py [--visits 15] [--before FOLDER]

Each visit is a new profile of one running browser, so nothing is cached. Median and 90 % in ms:
``paint``: something is painted (first contentful paint); ``view``: the first view can be used;
``requests`` and ``kB``: what was asked for until then. ``--before``: the folder ``src`` of another
version of Mien, whose server is visited in turns with this one, as machines are never equally busy.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from playwright.sync_api import sync_playwright
from tests.server.support.served import serve_process

VIEW = ".drop"
MEASURED = """() => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return {paint: paint?.startTime ?? 0, view: window.seenAt ?? 0};
}"""
WATCH = f"""new MutationObserver((_, self) => {{
    if (!document.querySelector("{VIEW}")) return;
    self.disconnect();
    const note = () => {{ window.seenAt = performance.now(); }};
    requestAnimationFrame(() => requestAnimationFrame(note));
}}).observe(document, {{childList: true, subtree: true}});"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=15)
    parser.add_argument("--before", type=Path)
    args = parser.parse_args()
    sources = {"now": None, **({"before": args.before} if args.before else {})}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for name, source in sources.items():
            (folder / name).mkdir()
            servers[name] = stack.enter_context(version(folder / name, source))
        api = stack.enter_context(sync_playwright())
        browser = api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        visits: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
        for number in range(args.visits + 2):
            for name, server in servers.items():
                found = visit(browser, server.url)
                if number >= 2:
                    visits[name].append(found)
        browser.close()
    print("| version | paint, 90 % | view, 90 % | requests | kB |")
    print("|---|---|---|---|---|")
    for name, rows in visits.items():
        times = [
            "{:.0f}, {:.0f}".format(*np.quantile([one[what] for one in rows], (0.5, 0.9)))
            for what in ("paint", "view")
        ]
        last = rows[-1]
        print(f"| {name} | {' | '.join(times)} | {last['requests']:.0f} | {last['kB']:.0f} |")


def visit(browser: Any, url: str) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    page, answers = context.new_page(), []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(url)
    page.wait_for_selector(VIEW)
    while not all((found := page.evaluate(MEASURED)).values()):
        page.wait_for_timeout(20)
    sizes = [len(answer.body()) for answer in answers]
    context.close()
    return {**found, "requests": len(sizes), "kB": sum(sizes) / 1000}


@contextmanager
def version(folder: Path, source: Path | None) -> Any:
    """A server of this version, or of that in another folder."""
    kept = os.environ.get("PYTHONPATH")
    if source is not None:
        os.environ["PYTHONPATH"] = str(source.resolve())
    try:
        with serve_process(folder) as server:
            yield server
    finally:
        if kept is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = kept


if __name__ == "__main__":
    main()
