"""Tables and reports of a cross-validation, and of several on the same folds."""

from __future__ import annotations

from mien.datasets.folding import Folding
from mien.evaluation.classification.cross_validation import (
    CrossValidation,
    FoldsComparison,
    Spread,
)
from mien.reports.page import Origin, render

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "nll": "NLL",
    "valence_ccc": "CCC of valence",
    "arousal_ccc": "CCC of arousal",
}
"""Each measure in tables."""
SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "ece")
"""Measures that are shown in per cent."""


def folds_title(found: CrossValidation) -> str:
    """Classifier, data and folds."""
    folding = Folding.parse(found.splits)
    whose = "subject-wise folds" if folding and folding.by_subject else "folds"
    return f"{found.model} on {found.dataset}, {len(found.folds)} {whose}, each picture tested once"


def folds_note(found: CrossValidation) -> str:
    """How the interval was computed, in a sentence."""
    if not found.ratio:
        return (
            "Measured as it is, not trained anew; the 95 % interval is Student's t over the folds."
        )
    folding = Folding.parse(found.splits)
    validated = ", validated on the next fold" if folding and folding.validates else ""
    return (
        f"Trained anew for each fold{validated}. Folds share training pictures, so the 95 % "
        "interval has the corrected variance of Nadeau and Bengio (2003)."
    )


def spread_columns() -> tuple[str, ...]:
    """Titles of ``spread_rows``."""
    return "", "mean", "95 % interval", "SD over folds"


def spread_rows(found: CrossValidation) -> list[tuple[str, ...]]:
    """One row for each measure."""
    return [
        (TITLES[name], _text(name, each.mean), interval(name, each), _text(name, each.deviation))
        for name, each in found.spread.items()
    ]


def fold_columns(found: CrossValidation) -> tuple[str, ...]:
    """Titles of ``fold_rows``."""
    return "fold", "pictures", "trained on", *(TITLES[name] for name in found.spread)


def fold_rows(found: CrossValidation) -> list[tuple[str, ...]]:
    """One row for each fold."""
    return [
        (
            str(fold.number),
            f"{fold.n:,}",
            "" if fold.trained is None else f"{fold.trained:,}",
            *(_text(name, fold.scores[name]) for name in found.spread),
        )
        for fold in found.folds
    ]


def comparison_columns() -> tuple[str, ...]:
    """Titles of ``comparison_rows``."""
    return "classifier", "accuracy", "95 % interval", "SD over folds", "balanced accuracy"


def comparison_rows(found: FoldsComparison) -> list[tuple[str, ...]]:
    """One row for each classifier, the most accurate first."""
    rows: list[tuple[str, ...]] = []
    for row in found.rows:
        accuracy = row.scores.spread["accuracy"]
        balanced = row.scores.spread["balanced_accuracy"]
        rows.append(
            (
                row.name, _text("accuracy", accuracy.mean), interval("accuracy", accuracy),
                _text("accuracy", accuracy.deviation), _text("balanced_accuracy", balanced.mean),
            )
        )  # fmt: skip
    return rows


def pair_columns() -> tuple[str, ...]:
    """Titles of ``pair_rows``."""
    return "against", "difference of accuracy", "95 % interval", "t", "p", "p, Holm"


def pair_rows(found: FoldsComparison) -> list[tuple[str, ...]]:
    """The most accurate against each of the others."""
    return [
        (
            pair.other,
            f"{100 * pair.difference:+.2f} %",
            f"{100 * pair.low:+.2f} to {100 * pair.high:+.2f} %",
            "" if pair.t is None else f"{pair.t:.2f}",
            _p(pair.p),
            _p(pair.p_holm),
        )
        for pair in found.pairs
    ]


def comparison_note(found: FoldsComparison) -> str:
    """What was tested, in a sentence."""
    several = f", Holm-corrected for {len(found.pairs)} pairs" if len(found.pairs) > 1 else ""
    return (
        f"{found.pairs[0].best}, the most accurate, against each of the others on the same folds: "
        f"corrected resampled t-test (Nadeau and Bengio 2003), two-sided{several}"
    )


def comparison_title(found: FoldsComparison) -> str:
    """Data and folds."""
    first = found.rows[0].scores
    pictures = sum(fold.n for fold in first.folds)
    return f"{first.dataset}, {len(first.folds)} folds, {pictures:,} pictures"


def folds_report(found: CrossValidation, origin: Origin) -> str:
    """One cross-validation as HTML text."""
    return render(
        "cross_validation.html", folds_title(found), origin, {}, {},
        lead=folds_note(found),
        tables=[
            ("Over the folds", spread_columns(), spread_rows(found)),
            ("Each fold", fold_columns(found), fold_rows(found)),
        ],
    )  # fmt: skip


def folds_comparison_report(found: FoldsComparison, origin: Origin) -> str:
    """Several cross-validations as HTML text."""
    each = [(row.name, fold_columns(row.scores), fold_rows(row.scores)) for row in found.rows]
    return render(
        "cross_validation.html", comparison_title(found), origin, {}, {},
        lead=comparison_note(found),
        tables=[
            ("Over the folds", comparison_columns(), comparison_rows(found)),
            ("Differences", pair_columns(), pair_rows(found)),
            *each,
        ],
    )  # fmt: skip


def interval(name: str, spread: Spread) -> str:
    """Both ends, such as ``68.4 to 71.3 %``; shares end at 0 and 100 %."""
    if name in SHARES:
        return f"{100 * max(0.0, spread.low):.1f} to {100 * min(1.0, spread.high):.1f} %"
    return f"{spread.low:.3f} to {spread.high:.3f}"


def _text(name: str, value: float) -> str:
    value += 0.0  # of a perfect model the NLL is minus zero
    return f"{value:.2%}" if name in SHARES else f"{value:.3f}"


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
