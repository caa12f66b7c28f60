"""The study's tables, read from the files of its runs: study.json, study.md and study.png."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import median_high
from typing import TYPE_CHECKING, Any

from mien.classifiers.onnx import OnnxClassifier
from mien.errors import MienError
from mien.evaluation.classification.cost import Cost
from mien.evaluation.classification.measures import Evaluation, measure
from mien.evaluation.classification.predictions import Predictions
from mien.evaluation.kept_answers import predictions_path
from mien.files import write_whole
from mien.specs.classifier import ModelSpec
from mien.train import checkpoint
from mien.train.metrics_file import METRICS, read_metrics
from mien.train.study.plan import CHOSEN_ON, COST, FAILED, REPORTED, SHIPPED, Entry
from mien.weights import DEFAULT

if TYPE_CHECKING:
    from mien.reports.figures.tradeoff import ComparedModel

Row = dict[str, Any]


def collect(entries: Iterable[Entry], out: Path, data: str) -> list[Row]:
    """One JSON-ready row for every classifier that was begun, the shipped model last.

    ``data``: name of the data set's file in the commands shown. A run with damaged files counts as
    failed, with the reason.
    """
    rows = []
    for entry in entries:
        folder = out / "runs" / entry.recipe
        if (folder / FAILED).exists():
            error = (folder / FAILED).read_text("utf-8", errors="replace").strip()
            rows.append({**_about(entry, data), "status": "failed", "error": error})
        elif (folder / COST).exists():
            try:
                rows.append({**_about(entry, data), "status": "done", **_trained(folder)})
            except MienError as error:
                rows.append({**_about(entry, data), "status": "failed", "error": str(error)})
    if (out / "runs" / SHIPPED / COST).exists():
        rows.append(_shipped(out / "runs" / SHIPPED))
    return rows


def ranked(rows: list[Row]) -> list[Row]:
    """The classifiers that are done, the most accurate first."""
    done = [row for row in rows if row["status"] == "done"]
    return sorted(done, key=lambda row: -row[REPORTED]["accuracy"])


def write(rows: list[Row], out: Path, command: str, schedule: str) -> None:
    """Write ``study.json`` and ``study.md``, and ``study.png`` if two classifiers are done.

    Raises ``OutputError``, and ``MissingExtraError`` without Matplotlib.
    """
    facts = {"command": command, "schedule": schedule, "rows": rows}
    write_whole(out / "study.json", (json.dumps(facts, indent=2) + "\n").encode())
    write_whole(out / "study.md", markdown(rows, command, schedule).encode())
    marks = [_mark(row) for row in rows if row["status"] == "done"]
    if len(marks) > 1:
        from mien.reports.figures.save import save_figure
        from mien.reports.figures.tradeoff import tradeoff_figure

        title = f"Study, {schedule} schedule: FER2013 PublicTest"
        save_figure(tradeoff_figure(marks, title), out / "study.png")


def _about(entry: Entry, data: str) -> Row:
    figures = entry.published
    published = figures and {**asdict(figures), "accuracy": list(figures.accuracy)}
    try:
        command = entry.command(data)
    except MienError:  # a recipe that cannot be read counts as failed
        command = f"mien train {entry.recipe} --data {data} --out runs/{entry.recipe}"
    run = f"runs/{entry.recipe}"
    return {"name": entry.recipe, "run": run, "published": published, "command": command}


def _trained(folder: Path) -> Row:
    state = checkpoint.load(checkpoint.find(folder))
    epochs = read_metrics(folder / METRICS, int(state["epochs_done"]))
    facts, config = state["facts"], state["config"]
    speeds = [row["images_per_second"] for row in epochs]
    return {
        REPORTED: _scores(folder, REPORTED),
        "valid": _scores(folder, CHOSEN_ON),
        "epochs": int(state["epochs_done"]),
        "epochs_planned": config["epochs"],
        "train_seconds": round(sum(row["seconds"] for row in epochs), 1) if epochs else None,
        "images_per_second": median_high(speeds) if speeds else None,
        "input": f"{config['input_size']}×{config['input_size']}×{config['channels']}",
        "weights": facts.get("weights_from", "scratch"),
        "pictures": facts.get("pictures"),
        "seed": config["seed"],
        "hardware": facts.get("hardware", ""),
        "torch": facts.get("torch", ""),
        "cost": asdict(Cost.load(folder / COST)),
    }


def _shipped(folder: Path) -> Row:
    """The model that ships with Mien: facts of its card, and what was measured."""
    spec: ModelSpec = OnnxClassifier(DEFAULT).spec
    card = spec.card
    epochs = str(card.get("epochs", "")).split()[0] if card.get("epochs") else None
    return {
        "name": f"{spec.name}, as shipped",
        "run": f"runs/{SHIPPED}",
        "published": None,
        "command": "",  # its card says how it was made, in several stages
        "status": "done",
        REPORTED: _scores(folder, REPORTED),
        "valid": None,  # it was trained on all of Training
        "epochs": int(epochs) if epochs else None,
        "epochs_planned": int(epochs) if epochs else None,
        "train_seconds": None,
        "images_per_second": None,
        "input": f"{spec.input_size}×{spec.input_size}×{spec.channels}",
        "weights": card.get("weights_from", "scratch"),
        "pictures": card.get("pictures"),
        "seed": card.get("seed"),
        "hardware": card.get("hardware", ""),
        "torch": card.get("torch", ""),
        "cost": asdict(Cost.load(folder / COST)),
    }


def _scores(folder: Path, split: str) -> Row:
    scores: Evaluation = measure(Predictions.load(predictions_path(folder, split)))
    names = ("n", "accuracy", "balanced_accuracy", "macro_f1", "nll", "ece")
    interval = scores.intervals["accuracy"]
    without = scores.without_duplicates
    return {
        **{name: getattr(scores, name) for name in names},
        "accuracy_interval": [interval.low, interval.high],
        "without_duplicates": without and {"n": without.n, "accuracy": without.accuracy},
        "fingerprint": scores.fingerprint,
    }


def _mark(row: Row) -> ComparedModel:
    from mien.reports.figures.tradeoff import ComparedModel, PublishedFigure

    low, high = row[REPORTED]["accuracy_interval"]
    published = row["published"]
    return ComparedModel(
        name=row["name"],
        quality=row[REPORTED]["accuracy"],
        low=low,
        high=high,
        ms=row["cost"]["ms_per_face"],
        published=published
        and PublishedFigure(
            tuple(share / 100 for share in published["accuracy"]),
            f"{published['data']}; {published['source']}; epochs not stated",
        ),
    )


def markdown(rows: list[Row], command: str, schedule: str) -> str:
    """The tables for people: accuracy and published figures, cost, commands."""
    done = [row for row in rows if row["status"] == "done"]
    failed = [row for row in rows if row["status"] == "failed"]
    parts = [f"`{command}` (schedule: {schedule})"]
    if done:
        first = done[0][REPORTED]
        parts += [
            f"FER2013 PublicTest, {first['n']:,} pictures, single crop, fingerprint "
            f"{first['fingerprint']}; 95 % bootstrap intervals in brackets. *Without duplicates*: "
            "without pictures that are also in Training. *Valid*: the tenth of Training on which "
            "settings were chosen. Every classifier was trained on the other nine tenths, the "
            "shipped one on all of Training.",
            _accuracy_table(done),
            "*MACs*: multiply-adds for one face. *ms per face*: ONNX Runtime, one face per call, "
            f"one thread, on {_distinct(row['cost']['hardware'] for row in done)}. *MB*: the ONNX "
            "file with float16 weights.",
            _cost_table(done),
        ]
        notes = [f"- `{r['name']}`: {r['cost']['note']}" for r in done if r["cost"]["note"]]
        parts += ["\n".join(notes)] if notes else []
        parts.append(_published_notes(done))
    if failed:
        lines = [f"- `{row['name']}`: {row['error']}" for row in failed]
        parts.append("Failed:\n\n" + "\n".join(lines))
    lines = [row["command"] for row in rows if row["command"]]
    parts.append("Commands for single rows:\n\n```sh\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _accuracy_table(rows: list[Row]) -> str:
    lines = [
        "| classifier | published | accuracy | without duplicates | balanced | macro F1 | NLL "
        "| ECE | valid |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        scores = row[REPORTED]
        low, high = scores["accuracy_interval"]
        without = scores["without_duplicates"]
        cells = (
            row["name"],
            _published(row),
            f"**{scores['accuracy']:.1%}** ({100 * low:.1f} to {100 * high:.1f})",
            f"{without['accuracy']:.1%}" if without else "",
            f"{scores['balanced_accuracy']:.1%}",
            f"{scores['macro_f1']:.1%}",
            f"{scores['nll']:.3f}",
            f"{scores['ece']:.1%}",
            f"{row['valid']['accuracy']:.1%}" if row["valid"] else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cost_table(rows: list[Row]) -> str:
    lines = [
        "| classifier | starts from | input | epochs | training | pictures/s | seed | hardware "
        "| parameters | MACs | ms per face | MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cost = row["cost"]
        cells = (
            row["name"],
            row["weights"],
            row["input"],
            _number(row["epochs"], ",d"),
            "" if row["train_seconds"] is None else f"{row['train_seconds'] / 60:.1f} min",
            _number(row["images_per_second"], ",.0f"),
            str(row["seed"]),
            row["hardware"],
            _number(cost["parameters"], ",d"),
            "" if cost["macs"] is None else f"{cost['macs'] / 1e6:,.1f} M",
            _number(cost["ms_per_face"], ".2f"),
            _number(cost["megabytes"], ".1f"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None, style: str) -> str:
    return "" if value is None else format(value, style)


def _published(row: Row) -> str:
    published = row["published"]
    if published is None:
        return ""
    figure = " to ".join(f"{share:g}" for share in published["accuracy"])
    other = "" if published["data"] == "FER2013" else f" ({published['data']})"
    return f"{figure} %{other}"


def _published_notes(rows: list[Row]) -> str:
    lines = [
        f"- `{row['name']}`: {_published(row)}, {row['published']['source']}"
        for row in rows
        if row["published"]
    ]
    return "Published figures:\n\n" + "\n".join(lines) if lines else ""


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value)) or "unknown hardware"
