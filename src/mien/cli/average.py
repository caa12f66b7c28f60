"""``mien average``: one network from the weights of several runs, without training."""

from __future__ import annotations

import click

from mien.cli.support.numbers import Finite
from mien.cli.support.printing import say


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--out", required=True, metavar="DIR", help="Folder of the new run.")
@click.option(
    "--share", "shares", type=Finite(min=0), multiple=True, metavar="S",
    help="How much a RUN counts, once for each, in order (default: all alike).",
)  # fmt: skip
@click.pass_context
def command(
    context: click.Context, /, runs: tuple[str, ...], out: str, shares: tuple[float, ...]
) -> None:
    """Average the weights of runs of one network.

    Each RUN is the folder of a 'mien train' run. The average of runs that began from the same
    weights is often better than each of them, at the cost of one (model soups, Wortsman et al.
    2022a). That of a network and what fine-tuning made of it keeps more of what the first one knew
    (WiSE-FT, Wortsman et al. 2022b). Exit status: 0 written, 1 failed, 2 usage.
    """
    import shlex

    from mien.cli.support.inputs import check_outputs
    from mien.extras import require_extra

    check_outputs(context, ["out"])
    require_extra("train", "'mien average'")
    from mien.train.classification.average import average

    parts = average(runs, out, shares or None)
    told = ", ".join(f"{part:.0%} {run}" for part, run in zip(parts, runs, strict=True))
    say(f"{out}: {told}")
    say(f"next: mien evaluate {shlex.quote(out)} --data PATH")
