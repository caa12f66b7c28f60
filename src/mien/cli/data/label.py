"""``mien data label``: a page to label faces by keyboard, and how far its raters agree."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.support.command_line import refuse
from mien.cli.support.inputs import check_outputs
from mien.cli.support.numbers import SEED
from mien.cli.support.printing import complain, say, say_json

if TYPE_CHECKING:
    from mien.labelling.opening import Opened
    from mien.labelling.ratings import Agreement

_OF_PAGE = (
    "labels", "rater", "model", "show_old", "shared_order", "seed", "port", "no_browser", "out",
)  # fmt: skip
_OF_AGREEMENT = ("ratings", "merged", "as_json")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option(
    "--rater",
    default="rater",
    show_default=True,
    metavar="NAME",
    help="Who labels. Each rater has their own order and file.",
)
@click.option(
    "--labels",
    metavar="A,B,…",
    help="2 to 10 labels; their order gives the keys 1 to 9 and 0.  [default: the 8 expressions]",
)
@click.option(
    "--model",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    help="The model whose suggestion is shown when asked for; none: no suggestion.",
)
@click.option(
    "--show-old", is_flag=True, help="Show the labels that the faces have, to correct them."
)
@click.option("--shared-order", is_flag=True, help="Every rater sees the same order.")
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of the order.")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the page; 0: any free one.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--out",
    type=click.Path(),
    help="Write the answers here.  [default: DIR/labels.NAME.csv]",
)
@click.option("--agreement", is_flag=True, help="Measure how far the raters agree instead.")
@click.option(
    "--ratings",
    multiple=True,
    type=click.Path(),
    help="With --agreement: answers of one rater; repeat it.  [default: DIR/labels.*.csv]",
)
@click.option(
    "--merged",
    type=click.Path(),
    help="Write the label that most raters gave to each face to a table; with --agreement.",
)
@click.option("--json", "as_json", is_flag=True, help="With --agreement: one JSON object.")
@click.pass_context
def label(
    context: click.Context,
    /,
    folder: str,
    rater: str,
    labels: str | None,
    model: str,
    show_old: bool,
    shared_order: bool,
    seed: int,
    port: int,
    no_browser: bool,
    out: str | None,
    agreement: bool,
    ratings: tuple[str, ...],
    merged: str | None,
    as_json: bool,
) -> None:
    """Label faces, or correct their labels, by keyboard in the browser.

    DIR is a folder or zip of face crops, such as 'mien data crop' writes. The labels that they have
    already, their names and the model's suggestion are hidden until a key asks for them, and the
    answers say whether they were shown. Every answer is saved at once; the same command continues
    where the rater stopped.

    With --agreement the answers of all raters are compared: Cohen's kappa of each pair, Fleiss'
    kappa of all.
    """
    if agreement:
        refuse(context, _OF_PAGE, "is for labelling, not for --agreement")
        check_outputs(context, ["merged"])
        _compare(folder, ratings, merged, as_json)
    else:
        refuse(context, _OF_AGREEMENT, "needs --agreement")
        from mien.labelling.opening import open_session

        check_outputs(context, ["out"])
        opening = open_session(
            folder, rater, labels=labels, model=model, show_old=show_old, seed=seed, out=out,
            order_of=None if shared_order else rater,
        )  # fmt: skip
        _label(opening, port, not no_browser)


def _label(opening: AbstractContextManager[Opened], port: int, browser: bool) -> None:
    from mien.labelling.server import LabelServer
    from mien.web.browser import open_browser

    with opening as opened:
        for note in opened.notes:
            say(note)
        with LabelServer(opened.session, port, complain) as server:
            say(f"{opened.session.done:,} of {len(opened.session.order):,} faces are answered.")
            say(f"The page: {server.url}", "Ctrl-C ends it; every answer is saved at once.")
            if browser:
                open_browser(server.url)
            try:
                server.serve_forever(poll_interval=0.1)
            finally:
                done, total = opened.session.done, len(opened.session.order)
                say(f"{done:,} of {total:,} faces are answered: {opened.path}")


def _compare(folder: str, ratings: tuple[str, ...], merged: str | None, as_json: bool) -> None:
    from mien.files import check_writable
    from mien.labelling.merging import write_merged
    from mien.labelling.pictures import TABLES, Pictures
    from mien.labelling.ratings import find_answer_files, measure_agreement, read_ratings
    from mien.overwriting import check_apart

    if merged:
        check_writable(Path(merged))
    files = [Path(file) for file in ratings] or find_answer_files(Path(folder))
    check_apart([merged], [*files, *(Path(folder) / table for table in TABLES)])
    read = read_ratings(files)
    found = measure_agreement(read)
    written = None
    if merged:
        written = write_merged(Path(merged), Pictures(folder, read.labels), read)
    if as_json:
        say_json(found.to_dict() | ({"merged": written.to_dict()} if written else {}), indent=2)
        return
    _print(found)
    if written:
        counts = ", ".join(f"{name} {count:,}" for name, count in written.labels.items())
        say("", f"{merged}: {written.written:,} faces ({counts or 'none'})")
        for count, why in (
            (written.ties, "without a majority"), (written.not_a_face, "that are not a face"),
            (written.no_label, "that nobody could label"), (written.gone, "that are gone"),
        ):  # fmt: skip
            if count:
                say(f"left out {count:,} {why}")


def _print(found: Agreement) -> None:
    from mien.cli.support.console import out, table, warn

    raters = table(
        "rater", "labelled", "cannot tell", "not a face", "after the suggestion",
        "after the old label", "median seconds",
    )  # fmt: skip
    for rater in found.raters:
        raters.add_row(
            rater.rater, f"{rater.labelled:,}", f"{rater.cannot_tell:,}", f"{rater.not_a_face:,}",
            f"{rater.suggestion_seen:,}", f"{rater.old_label_seen:,}",
            f"{rater.median_seconds:.1f}",
        )  # fmt: skip
    out().print(raters)
    pairs = table("pair", "faces", "agreement", "Cohen's kappa")
    for pair in found.pairs:
        pairs.add_row(
            f"{pair.first}, {pair.second}", f"{pair.pictures:,}",
            "" if pair.agreement is None else f"{pair.agreement:.1%}", _kappa(pair.kappa),
        )  # fmt: skip
    if not found.pairs:
        say("", "One rater only: agreement takes two.")
        return
    say("")
    out().print(pairs)
    formula = "Fleiss 1971" if found.complete else "some ratings are missing: Gwet's formula"
    say("", f"Fleiss' kappa of all: {_kappa(found.fleiss_kappa)} ({formula})",
        f"{found.rated_twice:,} of {found.pictures:,} faces have two labels or more, "
        f"{found.unanimous:,} of them without dissent")  # fmt: skip
    rows = f"Rows: {found.raters[0].rater}, columns: {found.raters[1].rater}"
    if len(found.raters) > 2:
        rows = "All pairs of raters, both ways round"
    confused = table("", *found.labels)
    for name, row in zip(found.labels, found.confusion, strict=True):
        confused.add_row(name, *(f"{count:,}" if count else "·" for count in row))
    say("", rows)
    out().print(confused)
    if any(rater.suggestion_seen or rater.old_label_seen for rater in found.raters):
        say("")
        warn("answers after a suggestion or an old label agree more than independent ones")


def _kappa(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
