from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.evaluation.detection.measures import DetectionScores, measure
from mien.reports.detection import CAPTIONS, detection_report
from mien.reports.page import Origin
from tests.support.detections import answer, detections, made_up
from tests.support.pages import Page, check_alone, check_for_people

EVIL = "<script>alert('x')</script>&\"'"
COMMAND = "mien evaluate toy --data data.zip --html report.html"
PNG = cv2.imencode(".png", np.zeros((40, 30, 3), np.uint8))[1].tobytes()


def report(found: DetectionScores, evil: str = "") -> str:
    origin = Origin(COMMAND + evil, f"toy.onnx{evil}", f"data.zip{evil}", [f"Careful!{evil}"])
    return detection_report(found, origin, dict.fromkeys(CAPTIONS, PNG))


@pytest.fixture(scope="module")
def found() -> DetectionScores:
    answers = made_up(1)
    return measure(replace(answers, facts={"processor": "abacus", "cores": 7, "asked_from": 0.05}))


def test_it_shows_every_result_and_its_origin(found: DetectionScores) -> None:
    words = " ".join(Page(report(found)).words.split())
    assert found.ap50 is not None and found.from_size["40"].ap50 is not None
    used = found.operating
    for text in (
        f"AP50, all faces {found.ap50:.1%}",
        f"{used.false:,} in total; also {used.duplicates:,} duplicates",
        f"{used.precision:.1%}", f"{found.subsets['hard'].ap50:.1%}", found.fingerprint,
        f"{found.speed.median_ms:.1f}", "7 × abacus", "from a score of 0.05", COMMAND, "Careful!",
        "toy.onnx", "data.zip", "numpy",
    ):  # fmt: skip
        assert text in words, text


def test_it_is_self_contained_and_accessible(found: DetectionScores) -> None:
    html = report(found)
    check_alone(html, images=len(CAPTIONS))
    check_for_people(html)
    assert html.count("data:image/jpeg") == 3  # misses, missed faces, false positives


def test_text_from_outside_is_escaped(found: DetectionScores) -> None:
    evil = replace(
        found, detector=f"toy{EVIL}", dataset=f"coco{EVIL}", skipped=(f"a.png{EVIL}",),
        facts={"settings": [EVIL], "processor": EVIL}, subsets={EVIL: found.subsets["easy"]},
    )  # fmt: skip
    html = report(evil, EVIL)
    page = Page(html)
    assert not page.all("script") and "<script" not in html
    assert page.words.count(EVIL) > 8  # shown unchanged, as text


def test_a_split_without_faces_has_a_report() -> None:
    html = report(measure(detections(answer(boxes=[[0, 0, 9, 9]]))))
    check_for_people(html)
    assert "0 faces" in html and "None" not in Page(html).words
