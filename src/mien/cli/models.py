"""``mien models``: the detectors and classifiers there are, with their facts."""

from __future__ import annotations

import json
from typing import Any

import click


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List detectors and classifiers with their facts; `mien models show NAME` prints a card."""
    if context.invoked_subcommand:
        return
    from rich.table import Table

    from mien.cli.console import out

    found = _detectors(), _classifiers()
    if as_json:
        click.echo(
            json.dumps(dict(zip(("detectors", "classifiers"), found, strict=True)), indent=2)
        )
        return
    for title, rows in zip(("Detectors", "Classifiers"), found, strict=True):
        table = Table(
            title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0)
        )
        for column in rows[0]:
            table.add_column(column.replace("_", " "))
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        out().print(table)
        out().print()


@command.command()
@click.argument("name", default="default")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Print the card of one classifier: NAME as registered, or an ONNX file."""
    from dataclasses import asdict

    from mien.classifiers.base import load_classifier
    from mien.cli.console import out

    facts = asdict(load_classifier(name).spec)
    if as_json:
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    card, scores = facts.pop("card"), facts.pop("scores")
    _section("Model", facts, out())
    _section("Scores", scores, out())
    _section("Card", card, out())


def _section(title: str, facts: dict[str, Any], console: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, (list, tuple)):
            value = ", ".join(str(v) for v in value)
        elif isinstance(value, float):
            value = f"{value:.4g}"
        if value not in ("", None):
            table.add_row(key.replace("_", " "), Text(str(value)))
    if table.row_count:
        console.print(table)
        console.print()


def _detectors() -> list[dict[str, Any]]:
    from mien.registry import detectors

    rows = []
    for name in detectors.names():
        facts = detectors.get(name).facts  # type: ignore[attr-defined]
        rows.append(
            {
                "name": name,
                "method": facts.summary,
                "landmarks": "five" if facts.landmarks else "none",
                "licence": facts.licence or "–",
            }
        )
    return rows


def _classifiers() -> list[dict[str, Any]]:
    from mien.classifiers.base import load_classifier
    from mien.registry import classifiers

    rows = []
    for name in classifiers.names():
        spec = load_classifier(name).spec
        rows.append(
            {
                "name": name,
                "labels": ", ".join(spec.labels),
                "input": f"{spec.input_size}×{spec.input_size}×{spec.channels}",
                "trained_on": spec.trained_on or "–",
                "accuracy": ", ".join(
                    f"{key.removesuffix('_accuracy')} {value:.1%}"
                    for key, value in spec.scores.items()
                    if key.endswith("_accuracy")
                )
                or "–",
                "licence": spec.licence or "–",
            }
        )
    return rows
