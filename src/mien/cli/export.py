"""``mien export``: write a run to one ONNX file that all other commands can use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import click

from mien.cli.support.numbers import Finite
from mien.cli.support.printing import complain, say

if TYPE_CHECKING:
    from mien.train.classification.export import ExportedClassifier
    from mien.train.detection.export import ExportedDetector


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--out", required=True, metavar="FILE", help="The ONNX file to write.")
@click.option(
    "--weights", type=click.Choice(["float16", "float32", "int8"]), default="float16",
    show_default=True,
    help="How weights are stored; arithmetic is float32 in the first two, 8 bits in int8.",
)  # fmt: skip
@click.option("--data", metavar="PATH", help="The data that RUN was trained on, for int8.")
@click.option("--calibrate", metavar="PATH", help="Data set to fit the temperature on.")
@click.option(
    "--calibrate-split", metavar="SPLIT",
    help="Split of --calibrate; default: the part of the training split that the run held back "
    "(splits=random:90/10). Not one that you report.",
)  # fmt: skip
@click.option(
    "--calibrate-run", metavar="RUN",
    help="Another run of this recipe that held a part back: its temperature is fitted there and "
    "taken over, for a RUN that learned from all pictures.",
)  # fmt: skip
@click.option(
    "--temperature", type=Finite(), metavar="T",
    help="A temperature that is known already, instead of --calibrate.",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the model (default: the recipe's).")
@click.option("--licence", metavar="TEXT", help="Terms of the weights and their training data.")
@click.option(
    "--margin", type=Finite(), metavar="SHARE", help="Crop side = (1 + SHARE) × box side."
)
@click.option(
    "--offset", type=(Finite(), Finite()), metavar="X Y", help="Crop's shift in box sides."
)
@click.option("--align/--no-align", default=None, help="Rotate crops so that the eyes are level.")
@click.option("--card", multiple=True, metavar="KEY=VALUE", help="A fact for the model's card.")
@click.pass_context
def command(
    context: click.Context,
    /,
    run: str,
    out: str,
    weights: str,
    data: str | None,
    calibrate: str | None,
    calibrate_split: str | None,
    calibrate_run: str | None,
    temperature: float | None,
    card: tuple[str, ...],
    name: str | None,
    licence: str | None,
    **framing: Any,
) -> None:
    """Write a training run's weights to an ONNX file.

    RUN is the folder of a 'mien train' run.
    The file has all facts that its use needs (a classifier's labels, input, framing and card) and
    is compared with PyTorch before it is written. Use a classifier with 'mien analyze --model
    FILE', a face detector with 'mien analyze --detector FILE'. Exit status: 0 written, 1 failed,
    2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.extras import require_extra
    from mien.options import read_pairs

    check_outputs(context, ["out"])
    facts = read_pairs(card, "--card")
    require_extra("train", "'mien export'", "onnx", "onnxscript")
    from mien.train.classification.export import ExportedClassifier
    from mien.train.export import export
    from mien.train.onnx_graph import Weights

    exported = export(
        run, out, weights=cast(Weights, weights), data=data, calibrate=calibrate,
        calibrate_split=calibrate_split, calibrate_run=calibrate_run, temperature=temperature,
        name=name, licence=licence, card=facts,
        framing={key: value for key, value in framing.items() if value is not None},
    )  # fmt: skip
    say(f"{exported.path}: {exported.size / 1e6:.2f} MB, {weights} weights")
    if isinstance(exported, ExportedClassifier):
        _print_classifier(exported)
    else:
        _print_detector(exported, weights)


def _print_classifier(exported: ExportedClassifier) -> None:
    spec = exported.spec
    for note in exported.notes:
        complain(note)
    say(f"largest difference from PyTorch's logits: {exported.difference:.2g}")
    if exported.affect_difference is not None:
        say(f"of valence and arousal: {exported.affect_difference:.2g}")
    if exported.agreement is not None:
        say(f"same first answer on training pictures: {exported.agreement:.1%}")
    if "calibration" in spec.card:
        say(f"temperature: {spec.temperature:.3f}")
    if spec.scores:
        say(_figures(spec.scores))
    say(f"next: mien analyze PHOTO --model {exported.path}")


def _print_detector(exported: ExportedDetector, weights: str) -> None:
    if exported.boxes:
        say(
            f"of {exported.boxes} boxes in PyTorch, scores differ by {exported.score:.2g} or less, "
            f"sides by {exported.pixels:.2g} pixels"
        )
    else:
        say("PyTorch finds nothing on the test photos: train it longer")
    if exported.unmatched:
        kept = ": --weights float32 keeps them" if weights == "float16" else ""
        say(f"rounding adds or drops {exported.unmatched} uncertain boxes{kept}")
    if exported.spec.scores:
        say(_figures(exported.spec.scores))
    say(f"next: mien analyze PHOTO --detector {exported.path}")


def _figures(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
