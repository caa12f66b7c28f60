from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.evaluation.classification.robustness import compare_robustness, measure_robustness
from mien.reports.page import Origin
from mien.reports.robustness import CAPTIONS, robustness_comparison_report, robustness_report
from tests.support.corrupted import corrupted_answers
from tests.support.pages import Page, check_alone, check_for_people

EVIL = "<script>alert('x')</script>&\"'"
PNG = cv2.imencode(".png", np.zeros((40, 30, 3), np.uint8))[1].tobytes()
FIGURES = dict.fromkeys(CAPTIONS, PNG)


def words(html: str) -> str:
    check_alone(html, images=len(CAPTIONS))
    check_for_people(html)
    return " ".join(Page(html).words.split())


def test_one_classifier() -> None:
    scores = measure_robustness(corrupted_answers(skipped=("z.png: cut short",)))
    origin = Origin("mien evaluate one --corruptions", "one.onnx", "d/faces", ["Careful!"])
    found = words(robustness_report(scores, origin, FIGURES))
    for text in (
        "made up on faces, split valid, 60 pictures, clean and in 40 corrupted versions",
        f"corruption error {scores.corruption_error:.1%}", f"{scores.accuracy:.1%}",
        f"jpeg {' '.join(f'{a:.1%}' for a in scores.kinds['jpeg'].accuracies)}",
        "jpeg 65 50 35 20 10 quality", "Careful!", "z.png", "0123456789abcdef",
    ):  # fmt: skip
        assert text in found, text
    assert "percentage points" not in found


def test_several_classifiers() -> None:
    compared = compare_robustness({"a": corrupted_answers(), "b": corrupted_answers(seed=1)})
    found = words(robustness_comparison_report(compared, Origin("mien", "a, b", ""), FIGURES))
    pair = compared.pairs[0]
    for text in (
        f"{100 * pair.difference:+.2f} ({100 * pair.difference_interval.low:+.2f} to",
        f"{pair.relative:.1%}", "percentage points",
        f"corrupted pictures: {pair.best}, {pair.other}",
    ):  # fmt: skip
        assert text in found, text


def test_text_from_outside_is_escaped() -> None:
    made = corrupted_answers(model=EVIL, dataset=EVIL, skipped=(EVIL,), split=EVIL)
    origin = Origin(EVIL, EVIL, EVIL, [EVIL])
    one = robustness_report(measure_robustness(made), origin, FIGURES)
    both = robustness_comparison_report(
        compare_robustness({EVIL: made, "b": made}), origin, FIGURES
    )
    for html in (one, both):
        assert "<script" not in html and Page(html).words.count(EVIL) > 4
