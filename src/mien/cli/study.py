"""``mien study``: every classifier trained, measured and put beside the published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from mien.datasets.base import Dataset
    from mien.train.study.run import Entry


@click.command()
@click.option("--data", required=True, metavar="PATH", help="FER2013: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the study.")
@click.option(
    "--schedule", type=click.Choice(["short", "full"]), default="short", show_default=True,
    help="short: two CPU cores, from scratch; full: the recipes as they are.",
)  # fmt: skip
@click.option("--only", metavar="A,B", help="These classifiers alone.")
@click.option("--from-scratch", is_flag=True, help="Without the weights of others.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU where there is one.",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads on the CPU.")
def command(
    data: str,
    out: str,
    schedule: str,
    only: str | None,
    from_scratch: bool,
    device: str,
    threads: int | None,
) -> int:
    """Train every classifier on FER2013 and compare them.

    Each gets a run's folder in --out/runs. The same command goes on where it was stopped: what is
    finished stays, what is not is resumed, what failed is tried again. Written after every
    classifier: study.json, study.md (accuracy beside published figures, cost) and study.png.
    Exit status: 0 done, 1 one of them failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from pathlib import Path

    from mien.datasets.base import open_dataset
    from mien.extras import require_extra

    require_extra("train", "'mien study'", "onnx", "onnxscript")
    require_extra("plot", "'mien study'")
    import torch

    from mien.train.session import pick_device
    from mien.train.study import report as study_report
    from mien.train.study import run as study

    names = tuple(name.strip() for name in only.split(",")) if only else ()
    entries = study.plan(schedule, names, from_scratch)
    dataset = open_dataset(data)
    if threads is not None:
        torch.set_num_threads(threads)
    where = pick_device(device)
    folder = Path(out)
    _make(folder / "runs")
    shown = f"mien study --data {shlex.quote(Path(data).name)} --out {shlex.quote(folder.name)}"
    shown += f" --schedule {schedule}" + " --from-scratch" * from_scratch
    everything = study.plan(schedule, (), from_scratch)

    failed = []
    try:
        study.measure_shipped(dataset, folder)
        for number, entry in enumerate(entries, start=1):
            click.echo(f"[{number}/{len(entries)}] {entry.recipe} on {where}", err=True)
            error = _run(entry, dataset, folder, where)
            if error:
                failed.append(entry.recipe)
                click.echo(f"mien: {entry.recipe} failed: {error}", err=True)
            rows = study_report.collect(everything, folder, shlex.quote(Path(data).name))
            study_report.write(rows, folder, shown, schedule)
    except KeyboardInterrupt:
        click.echo("mien: stopped; go on with the same command", err=True)
        return 130
    click.echo((folder / "study.md").read_text("utf-8"), nl=False)
    done = [row for row in rows if row["status"] == "done"]
    if len(done) > 1:
        click.echo(f"\nfigure: {folder / 'study.png'}")
        best = sorted(done, key=lambda row: row[study.REPORTED]["accuracy"])[-2:]
        runs = " ".join(shlex.quote(str(folder / row["run"])) for row in best)
        click.echo(f"next: mien compare {runs}")
    if failed:
        click.echo(f"mien: failed: {', '.join(failed)}; the same command tries again", err=True)
    return 1 if failed else 0


def _run(entry: Entry, dataset: Dataset, out: Path, device: torch.device) -> str:
    """Train and measure one classifier with its progress shown; returns what went wrong, or ""."""
    from mien.cli.support.epochs import epochs_shown
    from mien.train.study.run import run_entry

    try:
        with epochs_shown(entry.config()) as (on_batch, on_epoch):
            run_entry(entry, dataset, out, device=device, on_batch=on_batch, on_epoch=on_epoch)
    except Exception as error:  # noqa: BLE001 - hours of others must not end with one of them
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _make(folder: Path) -> None:
    from mien.files import output_error

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(repr(str(folder)), error) from None
