"""``mien data pack``: crops and resizes every picture once, into memory-mapped arrays."""

from __future__ import annotations

import click

from mien.cli.data.source import reader
from mien.cli.support.numbers import THREADS
from mien.cli.support.printing import complain, say
from mien.errors import ConfigError


@click.command()
@click.argument("source", type=click.Path())
@click.argument("out", type=click.Path())
@click.option(
    "--size",
    required=True,
    type=click.IntRange(1, 65535),
    help="Side of the packed pictures, pixels.",
)
@reader
@click.option(
    "--channels", type=click.Choice(["1", "3"]),
    help="1: grey, 3: RGB.  [default: grey where the first pictures are]",
)  # fmt: skip
@click.option("--workers", type=THREADS, help="Threads.  [default: one per core]")
@click.option(
    "--exact",
    is_flag=True,
    help="Decode large JPEGs in full size: slower; pixels differ by a grey level or two.",
)
@click.pass_context
def pack(
    context: click.Context,
    /,
    source: str,
    out: str,
    size: int,
    dataset: str,
    options: tuple[str, ...],
    channels: str | None,
    workers: int | None,
    exact: bool,
) -> int:
    """Decode, crop and resize a data set once, into a folder.

    SOURCE is the data set, OUT the folder.
    'mien train RECIPE --dataset packed --data OUT' then starts at once and needs memory only for
    the current pictures. The same command resumes a run that was stopped. Pictures that cannot be
    read, and those that the reader leaves out, are listed in OUT/skipped.csv with the reason.
    """
    import time

    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.progress import meter
    from mien.cli.support.reader import say_reader
    from mien.datasets.base import SceneDataset
    from mien.datasets.inspection import count_pictures
    from mien.datasets.opening import AUTO, open_dataset
    from mien.datasets.packing.pack import pack as run

    check_outputs(context, ["out"])
    found = open_dataset(source, dataset, options)
    say_reader(source, found, dataset == AUTO)
    if isinstance(found, SceneDataset):
        raise ConfigError(
            "'mien data pack' crops and resizes faces for a classifier's training, and "
            f"{found.facts.reader!r} reads whole pictures: train a detector on {source} without "
            "packing it"
        )
    hint_at_photos(found, options)
    search_photos(found)
    began = time.monotonic()
    try:
        with meter(rate=True) as update:
            total = count_pictures(found) if update else None
            done = run(
                found, source, out, size=size, options=options, workers=workers, exact=exact,
                channels=int(channels) if channels else None,
                on_progress=(lambda passed, _: update(passed, total)) if update else None,
            )  # fmt: skip
    except KeyboardInterrupt:
        complain(f"stopped; resume {out} with the same command")
        return 130
    form = f"{size}×{size} {'grey' if done.channels == 1 else 'RGB'}"
    counts = ", ".join(f"{split} {n:,}" for split, n in done.pictures.items())
    say(f"{out}: {sum(done.pictures.values()):,} pictures, {form} ({counts})")
    if done.done_now:
        rate = done.done_now / (time.monotonic() - began)
        say(f"{done.done_now:,} pictures in this run, {rate:,.0f} a second")
    else:
        say("already complete")
    counts_by_reason = {
        "unreadable": done.skipped,
        "without a face": done.no_face,
        "left out by the reader": done.left_out,
    }
    skipped = [f"{count:,} {reason}" for reason, count in counts_by_reason.items() if count]
    if skipped:
        say(f"skipped {' and '.join(skipped)}: see {out}/skipped.csv", err=True)
    return 0
