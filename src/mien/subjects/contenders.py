"""The models of a comparison: their answers, saved before or given now, and which is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import ConfigError
from mien.evaluation.classification.comparison import check_comparable
from mien.evaluation.classification.comparison import compare as compare_classifiers
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.classification.robustness import compare_robustness
from mien.evaluation.comparison import Comparison
from mien.evaluation.detection.comparison import compare as compare_detectors
from mien.evaluation.kept_answers import Answers, are_answers_to, load_answers
from mien.evaluation.split_pictures import Progress
from mien.subjects.base import Settings
from mien.subjects.cost import classifier_cost
from mien.subjects.load import open_subject, subject_type
from mien.subjects.measured_data import MeasuredData, open_data
from mien.subjects.source import CALLED, Kind, Source
from mien.subjects.training_data import TrainingData

USUAL_SPLIT: Mapping[Kind, str] = {"classifier": "public"}
"""What is compared where no split is asked for, if the data has it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Answers of several models of one kind."""

    answers: dict[str, Any]
    """``Predictions``, ``CorruptedAnswers`` or ``Detections``, by the model's name."""
    warnings: list[str]
    """What flatters a model that was asked now, one sentence each."""
    data: MeasuredData | None
    """The data set, if one was opened."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A model of a comparison, or its saved answers."""

    name: str
    """In the comparison."""
    source: Source
    settings: Settings


def common_kind(sources: Sequence[Source]) -> Kind:
    """The kind of all ``sources``. Raises ``ConfigError`` if they differ."""
    first = sources[0]
    for other in sources:
        if other.kind != first.kind:
            raise ConfigError(
                f"{first.text} is a {CALLED[first.kind]} and {other.text} is a "
                f"{CALLED[other.kind]}: compare models of one kind ('mien models' lists them)"
            )
    return first.kind


def open_common(
    contenders: Sequence[Contender],
    data: str,
    dataset: str | None = None,
    options: Sequence[str] = (),
) -> MeasuredData:
    """The data set at ``data`` for all ``contenders``, divided as the recipe of the first run says.

    ``dataset`` (a reader) and its ``options`` are as in ``open_data``, whose errors it raises.
    """
    runs = [each.source for each in contenders if each.source.stored_recipe]
    first = runs[0] if runs else contenders[0].source
    return open_data(first, first.stored_recipe, data, dataset, options)


def gather(
    contenders: Sequence[Contender],
    opened: MeasuredData | None,
    split: str | None,
    on_progress: Progress | None = None,
) -> Gathered:
    """The answers of all ``contenders`` to one split.

    Saved answers are loaded, and those that a run keeps unless its settings change them, or they
    are answers to other data than ``opened`` (``open_common``). The other models are asked now, on
    these data. Without ``split`` it is that of saved answers, else for classifiers ``public`` if
    the data has it, else the only one.

    Raises ``ConfigError`` if a model must be asked and the data or its split is missing.
    """
    answers: dict[str, Answers] = {
        each.name: _saved(each) for each in contenders if each.source.form == "answers"
    }
    if split is None and answers:
        split = next(iter(answers.values())).split
    usual = USUAL_SPLIT.get(contenders[0].source.kind)
    if split is None and (opened is None or usual in opened.divided.splits()):
        split = usual
    if opened is not None:
        split = opened.only_split(split)
    waiting = [each for each in contenders if each.name not in answers]
    if split is not None:
        answers |= _kept(waiting, split, opened)
        waiting = [each for each in waiting if each.name not in answers]
    warnings: list[str] = []
    if waiting:
        if opened is None or split is None:
            raise ConfigError(_missing(waiting, split))
        # Load all before asking the first, so that a missing file is reported before the work.
        for subject, name in [(open_subject(e.source, e.settings), e.name) for e in waiting]:
            answers[name] = subject.answer(opened, split, on_progress)
            flattering = TrainingData(subject, opened).warnings(answers[name])
            warnings += [f"{name}: {line}" for line in flattering]
    return Gathered({each.name: answers[each.name] for each in contenders}, warnings, opened)


def compare(contenders: Sequence[Contender], gathered: Gathered) -> Comparison[Any, Any]:
    """The models side by side; classifiers with their costs.

    Raises ``InputError`` if they were asked about different pictures or in different ways.
    """
    if contenders[0].source.kind == "detector":
        return compare_detectors(gathered.answers)
    if contenders[0].settings.corruptions:
        return compare_robustness(gathered.answers)
    check_comparable(gathered.answers)  # before the costs, which take longer
    costs = {each.name: classifier_cost(each.source) for each in contenders}
    return compare_classifiers(gathered.answers, costs)


def _saved(contender: Contender) -> Answers:
    """The answers in a file. Raises ``ConfigError`` if the model was asked in another way."""
    path = contender.source.text
    answers = load_answers(path)
    corrupted = isinstance(answers, CorruptedAnswers)
    if corrupted and not contender.settings.corruptions:
        raise ConfigError(f"{path} holds answers to corrupted pictures: add --corruptions")
    if contender.settings.corruptions and not corrupted:
        raise ConfigError(
            f"{path} holds answers to clean pictures alone: save them with 'mien evaluate "
            "--corruptions --save', or leave --corruptions out"
        )
    return answers


def _kept(
    contenders: Sequence[Contender], split: str, data: MeasuredData | None
) -> dict[str, Answers]:
    """What training runs keep of their answers to ``split``, if that is the split of ``data``."""
    found: dict[str, Answers] = {}
    for each in contenders:
        if each.source.folder is not None:
            subject = subject_type(each.source.kind, each.settings)
            path = subject.kept_path(each.source.folder, split, each.settings)
            if path is not None and path.is_file():
                answers = load_answers(path)
                if data is None or are_answers_to(answers, data.divided, split):
                    found[each.name] = answers
    return found


def _missing(waiting: Sequence[Contender], split: str | None) -> str:
    names = ", ".join(each.source.text for each in waiting)
    which = "" if split is None else f" on the split {split!r}"
    settings = waiting[0].settings
    how = ", ten crops" if settings.tta else ", corrupted" if settings.corruptions else ""
    return f"{names}: no saved answers{which}{how}; add --data PATH"
