"""``mien compare``: several classifiers or several face detectors on the same pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.device import DEVICE
from mien.cli.support.numbers import COUNT, THREADS
from mien.cli.support.printing import say_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mien.subjects.source import Kind

OWN: dict[Kind, tuple[str, ...]] = {
    "classifier": ("tta", "corruptions"),
    "detector": ("detector_options", "threads", "limit"),
}
"""Parameters of only one kind of model."""


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--data", type=click.Path(), help="The data set, for models without saved answers.")
@click.option(
    "--split",
    help="The pictures to compare on; default: public if the data has it, else the only split.",
)
@click.option(
    "--dataset", metavar="NAME",
    help="Reader of the data; default: guessed and said; for runs the recipe's.",
)  # fmt: skip
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, such as detect=yes; can be repeated.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--figure", type=click.Path(),
    help="Draw quality and speed side by side (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--tta", is_flag=True, help="Classifiers: average ten crops.")
@click.option(
    "--corruptions", is_flag=True,
    help="Classifiers: compare on clean and corrupted pictures, as 'mien evaluate --corruptions'.",
)  # fmt: skip
@click.option(
    "--detector-option", "detector_options", multiple=True, metavar="RUN.KEY=VALUE",
    help="Detectors: an option of one RUN, such as yunet.min_face_size=20; can be repeated.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="Detectors: threads for one picture.")
@click.option(
    "--limit", type=COUNT, metavar="N",
    help="Detectors, and with --corruptions: only N pictures, drawn at random (seed 0: always the "
    "same ones).",
)  # fmt: skip
@click.option(
    "--figures", type=click.Path(), metavar="DIR",
    help="Write every figure as PNG, with the same pictures side by side.",
)  # fmt: skip
@click.option(
    "--html", type=click.Path(), metavar="FILE", help="Write a report as one HTML file."
)  # fmt: skip
@DEVICE
@click.pass_context
def command(
    context: click.Context,
    /,
    runs: tuple[str, ...],
    data: str | None,
    split: str | None,
    dataset: str | None,
    options: tuple[str, ...],
    as_json: bool,
    figure: str | None,
    figures: str | None,
    html: str | None,
    **settings: Any,
) -> None:
    """Compare classifiers or face detectors on the same pictures.

    Shows quality, cost, and which differences are significant.
    RUN is the folder of a 'mien train' run or of 'mien evaluate --folds', saved answers (.npz), an
    ONNX file with a model spec, or a name that 'mien models' lists. A run's saved answers are used
    if there are any; models without saved answers are asked now, which needs --data. Costs of
    classifiers need the 'train' extra.
    """
    from mien.cli.compare import classifiers, corruptions, detectors
    from mien.cli.compare.folds import compare_cross_validations
    from mien.cli.support.command_line import as_typed, refuse
    from mien.cli.support.console import print_scores
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.output_files import OutputFiles
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.progress import meter
    from mien.cli.support.reader import say_reader
    from mien.cli.support.short_names import short_names
    from mien.errors import ConfigError
    from mien.reports.page import Origin
    from mien.subjects.base import Settings
    from mien.subjects.contenders import Contender, common_kind, compare, gather, open_common
    from mien.subjects.folds import all_are_folds
    from mien.subjects.source import CALLED, identify

    check_outputs(context, ["figure", "figures", "html"])
    runs = tuple(dict.fromkeys(runs))
    if all_are_folds(runs):
        compare_cross_validations(context, runs, as_json, html)
        return
    sources = [identify(run, settings["threads"], settings["device"]) for run in runs]
    kind = common_kind(sources)
    if len(sources) < 2:
        raise ConfigError("a comparison needs two models of one kind or more")
    robust = settings["corruptions"]
    for other in OWN.keys() - {kind}:
        others = [name for name in OWN[other] if not (robust and name == "limit")]
        refuse(context, others, f"is for {CALLED[other]}s, and these are {CALLED[kind]}s")
    if robust:
        refuse(context, ["tta"], "has no meaning with --corruptions")
    files = OutputFiles(figure, figures, html)
    files.check()
    names = short_names(source.text for source in sources)
    own = options_by_model(settings.pop("detector_options"), names)
    contenders = [
        Contender(
            names[source.text],
            source,
            Settings(**settings, detector_options=tuple(own[source.text])),
        )
        for source in sources
    ]
    opened = None if data is None else open_common(contenders, data, dataset, options)
    if opened is not None:
        say_reader(opened.path, opened.whole, opened.guessed)
        hint_at_photos(opened.whole, options)
        search_photos(opened.whole, opened.division[0])
    with meter() as on_progress:
        asked = gather(contenders, opened, split, on_progress)
    found = compare(contenders, asked)
    by_kind = {"classifier": corruptions if robust else classifiers, "detector": detectors}
    report = by_kind[kind]
    try:
        origin = Origin(as_typed(context), ", ".join(names.values()), data or "", asked.warnings)
        report.write(files, found, asked, origin)
    finally:  # the scores are shown even if the disk is full
        if as_json:
            facts = {**found.to_dict(), "data": data, "warnings": asked.warnings}
            say_json(facts)
        else:
            print_scores(report.title(found, data or ""), asked.warnings, report.tables(found))


def options_by_model(options: Sequence[str], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Argument → its ``key=value`` options, from texts such as ``yunet.min_face_size=20``.

    A text begins with an argument or with its name in the comparison. Raises ``ConfigError`` for
    one that begins with neither.
    """
    from mien.errors import ConfigError

    own: dict[str, list[str]] = {run: [] for run in names}
    for option in options:
        fitting = [
            (len(prefix), run)
            for run, name in names.items()
            for prefix in (run, name)
            if option.startswith(f"{prefix}.")
        ]
        if not fitting:
            example = next(iter(names.values()))
            raise ConfigError(
                f"--detector-option {option!r} names none of {', '.join(names.values())}: begin it "
                f"with one of them, such as {example}.{option}"
            )
        length, run = max(fitting)
        own[run].append(option[length + 1 :])
    return own
