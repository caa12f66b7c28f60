"""Draw docs/images/notebook.png: a result as notebooks show it, in a light and a dark theme.

    pip install playwright
    python tools/notebook_picture.py

It needs Debian's chromium. The portrait is that of the package, in the public domain.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from mien.pipeline import analyze
from mien.samples import ASTRONAUT

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "notebook.png"
THEMES = (("#ffffff", "#1f1f1f"), ("#161616", "#e8e8e8"))
"""Colours of ground and text, as JupyterLab has them."""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shutil.copy(ASTRONAUT, "portrait.jpg")  # a short name for the caption
        card = analyze("portrait.jpg")._repr_html_()
    page = "".join(
        f'<div style="background:{ground};color:{ink};padding:16px;width:740px">{card}</div>'
        for ground, ink in THEMES
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": 772, "height": 600})
        tab.set_content(f'<meta charset="utf-8"><body style="margin:0">{page}')
        tab.screenshot(path=OUT, full_page=True)
        browser.close()
    # 200 colours are enough, and a third of the bytes.
    with Image.open(OUT) as picture:
        small = picture.convert("RGB").quantize(200, dither=Image.Dither.FLOYDSTEINBERG)
    small.save(OUT, optimize=True)
