"""Tables and files of a classifier's evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mien.cli.support.console import filled_table, table
from mien.errors import ConfigError, InputError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from mien.cli.support.output_files import OutputFiles
    from mien.evaluation.classification.measures import Evaluation, Headline
    from mien.evaluation.classification.predictions import Predictions
    from mien.reports.figures.classification.evaluation import Material
    from mien.reports.page import Origin
    from mien.subjects.classifier import ClassifierSubject
    from mien.subjects.measured_data import MeasuredData

MISTAKES = 24
EXPLAINED = 6


def check(files: OutputFiles, subject: ClassifierSubject, data: MeasuredData, split: str) -> None:
    """Raise now what would stop the explanations after the work."""
    if files.explain and not files.draws_all:
        raise ConfigError("--explain needs --figures DIR or --html FILE to draw into")
    if files.explain_with == "gradcam":
        if subject.source.form != "run":
            raise ConfigError(
                f"Grad-CAM needs a training run, and {subject.source.text} is not one: "
                "choose --explain-with occlusion"
            )
        if files.draws_all:
            blank = np.zeros((subject.classifier.spec.input_size,) * 2, np.uint8)
            _explainer(files, subject)(blank)
    keys = [text for text in files.explain if not text.isdecimal()]
    if keys and split in data.divided.splits():  # else asking reports the split
        known = [sample.key for sample in data.crops.samples(split)]
        for key in keys:
            if key not in known:
                near = nearest(key, known)
                hint = f"did you mean {near!r}?" if near else f"the first is {known[0]!r}"
                raise InputError(f"no picture {key!r} in split {split!r}: {hint}")


def write(
    files: OutputFiles,
    subject: ClassifierSubject,
    data: MeasuredData,
    answers: Predictions,
    scores: Evaluation,
    origin: Origin,
) -> None:
    """Write every requested file. Raises ``OutputError``."""
    from mien.reports.text import named

    scores = named(scores, origin.data)
    if files.figure is not None:
        from mien.reports.figures.classification.confusion import confusion_figure
        from mien.reports.figures.save import save_figure

        save_figure(confusion_figure(scores), files.figure)
    if not files.draws_all:
        return
    from mien.reports.classification import CAPTIONS, classification_report
    from mien.reports.figures.classification.evaluation import classification_figures
    from mien.reports.figures.save import png
    from mien.reports.page import write_report

    material = _material(files, subject, data, answers, scores)
    pictures = {
        name: png(figure)
        for name, figure in classification_figures(material)
        if files.figures is not None or name in CAPTIONS  # each is drawn once, for both
    }
    files.write_pictures(pictures)
    if files.html is not None:
        html = classification_report(material, subject.classifier.spec, origin, pictures)
        write_report(files.html, html)


def _material(
    files: OutputFiles,
    subject: ClassifierSubject,
    data: MeasuredData,
    answers: Predictions,
    scores: Evaluation,
) -> Material:
    from mien.evaluation.classification.predictions import examples, surest_mistakes
    from mien.reports.figures.classification.crops import read_classified_crops
    from mien.reports.figures.classification.evaluation import Material

    chosen: list[int] = []
    for text in files.explain or (str(EXPLAINED),):
        if text.isdecimal():
            chosen += examples(answers, int(text)).tolist()
        elif text in answers.keys:  # it may be unreadable
            chosen.append(answers.keys.index(text))
    spec = subject.classifier.spec
    explained = read_classified_crops(data.crops, answers, list(dict.fromkeys(chosen)), spec)
    mistakes = surest_mistakes(answers, MISTAKES)
    explain = _explainer(files, subject)
    return Material(
        answers,
        scores,
        mistakes=read_classified_crops(data.crops, answers, mistakes, spec),
        explained=explained,
        maps={crop.key: explain(crop.image) for crop in explained},
        method=files.explain_with,
        epochs=subject.epochs(),
    )


def _explainer(
    files: OutputFiles, subject: ClassifierSubject
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """From a face crop to its map."""
    if files.explain_with == "gradcam":
        from mien.train.classification.classifier import load_classifier_run
        from mien.train.classification.gradcam import grad_cam

        network, *_ = load_classifier_run(subject.source.text)
        return lambda crop: grad_cam(network, subject.classifier.spec, crop)
    from mien.evaluation.classification.explanation import occlusion

    return lambda crop: occlusion(subject.classifier, crop)


def title(scores: Evaluation) -> str:
    """Model, split, division and crops."""
    from mien.reports.text import classifier_on_pictures

    return classifier_on_pictures(scores)


def tables(scores: Evaluation) -> Iterator[tuple[str, Table]]:
    """Headline figures, valence and arousal, classes and the confusion matrix."""
    from mien.reports.classification_tables import AFFECT_COLUMNS, affect_rows

    classes, confusion = [], []
    for (label, row), counts in zip(scores.per_class.items(), scores.confusion, strict=True):
        shares = (f"{share:.1%}" for share in (row.precision, row.recall, row.f1))
        classes.append((label, *shares, f"{row.support:,}"))
        confusion.append((label, *(f"{count:,}" for count in counts)))
    yield "", _headlines(scores)
    if scores.affect:
        yield "", filled_table(AFFECT_COLUMNS, affect_rows(scores))
    yield "", filled_table(("class", "precision", "recall", "F1", "support"), classes)
    yield "", filled_table(("true \\ predicted", *scores.columns), confusion)


def _headlines(scores: Evaluation) -> Table:
    shown: dict[str, Headline] = {"all pictures": scores}
    if scores.with_face is not None:
        shown["where a face was found"] = scores.with_face
    if scores.without_duplicates is not None:
        shown[f"without duplicates of {scores.duplicates_of}"] = scores.without_duplicates
    rows = table("", *shown)
    for title, name, style in (
        ("pictures", "n", ",d"),
        ("accuracy", "accuracy", ".2%"),
        ("balanced accuracy", "balanced_accuracy", ".2%"),
        ("macro F1", "macro_f1", ".2%"),
        ("ECE", "ece", ".2%"),
        ("NLL", "nll", ".4f"),
        ("AURC", "aurc", ".4f"),
    ):
        rows.add_row(title, *(format(getattr(each, name), style) for each in shown.values()))
        if name in ("ece", "nll") and scores.temperature != 1:
            plain = (getattr(each, f"{name}_uncalibrated") for each in shown.values())
            cells = ("" if value is None else format(value, style) for value in plain)
            rows.add_row("  uncalibrated", *cells, style="dim")
        if name in scores.intervals:
            intervals = [each.intervals[name] for each in shown.values()]
            cells = (f"{100 * each.low:.1f} to {each.high:.1%}" for each in intervals)
            rows.add_row("  95% interval", *cells, style="dim")
    return rows
