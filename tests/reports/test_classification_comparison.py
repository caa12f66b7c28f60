from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.evaluation.classification.comparison import compare
from mien.evaluation.classification.cost import Cost
from mien.reports.classification_comparison import CAPTIONS, comparison_report
from mien.reports.page import Origin
from tests.support.answers import answers
from tests.support.pages import Page, check_alone, check_for_people

EVIL = "<script>alert('x')</script>&\"'"
PNG = cv2.imencode(".png", np.zeros((40, 30, 3), np.uint8))[1].tobytes()


def report(evil: str = "", figures: dict[str, bytes] | None = None) -> str:
    one = answers(skipped=(f"z.png{evil}",))
    worse = answers(probs=np.roll(one.probs, 1, axis=1), labels=one.labels)
    costs = {f"one{evil}": Cost(1234, 2_000_000, 0.5, 1.25, f"a machine{evil}")}
    found = compare({f"one{evil}": one, f"worse{evil}": worse}, costs)
    origin = Origin(
        f"mien compare one worse{evil}", f"one, worse{evil}", f"d.zip{evil}", ["Careful!"]
    )
    return comparison_report(found, origin, figures or dict.fromkeys(CAPTIONS, PNG))


def test_it_shows_every_result_and_its_origin() -> None:
    html = report()
    check_alone(html, images=len(CAPTIONS))
    check_for_people(html)
    words = " ".join(Page(html).words.split())
    found = compare({"one": answers()} | {"same": answers()})
    accuracy = found.rows[0].scores.accuracy
    for text in (
        f"one {accuracy:.2%}", "1,234", "0.50", "a machine", "McNemar's test", "Careful!", "z.png",
        "0123456789abcdef", "mien compare one worse", "(d.zip)",
    ):  # fmt: skip
        assert text in words, text
    assert "Classifiers compared: one, worse" in words  # the better one first


def test_text_from_outside_is_escaped() -> None:
    html = report(EVIL, {"quality": PNG})
    assert "<script" not in html and Page(html).words.count(EVIL) > 6


def test_the_page_follows_a_dark_screen_and_figures_stay_light() -> None:
    html = report()
    dark = html.partition("prefers-color-scheme: dark")[2].partition("\n}\n")[0]
    assert "--paper: #16181c" in dark and "img { background: #fff" in dark
