"""``mien export``: a run becomes one ONNX file that the rest of Mien can use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import click


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--out", required=True, metavar="FILE", help="The ONNX file to write.")
@click.option(
    "--weights", type=click.Choice(["float16", "float32"]), default="float16", show_default=True,
    help="How weights are stored; arithmetic is float32 in both.",
)  # fmt: skip
@click.option("--calibrate", metavar="PATH", help="Data set to fit the temperature on.")
@click.option(
    "--calibrate-split", default="public", show_default=True, metavar="SPLIT",
    help="Its split, never the one trained on.",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the model (the recipe's where not given).")
@click.option("--licence", metavar="TEXT", help="Terms of the weights and their training data.")
@click.option("--margin", type=float, metavar="SHARE", help="Crop side = (1 + SHARE) × box side.")
@click.option("--offset", type=(float, float), metavar="X Y", help="Crop's shift, in box sides.")
@click.option("--align/--no-align", default=None, help="Turn crops so that the eyes are level.")
@click.option("--card", multiple=True, metavar="KEY=TEXT", help="A fact for the model's card.")
def command(
    run: str,
    out: str,
    weights: str,
    calibrate: str | None,
    calibrate_split: str,
    card: tuple[str, ...],
    name: str | None,
    licence: str | None,
    **framing: Any,
) -> None:
    """Write a training run's weights to an ONNX file.

    RUN is the folder of a 'mien train' run.
    The file carries what is known of it and is checked against PyTorch before it is written. A
    classifier's, with its labels, input, framing and card, is a model for 'mien analyze --model
    FILE', a face detector's is one for 'mien analyze --detector FILE'. Exit status: 0 written,
    1 failed, 2 usage.
    """
    from pathlib import Path

    from mien.errors import ConfigError
    from mien.extras import require_extra
    from mien.files import check_writable

    facts = dict(fact.partition("=")[::2] for fact in card)
    if bad := next((fact for fact in card if "=" not in fact), None):
        raise ConfigError(f"--card takes KEY=TEXT, got {bad!r}")
    if not out.endswith(".onnx"):
        raise ConfigError(f"--out takes the name of an .onnx file, got {out!r}")
    require_extra("train", "'mien export'", "onnx", "onnxscript")
    check_writable(Path(out))
    from mien.train import checkpoint
    from mien.train.onnx_graph import Weights

    told: dict[str, Any] = {
        "weights": cast(Weights, weights), "name": name, "licence": licence, "card": facts
    }  # fmt: skip
    framing = {key: value for key, value in framing.items() if value is not None}
    if checkpoint.is_detector(checkpoint.load(checkpoint.find(run))):
        if calibrate is not None or framing:
            raise ConfigError(
                f"{run} is a face detector's run: --calibrate, --margin, --offset and --align are "
                "for classifiers"
            )
        _export_detector(run, out, told)
    else:
        calibration = {"calibrate": calibrate, "calibrate_split": calibrate_split}
        _export_classifier(run, out, {**told, **calibration, "framing": framing})


def _export_classifier(run: str, out: str, options: dict[str, Any]) -> None:
    from mien.train.classification.export import export_run

    exported = export_run(run, out, **options)
    spec = exported.spec
    click.echo(f"{exported.path}: {exported.size / 1e6:.2f} MB, {options['weights']} weights")
    click.echo(f"largest difference from PyTorch's logits: {exported.difference:.2g}")
    if spec.scores:
        click.echo(f"temperature: {spec.temperature:.3f}")
        click.echo(_figures(spec.scores))
    click.echo(f"next: mien analyze PHOTO --model {exported.path}")


def _export_detector(run: str, out: str, options: dict[str, Any]) -> None:
    from mien.train.detection.export import export_detector

    exported = export_detector(run, out, **options)
    click.echo(f"{exported.path}: {exported.size / 1e6:.2f} MB, {options['weights']} weights")
    if exported.boxes:
        click.echo(
            f"of {exported.boxes} boxes in PyTorch, scores differ by {exported.score:.2g} or less, "
            f"sides by {exported.pixels:.2g} pixels"
        )
    else:
        click.echo("PyTorch finds nothing on the photos of comparison: train it longer")
    if exported.astray:
        kept = ": --weights float32 keeps them" if options["weights"] == "float16" else ""
        click.echo(f"rounding adds or drops {exported.astray} uncertain boxes{kept}")
    if exported.spec.scores:
        click.echo(_figures(exported.spec.scores))
    click.echo(f"next: mien analyze PHOTO --detector {exported.path}")


def _figures(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
