"""``mien models``: the detectors and classifiers there are, with their facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
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

    from mien.cli.support.console import out

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
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Print the card of one classifier or detector: NAME as registered, or an ONNX file."""
    from mien.cli.support.console import out

    facts = _card(name)
    if as_json or (context.parent and context.parent.params["as_json"]):
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False, default=str))
        return
    others = {key: facts.pop(key) for key in ("scores", "options", "card") if key in facts}
    if "options" in others:
        others["options"] = {f"{key}=": _typed(v) for key, v in others["options"].items()}
    _section("Model", facts, out())
    for title, section in others.items():
        _section(title.capitalize(), section, out())


def _card(name: str) -> dict[str, Any]:
    """What is known of a registered classifier or detector, or of an ONNX file."""
    import os
    from dataclasses import asdict

    from mien.classifiers.base import load_classifier
    from mien.detectors.load import load_detector
    from mien.errors import UnknownNameError
    from mien.options import parameters
    from mien.registry import classifiers, detectors
    from mien.runtime import open_session
    from mien.specs.identify import kind_of

    if name in classifiers.names():
        return asdict(load_classifier(name).spec)
    if name in detectors.names():
        factory = detectors.get(name)
        options = {key: default for key, (_, default) in parameters(factory).items()}
        return {**asdict(_facts(factory)), "options": options}
    if not name.lower().endswith(".onnx") and not os.path.isfile(name):  # noqa: PTH113 - no raise
        known = [*classifiers.names(), *detectors.names()]
        raise UnknownNameError("model", name, known, "or give an .onnx file")
    if kind_of(open_session(name)) == "detector":
        detector: Any = load_detector(name)
        return asdict(detector.spec)
    return asdict(load_classifier(name).spec)


def _typed(default: Any) -> str:
    """An option's default as one would give it."""
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    return "–" if default is None else str(default).lower()


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
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, float):
            value = f"{value:.4g}"
        if value not in ("", None):
            table.add_row(key if key.endswith("=") else key.replace("_", " "), Text(str(value)))
    if table.row_count:
        console.print(table)
        console.print()


def _detectors() -> list[dict[str, str]]:
    from mien.registry import detectors

    def facts_of(name: str) -> dict[str, str]:
        facts = _facts(detectors.get(name))
        return {
            "method": facts.summary,
            "landmarks": "five" if facts.landmarks else "none",
            "licence": facts.licence or "–",
            "ready": f"needs {facts.needs}" if facts.needs else "yes",
        }

    return _rows(detectors.names(), ("method", "landmarks", "licence", "ready"), facts_of)


def _facts(factory: Any) -> Any:
    """A detector's facts; a factory, which has none of its own, is asked to make one."""
    return getattr(factory, "facts", None) or factory().facts


def _classifiers() -> list[dict[str, str]]:
    from mien.classifiers.base import load_classifier
    from mien.registry import classifiers

    def facts_of(name: str) -> dict[str, str]:
        spec = load_classifier(name).spec
        return {
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

    columns = ("labels", "input", "trained_on", "accuracy", "licence")
    return _rows(classifiers.names(), columns, facts_of)


def _rows(
    names: Iterable[str], columns: tuple[str, ...], facts_of: Callable[[str], dict[str, str]]
) -> list[dict[str, str]]:
    """A row a name; one that cannot be had is listed with the reason and hides none of the rest."""
    rows = []
    for name in names:
        try:
            facts = facts_of(name)
        except Exception as error:  # noqa: BLE001 - a third party's code may raise anything
            reason = " ".join(str(error).split()) or type(error).__name__
            facts = {**dict.fromkeys(columns, "–"), columns[0]: f"broken: {reason}"}
        rows.append({"name": name, **facts})
    return rows
