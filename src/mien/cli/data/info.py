"""``mien data info``: what a copy of a data set really holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mien.cli.data.source import reader

if TYPE_CHECKING:
    from rich.table import Table

    from mien.datasets.info import DataInfo


@click.command()
@click.argument("path", type=click.Path())
@reader
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def info(path: str, dataset: str, options: tuple[str, ...], as_json: bool) -> None:
    """Counts, exact duplicates and pixel fingerprint of the data set at PATH.

    PATH is whatever the reader takes: for FER2013 a CSV file, a folder of pictures, or a zip of
    either. Warnings tell an altered copy (equalised, augmented, cut short) from the published one.
    """
    from mien.datasets.base import open_dataset
    from mien.datasets.info import inspect

    found = inspect(open_dataset(path, dataset, options))
    if as_json:
        import json

        click.echo(json.dumps({"path": path, **found.to_dict()}, indent=2, ensure_ascii=False))
    else:
        _print(path, found)


def _print(path: str, found: DataInfo) -> None:
    from rich.markup import escape

    from mien.cli.console import out

    console = out()
    console.print(f"[bold]{escape(path)}[/bold]: {found.dataset}\n")
    console.print(_split_table(found))
    console.print()
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
        "distinct": [f"{split.distinct:,}" for split in splits],
        "repeated under another label": [f"{split.label_conflicts:,}" for split in splits],
        "mirror images of another": [f"{split.mirrored:,}" for split in splits],
        "blank": [f"{split.blank:,}" for split in splits],
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
