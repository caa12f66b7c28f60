"""``mien data info``: what a copy of a data set really holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from mien.cli.data.left_out import left_out
from mien.cli.data.source import division, opened, reader

if TYPE_CHECKING:
    from rich.table import Table

    from mien.datasets.info import DataInfo
    from mien.datasets.scene_info import SceneInfo

Found = TypeVar("Found", "DataInfo", "SceneInfo")


@click.command()
@click.argument("path", type=click.Path())
@reader
@division
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def info(path: str, dataset: str, options: tuple[str, ...], splits: str, as_json: bool) -> None:
    """Show a data set's counts, sizes, duplicates and fingerprint.

    PATH is whatever the reader takes: for FER2013 a CSV file, a folder of pictures, or a zip of
    either. What the reader leaves out is counted by reason; pictures that cannot be read are
    counted, and the first few named. Warnings tell an altered copy (equalised, augmented, cut
    short) from the published one. Of whole pictures with marked faces (readers coco, dataturks,
    fddb, voc, wider) the faces are counted, by size, picture and subset.
    """
    from mien.cli.support.progress import meter
    from mien.datasets.base import SceneDataset
    from mien.datasets.info import inspect
    from mien.datasets.scene_info import inspect_scenes
    from mien.datasets.splits import resplit

    divided = resplit(opened(path, dataset, options), splits)
    if isinstance(divided, SceneDataset):
        from mien.cli.data.scene_table import print_scenes

        with meter() as update:
            scenes = inspect_scenes(divided, update)
        _show(path, scenes, print_scenes, as_json)
    else:
        _show(path, inspect(divided), _print, as_json)


def _show(path: str, found: Found, table: Callable[[str, Found], None], as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({"path": path, **found.to_dict()}, indent=2, ensure_ascii=False))
    else:
        table(path, found)


def _print(path: str, found: DataInfo) -> None:
    from rich.markup import escape

    from mien.cli.support.console import out

    console = out()
    console.print(f"[bold]{escape(path)}[/bold]: {found.dataset}\n")
    console.print(_split_table(found))
    console.print()
    for name, split in found.splits.items():
        for line in left_out(split.skipped):
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
