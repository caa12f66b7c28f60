"""``mien models``: the detectors and classifiers there are, with their facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mien.detectors.base import DetectorFacts
    from mien.specs.classifier import ModelSpec

DETECTOR_COLUMNS = ("method", "landmarks", "licence", "ready")
CLASSIFIER_COLUMNS = ("labels", "input", "trained_on", "accuracy", "licence")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List detectors and classifiers, or show one's card.

    'mien models show NAME' prints the card.
    """
    if context.invoked_subcommand:
        return
    from mien.catalogue import classifier_specs, detector_facts
    from mien.cli.support.console import Table, out
    from mien.cli.support.printing import say_json

    listed = {
        "detectors": _rows(detector_facts(), DETECTOR_COLUMNS, _detector_cells),
        "classifiers": _rows(classifier_specs(), CLASSIFIER_COLUMNS, _classifier_cells),
    }
    if as_json:
        say_json(listed, indent=2)
        return
    for title, rows in listed.items():
        table = Table(
            *(column.replace("_", " ") for column in rows[0]),
            gap=3,
            title=title.capitalize(),
            title_justify="left",
        )
        for row in rows:
            table.add_row(*row.values())
        out().print(table)
        out().print()


@command.command()
@click.argument("name", default="default")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Print the card of one classifier or detector.

    NAME is a registered name or an ONNX file.
    """
    from mien.catalogue import card
    from mien.cli.support.printing import say_json

    facts = card(name)
    if as_json or (context.parent and context.parent.params["as_json"]):
        say_json(facts, indent=2)
        return
    sections = {key: facts.pop(key) for key in ("scores", "options", "card") if key in facts}
    if "options" in sections:
        sections["options"] = {
            f"{key}=": _as_typed(value) for key, value in sections["options"].items()
        }
    _print_section("Model", facts)
    for title, section in sections.items():
        _print_section(title.capitalize(), section)


def _as_typed(default: Any) -> str:
    """An option's default as a user would type it."""
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    return "–" if default is None else str(default).lower()


def _print_section(title: str, facts: dict[str, Any]) -> None:
    from mien.cli.support.console import Table, out

    table = Table(gap=1, title=title, title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, (list, tuple)):
            value = ", ".join(str(v) for v in value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, float):
            value = f"{value:.4g}"
        if value not in ("", None):
            table.add_row(key if key.endswith("=") else key.replace("_", " "), value)
    if table.row_count:
        out().print(table)
        out().print()


def _rows(
    by_name: Mapping[str, Any], columns: tuple[str, ...], cells: Callable[[Any], tuple[str, ...]]
) -> list[dict[str, str]]:
    """One row a name; a broken one is listed with its reason, beside the rest."""
    from mien.catalogue import Broken

    rows = []
    for name, facts in by_name.items():
        dashes = ("–",) * (len(columns) - 1)
        values = (str(facts), *dashes) if isinstance(facts, Broken) else cells(facts)
        row = dict(zip(columns, values, strict=True))
        rows.append({"name": name, **row})
    return rows


def _detector_cells(facts: DetectorFacts) -> tuple[str, ...]:
    landmarks = "five" if facts.landmarks else "none"
    ready = f"needs {facts.needs}" if facts.needs else "yes"
    return facts.summary, landmarks, facts.licence or "–", ready


def _classifier_cells(spec: ModelSpec) -> tuple[str, ...]:
    accuracy = [
        f"{key.removesuffix('_accuracy')} {value:.1%}"
        for key, value in spec.scores.items()
        if key.endswith("_accuracy")
    ]
    return (
        ", ".join(spec.labels),
        f"{spec.input_size}×{spec.input_size}×{spec.channels}",
        spec.trained_on or "–",
        ", ".join(accuracy) or "–",
        spec.licence or "–",
    )
