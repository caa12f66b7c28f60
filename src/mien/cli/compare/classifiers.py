"""``mien compare`` of classifiers: accuracy, cost, and who is better than by luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.support.console import out, table
from mien.cli.support.short_names import short_names

if TYPE_CHECKING:
    from rich.table import Table

    from mien.evaluation.classification.comparison import Comparison
    from mien.evaluation.classification.cost import Cost
    from mien.evaluation.classification.predictions import Predictions


def compare_classifiers(
    runs: tuple[str, ...],
    *,
    data: str | None,
    split: str | None,
    dataset: str | None,
    tta: bool,
    as_json: bool,
    figure: str | None,
) -> None:
    """Compare ``runs``, which are two or more, on ``split``, by default public."""
    from mien.errors import ConfigError
    from mien.evaluation.classification.comparison import check_comparable, compare

    if figure is not None:  # before the work, not after it
        from mien.reports.figures.save import check_figure_path

        check_figure_path(figure)
    split = split or "public"
    names = short_names(runs)
    without = [run for run in runs if _saved(run, split, tta) is None]
    if without and data is None:
        crops = ", ten crops" if tta else ""
        raise ConfigError(
            f"{', '.join(without)}: no saved answers on the split {split!r}{crops}; add --data PATH"
        )
    answers = {names[run]: _answers(run, data, split, dataset, tta) for run in runs}
    check_comparable(answers)  # costs take longer
    costs = {names[run]: _cost(run) for run in runs}
    found = compare(answers, costs)
    if figure is not None:
        _draw(found, figure)
    if as_json:
        import json

        click.echo(json.dumps(found.to_dict()))
    else:
        _print(found)


def _saved(run: str, split: str, tta: bool) -> Path | None:
    """The file of answers on ``split`` that ``run`` is or has, or ``None``."""
    path = Path(run)
    if path.suffix.lower() == ".npz":
        return path
    from mien.evaluation.classification.predictions import answers_path

    kept = answers_path(path, split, tta)
    return kept if kept.is_file() else None


def _answers(run: str, data: str | None, split: str, dataset: str | None, tta: bool) -> Predictions:
    from mien.cli.evaluate.data import open_data
    from mien.cli.evaluate.given import load
    from mien.cli.support.progress import meter
    from mien.evaluation.classification.measures import predict
    from mien.evaluation.classification.predictions import Predictions

    kept = _saved(run, split, tta)
    if kept is not None:
        return Predictions.load(kept)
    assert data is not None
    opened = load(run)
    source = open_data(opened, data, dataset, (), None)
    with meter() as on_progress:
        return predict(
            opened.classifier, source.dataset, split,
            tta=tta, splits=source.splits, on_progress=on_progress,
        )  # fmt: skip


def _cost(run: str) -> Cost:
    """What was measured of a run, else what can be measured of it here and now."""
    from mien.errors import MissingExtraError
    from mien.evaluation.classification.cost import Cost
    from mien.extras import require_extra
    from mien.registry import classifiers

    path = Path(run)
    if path.suffix.lower() == ".npz":  # answers alone; those of a run lie in its folder
        path = path.parent.parent
        kept = path / "cost.json"
        return Cost.load(kept) if path.name and kept.is_file() else Cost()
    if (path / "cost.json").is_file():
        return Cost.load(path / "cost.json")
    try:
        require_extra("train", "the costs of a network", "onnx", "onnxscript")
    except MissingExtraError as error:
        return Cost(note=str(error))
    from mien.train.classification.cost import file_cost, run_cost

    if run in classifiers.names():
        from mien.classifiers.base import load_classifier

        registered = getattr(load_classifier(run), "path", None)
        return file_cost(registered) if registered else Cost(note="it is no ONNX file")
    return file_cost(path) if path.suffix.lower() == ".onnx" else run_cost(path)


def _draw(found: Comparison, path: str) -> None:
    from mien.reports.figures.save import save_figure
    from mien.reports.figures.tradeoff import ComparedModel, tradeoff_figure

    models = [
        ComparedModel(
            row.name, row.scores.accuracy, interval.low, interval.high, row.cost.ms_per_face
        )
        for row in found.rows
        for interval in [row.scores.intervals["accuracy"]]
    ]
    save_figure(tradeoff_figure(models, _title(found)), path)


def _title(found: Comparison) -> str:
    first = found.rows[0].scores
    crops = "ten crops" if first.tta else "single crop"
    return f"{first.dataset}, split {first.split}, {first.n:,} pictures, {crops}"


def _print(found: Comparison) -> None:
    console = out()
    console.print(f"{_title(found)}\n", markup=False)
    console.print(_scores(found))
    console.print()
    console.print(_costs(found))
    for row in found.rows:
        if row.cost.note:
            console.print(f"{row.name}: {row.cost.note}", markup=False)
    several = f", Holm-corrected for {len(found.pairs)} pairs" if len(found.pairs) > 1 else ""
    console.print(
        f"\n{found.pairs[0].best}, the best on these very pictures, against each other one: "
        f"McNemar's test, two-sided{several}",
        markup=False,
    )
    console.print(_pairs(found))


def _scores(found: Comparison) -> Table:
    rows = table(
        "classifier", "accuracy", "95 %", "no copies", "balanced", "macro F1", "NLL", "ECE"
    )
    for row in found.rows:
        scores, interval = row.scores, row.scores.intervals["accuracy"]
        without = scores.without_duplicates
        rows.add_row(
            row.name,
            f"{scores.accuracy:.2%}",
            f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
            f"{without.accuracy:.2%}" if without else "",
            f"{scores.balanced_accuracy:.2%}",
            f"{scores.macro_f1:.2%}",
            f"{scores.nll:.4f}",
            f"{scores.ece:.2%}",
        )
    return rows


def _costs(found: Comparison) -> Table:
    rows = table("classifier", "parameters", "MACs", "ms a face", "MB", "measured on")
    for row in found.rows:
        cost = row.cost
        rows.add_row(
            row.name,
            "" if cost.parameters is None else f"{cost.parameters:,}",
            "" if cost.macs is None else f"{cost.macs / 1e6:,.1f} M",
            "" if cost.ms_per_face is None else f"{cost.ms_per_face:.2f}",
            "" if cost.megabytes is None else f"{cost.megabytes:.1f}",
            cost.hardware,
        )
    return rows


def _pairs(found: Comparison) -> Table:
    rows = table("against", f"{found.pairs[0].best} alone right", "it alone right", "p", "p, Holm")
    for pair in found.pairs:
        rows.add_row(
            pair.other,
            f"{pair.best_alone:,}",
            f"{pair.other_alone:,}",
            _p(pair.p),
            _p(pair.p_holm),
        )
    return rows


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
