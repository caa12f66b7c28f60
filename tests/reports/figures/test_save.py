from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.overwriting import is_ours
from mien.reports.figures.save import png, save_figure
from mien.reports.figures.style import new_figure


def test_only_ticks_are_formulas_and_names_with_dollars_are_text(tmp_path: Path) -> None:
    figure = new_figure(4, 3)
    axes = figure.add_subplot()
    axes.plot([1, 1000], [1, 2], label=r"$\nothing$")
    axes.legend()
    axes.set_xscale("log")
    figure.suptitle("faces$_$2")  # which Matplotlib would refuse as a formula
    first = png(figure)
    assert png(figure) == first
    save_figure(figure, tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text("utf-8")
    assert "<!-- faces$_$2 -->" in drawn and "<!-- $\\mathdefault{10^{2}}$ -->" in drawn
    ticks = [label for label in axes.get_xticklabels() if label.get_text()]
    assert ticks and all(label.get_parse_math() for label in ticks)


def test_a_picture_of_a_figure_is_known_as_ours_and_shows_no_control_character(
    tmp_path: Path,
) -> None:
    figure = new_figure(4, 3)
    figure.suptitle("a\x1b]0;\x07b\nsecond line\u202e")
    for suffix in ("png", "svg", "pdf"):
        save_figure(figure, tmp_path / f"figure.{suffix}")
    assert is_ours(tmp_path / "figure.png")
    drawn = (tmp_path / "figure.svg").read_text("utf-8")
    assert "<!-- a\\x1b]0;\\x07b -->" in drawn and "\x1b" not in drawn and "\u202e" not in drawn
