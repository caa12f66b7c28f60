"""``mien study``: train and measure every classifier, and compare with published figures."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.support.numbers import THREADS
from mien.cli.support.printing import complain, say

FILES = ("study.json", "study.md", "study.png")


@click.command()
@click.option("--data", required=True, metavar="PATH", help="FER2013: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the study.")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, such as detect=yes; can be repeated.",
)  # fmt: skip
@click.option(
    "--schedule", type=click.Choice(["short", "full"]), default="short", show_default=True,
    help="short: for two CPU cores, from scratch; full: the recipes unchanged.",
)  # fmt: skip
@click.option("--only", metavar="A,B", help="Only these classifiers.")
@click.option("--from-scratch", is_flag=True, help="Without pretrained weights.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU where there is one.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="Threads on the CPU.")
@click.pass_context
def command(
    context: click.Context,
    /,
    data: str,
    out: str,
    options: tuple[str, ...],
    schedule: str,
    only: str | None,
    from_scratch: bool,
    device: str,
    threads: int | None,
) -> int:
    """Train every classifier on FER2013 and compare them.

    Each gets a run's folder in --out/runs. Run the same command again to continue: finished runs
    stay, unfinished ones are resumed, failed ones tried again. After every classifier it writes
    study.json, study.md (accuracy, published figures, cost) and study.png. Exit status: 0 done,
    1 a classifier failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from pathlib import Path

    from mien.cli.support.inputs import check_outputs
    from mien.extras import require_extra

    check_outputs(context, ["out"], [Path(out) / name for name in FILES])
    require_extra("train", "'mien study'", "onnx", "onnxscript")
    require_extra("plot", "'mien study'")
    import torch

    from mien.cli.support.epochs import epochs_shown
    from mien.cli.support.photos import hint_at_photos, search_all_photos
    from mien.datasets.base import Dataset
    from mien.train.classification.config import ClassifierConfig
    from mien.train.session import pick_device
    from mien.train.study.plan import Entry
    from mien.train.study.report import ranked
    from mien.train.study.run import Watcher, run_study

    if threads is not None:
        torch.set_num_threads(threads)
    where, folder = pick_device(device), Path(out)

    class Lines(Watcher):
        def opened(self, dataset: Dataset) -> None:
            hint_at_photos(dataset, options)
            search_all_photos(dataset)  # their fingerprints are needed at once

        def begins(self, number: int, count: int, entry: Entry) -> None:
            say(f"[{number}/{count}] {entry.recipe} on {where}", err=True)

        def epochs(self, config: ClassifierConfig) -> Any:
            return epochs_shown(config)

        def failed(self, entry: Entry, reason: str) -> None:
            complain(f"{entry.recipe} failed: {reason}")

    names = tuple(name.strip() for name in only.split(",")) if only else ()
    try:
        result = run_study(
            data, folder, schedule=schedule, only=names, from_scratch=from_scratch, device=where,
            watcher=Lines(), options=options,
        )  # fmt: skip
    except KeyboardInterrupt:
        complain("stopped; run the same command to continue")
        return 130
    say(*(folder / "study.md").read_text("utf-8").removesuffix("\n").split("\n"))
    best = ranked(result.rows)[:2]
    if len(best) == 2:
        say("", f"figure: {folder / 'study.png'}")
        runs = " ".join(shlex.quote(str(folder / row["run"])) for row in best)
        say(f"next: mien compare {runs}")
    if result.failed:
        names_of = ", ".join(result.failed)
        complain(f"failed: {names_of}; run the same command to try them again")
    return 1 if result.failed else 0
