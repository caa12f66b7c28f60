"""``mien compare``: several classifiers, or several face detectors, on the same pictures."""

from __future__ import annotations

from typing import Any

import click

OF_CLASSIFIERS = ("tta",)
OF_DETECTORS = ("detector_options", "threads", "limit", "figures", "html")
"""Parameters that the other kind does not have."""


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--data", type=click.Path(), help="The data set, for those without saved answers.")
@click.option(
    "--split",
    help="The pictures to compare on; default: public, for detectors the only split there is.",
)
@click.option(
    "--dataset", metavar="NAME",
    help="The data's reader; default: fer2013, for detectors coco, of a run its recipe's.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option(
    "--figure", type=click.Path(),
    help="Draw quality and cost, side by side (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--tta", is_flag=True, help="Classifiers: compare averages of ten crops.")
@click.option(
    "--detector-option", "detector_options", multiple=True, metavar="RUN.KEY=VALUE",
    help="Detectors: an option of one of them, such as yunet.model=FILE; can be repeated.",
)  # fmt: skip
@click.option(
    "--threads", type=click.IntRange(1), metavar="N", help="Detectors: threads of one picture."
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Detectors: the first N pictures alone."
)
@click.option(
    "--figures", type=click.Path(), metavar="DIR",
    help="Detectors: draw every figure, as PNG, the same pictures side by side among them.",
)  # fmt: skip
@click.option(
    "--html", type=click.Path(), metavar="FILE", help="Detectors: a report in one file."
)  # fmt: skip
@click.pass_context
def command(context: click.Context, /, runs: tuple[str, ...], **given: Any) -> None:
    """Compare classifiers or face detectors on the same pictures.

    Shows quality, cost, and which differences are significant.
    RUN is the folder of a 'mien train' run, saved answers (.npz), an ONNX file with a model spec,
    or a name that 'mien models' lists. A run's saved answers are used where they are there;
    whoever has none answers now, which needs --data. Costs of classifiers need the 'train' extra.
    """
    from mien.cli.evaluate.kind import check_known, is_detector
    from mien.cli.support.command_line import refuse, typed
    from mien.errors import ConfigError

    named = tuple(dict.fromkeys(runs))
    for run in named:
        check_known(run)
    detectors = [run for run in named if is_detector(run)]
    if detectors and len(detectors) < len(named):
        other = next(run for run in named if run not in detectors)
        raise ConfigError(
            f"{detectors[0]} is a face detector and {other} is none: compare those of one kind "
            "('mien models' lists them)"
        )
    if len(named) < 2:
        raise ConfigError("a comparison needs two of a kind or more")
    if detectors:
        from mien.cli.compare.detectors import compare_detectors

        refuse(context, OF_CLASSIFIERS, "is for classifiers, and these are face detectors")
        del given["tta"]
        compare_detectors(named, typed(context), **given)
        return
    from mien.cli.compare.classifiers import compare_classifiers

    refuse(context, OF_DETECTORS, "is for face detectors, and these are classifiers")
    own = {name: value for name, value in given.items() if name not in OF_DETECTORS}
    compare_classifiers(named, **own)
