"""``mien evaluate`` of a classifier: its answers, measures, warnings and files."""

from __future__ import annotations

from pathlib import Path

import click

from mien.cli.support.output_files import Targets, keep


def evaluate(
    model: str,
    data: str,
    split: str,
    targets: Targets,
    command: str,
    *,
    dataset: str | None,
    options: tuple[str, ...],
    splits: str | None,
    repeats_of: str,
    tta: bool,
    as_json: bool,
    explain: tuple[str, ...],
    method: str,
) -> None:
    """Do it all; ``command`` is the command line as it was given."""
    from mien.cli.evaluate.data import open_data
    from mien.cli.evaluate.given import load, warnings
    from mien.cli.evaluate.outputs import Outputs
    from mien.cli.evaluate.tables import show
    from mien.cli.support.progress import meter
    from mien.evaluation.classification.measures import measure, predict
    from mien.evaluation.classification.predictions import answers_path

    outputs = Outputs(targets, explain, method)
    outputs.check_targets()
    opened = load(model)
    source = open_data(opened, data, dataset, options, splits)
    outputs.check_explanation(opened, source, split)
    with meter() as on_progress:
        predictions = predict(
            opened.classifier, source.dataset, split, tta=tta, splits=source.splits,
            repeats_of=None if repeats_of == "none" else repeats_of, on_progress=on_progress,
        )  # fmt: skip
    if opened.folder is not None and source.trained_on:
        keep(predictions, answers_path(opened.folder, split, tta))
    if targets.save is not None:
        predictions.save(Path(targets.save))
    found = measure(predictions)
    minded = warnings(opened, source, predictions)
    try:
        outputs.write(opened, source, predictions, found, minded, data, command)
    finally:  # a disk that is full by now does not take the measures with it
        if as_json:
            import json

            facts = {**found.to_dict(), "source": model, "data": data, "warnings": minded}
            click.echo(json.dumps(facts))
        else:
            show(found, minded)
