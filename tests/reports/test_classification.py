from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")
pytest.importorskip("jinja2", reason="the 'plot' extra brings Jinja2")

from mien.evaluation.classification.measures import measure
from mien.reports.classification import CAPTIONS, classification_report
from mien.reports.figures.classification.crops import ClassifiedCrop
from mien.reports.figures.classification.evaluation import Material, classification_figures
from mien.reports.figures.classification.per_class import support_figure
from mien.reports.figures.save import png
from mien.reports.page import Origin
from mien.specs.classifier import ModelSpec
from tests.support.answers import answers
from tests.support.pages import Page, check_alone, check_for_people

EVIL = "<script>alert('x')</script>&\"'"
COMMAND = "mien evaluate model.onnx --data data.zip --split valid --html report.html"


def report(evil: str = "") -> tuple[str, Material]:
    made = answers(model=f"tiny{evil}", split=f"valid{evil}", skipped=(f"z.png{evil}: cut",))
    rng = np.random.default_rng(0)
    crops = [
        ClassifiedCrop(
            rng.integers(0, 256, size, dtype=np.uint8), f"{n}{evil}", "fear", predicted, 0.91
        )
        for n, size, predicted in (("a", (48, 48), "anger"), ("b", (300, 300, 3), "fear"))
    ]
    maps = {crop.key: np.full(crop.image.shape[:2], 0.31, np.float32) for crop in crops}
    material = Material(made, measure(made), crops, crops, maps)
    spec = ModelSpec(
        f"tiny{evil}", made.names, 44, licence=f"CC0{evil}", trained_on=f"faces{evil}",
        card={
            "limits": f"Knows little.{evil}", "intended_use": f"Tests.{evil}",
            "hardware": f"two cores{evil}", "recipe": {"lr": 0.1, "name": f"tiny{evil}"},
        },
    )  # fmt: skip
    origin = Origin(COMMAND + evil, f"model.onnx{evil}", f"data.zip{evil}", [f"Careful!{evil}"])
    figures = {"support": support_figure(material.evaluation)}
    if not evil:
        figures = dict(classification_figures(material))
    pictures = {name: png(figure) for name, figure in figures.items() if name in CAPTIONS}
    return classification_report(material, spec, origin, pictures), material


@pytest.fixture(scope="module")
def made() -> tuple[str, Material]:
    return report()


def test_it_shows_every_result_and_its_origin(made: tuple[str, Material]) -> None:
    html, material = made
    found = material.evaluation
    words = " ".join(Page(html).words.split())
    interval = found.intervals["accuracy"]
    assert f"accuracy {found.accuracy:.1%}" in words
    assert f"95% CI {100 * interval.low:.1f} to {interval.high:.1%}" in words
    assert found.without_duplicates is not None
    assert f"{found.without_duplicates.accuracy:.2%}" in words
    for label, row in found.per_class.items():
        assert f"{label} {row.precision:.1%} {row.recall:.1%} {row.f1:.1%} {row.support}" in words
    for text in (
        COMMAND, "Careful!", "Knows little.", "Tests.", "CC0", "0123456789abcdef", "z.png: cut",
        "two cores", "numpy", "fear → anger 91%", "at most 31 points lower when covered",
    ):  # fmt: skip
        assert text in words, text


def test_it_is_self_contained(made: tuple[str, Material]) -> None:
    check_alone(made[0], images=5 + 2 + 4)  # figures, mistakes, crops with their maps
    assert len(made[0]) < 2_000_000


def test_it_is_accessible(made: tuple[str, Material]) -> None:
    check_for_people(made[0])


def test_text_from_outside_is_escaped() -> None:
    html, _ = report(EVIL)
    page = Page(html)
    assert not page.all("script") and "<script" not in html
    assert page.words.count(EVIL) > 10  # shown unchanged, as text


def test_an_empty_section_is_left_out() -> None:
    made = answers(20)
    spec, origin = ModelSpec("tiny", made.names, 44), Origin("mien", "tiny", "data")
    html = classification_report(Material(made, measure(made)), spec, origin, {})
    assert html.startswith("<!doctype html>") and html.rstrip().endswith("</html>")
    assert "What the answer rests on" not in html
    assert "There are no mistakes." in html
