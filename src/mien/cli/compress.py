"""``mien compress``: make a trained network cheaper, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.support.numbers import COUNT, THREADS, Finite
from mien.cli.support.printing import say

if TYPE_CHECKING:
    from mien.train.classification.compress import Compressed


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--data", required=True, metavar="PATH", help="The data that RUN was trained on.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the new run.")
@click.option(
    "--macs", type=Finite(min=0), metavar="MILLIONS",
    help="Multiply-adds for a face that the new network may need.",
)  # fmt: skip
@click.option(
    "--like", metavar="RUN",
    help="Take the ranks of this compressed run instead; for a run of the same recipe.",
)  # fmt: skip
@click.option(
    "--pictures", type=COUNT, default=512, show_default=True, metavar="N",
    help="Training pictures: half of them choose, half measure the result.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="CPU threads.")
@click.pass_context
def command(
    context: click.Context,
    /,
    run: str,
    data: str,
    out: str,
    macs: float | None,
    like: str | None,
    pictures: int,
    threads: int | None,
) -> None:
    """Make a trained residual network cheaper.

    RUN is the folder of a 'mien train' run of the architecture resnet. Its 3×3 convolutions become
    chains of low rank (Zhang et al. 2015): those are chosen that change the network's answers
    least. The new run is trained again for some epochs, with RUN as its teacher, by the recipe
    'compressed'. Exit status: 0 written, 1 failed, 2 usage.
    """
    import shlex

    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.progress import meter
    from mien.extras import require_extra

    check_outputs(context, ["out"])
    require_extra("train", "'mien compress'")
    import torch

    from mien.train.classification.compress import compress

    if threads is not None:
        torch.set_num_threads(threads)
    with meter(unit="ranks") as bar:
        budget = None if macs is None else macs * 1e6
        made = compress(run, data, out, budget, like=like, pictures=pictures, on_choice=bar)
    for line in _lines(made):
        say(line)
    words = ("--data", data, "--weights", out, "--teacher", run, "--out", f"{out}_tuned")
    say(f"next: mien train compressed {shlex.join((*words, *made.options))}")


def _lines(made: Compressed) -> list[str]:
    (macs, fewer), (weights, left) = made.macs, made.parameters
    return [
        f"{made.path}: {macs / 1e6:,.0f} → {fewer / 1e6:,.0f} million multiply-adds, "
        f"{weights / 1e6:.2f} → {left / 1e6:.2f} million parameters",
        f"of pictures that chose nothing, {made.agreement:.1%} have the same first answer "
        f"(mean divergence {made.divergence:.3f} nats)",
    ]
