from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.evaluation.detection.comparison import Comparison, compare
from mien.reports.detection_comparison import CAPTIONS, comparison_report
from mien.reports.page import Origin
from tests.support.detections import made_up
from tests.support.pages import Page, check_alone, check_for_people

EVIL = "<script>alert('x')</script>&\"'"
PNG = cv2.imencode(".png", np.zeros((40, 30, 3), np.uint8))[1].tobytes()


def comparison(evil: str = "") -> Comparison:
    first = replace(made_up(1), skipped=(f"z.png{evil}",))
    # The same pictures, without the boxes of lowest scores.
    fewer = [
        replace(a, boxes=a.boxes[: len(a.boxes) // 2], scores=a.scores[: len(a.boxes) // 2])
        for a in first.answers
    ]
    return compare({f"all{evil}": first, f"half{evil}": replace(first, answers=tuple(fewer))})


def test_it_shows_every_result_and_its_origin() -> None:
    found = comparison()
    origin = Origin("mien compare all half", "all, half", "data.zip", ["Careful!"])
    html = comparison_report(found, origin, dict.fromkeys(CAPTIONS, PNG))
    check_alone(html, images=len(CAPTIONS))
    check_for_people(html)
    words = " ".join(Page(html).words.split())
    (pair,) = found.pairs
    for text in (
        f"all {found.rows[0].scores.ap50:.1%}", f"half {found.rows[1].scores.ap50:.1%}",
        f"half {pair.difference:.1%}", f"{pair.best_alone:,} {pair.other_alone:,} {pair.both:,}",
        found.rows[0].scores.fingerprint, "mien compare all half", "Careful!", "z.png",
    ):  # fmt: skip
        assert text in words, text


def test_text_from_outside_is_escaped() -> None:
    origin = Origin(EVIL, EVIL, EVIL, [EVIL])
    html = comparison_report(comparison(EVIL), origin, {"speed": PNG})
    assert "<script" not in html and Page(html).words.count(EVIL) > 8
