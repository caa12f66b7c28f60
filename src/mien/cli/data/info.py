"""``mien data info``: what a copy of a data set really holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.data.source import division, reader

if TYPE_CHECKING:
    from rich.table import Table

    from mien.datasets.info import DataInfo


@click.command()
@click.argument("path", type=click.Path())
@reader
@division
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def info(path: str, dataset: str, options: tuple[str, ...], splits: str, as_json: bool) -> None:
    """Counts, sizes, exact duplicates and pixel fingerprint of the data set at PATH.

    PATH is whatever the reader takes: for FER2013 a CSV file, a folder of pictures, or a zip of
    either. What the reader leaves out is counted by reason; pictures that cannot be read are
    counted, and the first few named. Warnings tell an altered copy (equalised, augmented, cut
    short) from the published one.
    """
    from mien.datasets.base import open_dataset
    from mien.datasets.info import inspect
    from mien.datasets.splits import resplit

    found = inspect(resplit(open_dataset(path, dataset, options), splits))
    if as_json:
        import json

        click.echo(json.dumps({"path": path, **found.to_dict()}, indent=2, ensure_ascii=False))
    else:
        _print(path, found)


_REASONS = 10  # told of each split: a table of foreign labels may hold one for every row


def _print(path: str, found: DataInfo) -> None:
    from rich.markup import escape

    from mien.cli.console import out

    console = out()
    console.print(f"[bold]{escape(path)}[/bold]: {found.dataset}\n")
    console.print(_split_table(found))
    console.print()
    for name, split in found.splits.items():
        for line in _left_out(split.skipped):
            console.print(f"{escape(name)}: left out {escape(line)}")
    for overlap in found.overlaps:
        conflicts = f", {overlap.label_conflicts:,} of them under another label"
        console.print(
            f"{overlap.identical:,} pictures of {overlap.split} are pixel-identical to one in "
            f"{overlap.other}{conflicts if overlap.identical else ''}"
        )
    for warning in found.warnings:
        console.print(f"[bold yellow]warning[/bold yellow]: {escape(warning)}")
    if not found.warnings:
        console.print("No sign of an altered copy.")


def _split_table(found: DataInfo) -> Table:
    from rich.table import Table

    splits = found.splits.values()
    agreements = [split.ferplus_agreement for split in splits]
    rows = {
        "pictures": [f"{split.n:,}" for split in splits],
        "that cannot be read": [f"{split.unreadable:,}" for split in splits],
        "distinct": [f"{split.distinct:,}" for split in splits],
        "repeated under another label": [f"{split.label_conflicts:,}" for split in splits],
        "mirror images of another": [f"{split.mirrored:,}" for split in splits],
        "blank": [f"{split.blank:,}" for split in splits],
        "smallest, pixels": ["×".join(map(str, split.smallest)) for split in splits],
        "largest, pixels": ["×".join(map(str, split.largest)) for split in splits],
        "mean grey level": [f"{split.mean:.1f}" for split in splits],
        "mean std within a picture": [f"{split.std:.1f}" for split in splits],
    }
    if any(share is not None for share in agreements):
        rows["FER+ agrees with label"] = ["" if s is None else f"{s:.1%}" for s in agreements]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for name in found.splits:
        table.add_column(name, justify="right")
    for label in next(iter(splits)).classes:
        table.add_row(label, *(f"{split.classes[label]:,}" for split in splits))
    table.add_row()
    for title, cells in rows.items():
        table.add_row(title, *cells)
    return table


def _left_out(skipped: dict[str, int]) -> list[str]:
    """Reasons and how many each, the most frequent first; those beyond a few are summed up."""
    ranked = sorted(skipped.items(), key=lambda reason: -reason[1])
    lines = [f"{count:,}: {reason}" for reason, count in ranked[:_REASONS]]
    if rest := ranked[_REASONS:]:
        lines.append(f"{sum(count for _, count in rest):,} for {len(rest):,} other reasons")
    return lines
