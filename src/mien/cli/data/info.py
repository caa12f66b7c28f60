"""``mien data info``: what a copy of a data set really holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from mien.cli.data.source import division, open_divided, reader
from mien.cli.support.printing import say, say_json
from mien.escaping import for_markup

if TYPE_CHECKING:
    from mien.datasets.info import DataInfo

_REASONS = 10  # of each split that are printed: a table of foreign labels may give one for each row


@click.command()
@click.argument("path", type=click.Path())
@reader
@division
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def info(path: str, dataset: str, options: tuple[str, ...], splits: str, as_json: bool) -> None:
    """Show counts, sizes, duplicates and fingerprints of a data set.

    PATH is whatever the reader takes: for FER2013 a CSV file, a folder of pictures, or a zip of
    either. What the reader leaves out or repairs is counted by reason; pictures that cannot be read
    are counted, and the first few named. Of face crops, warnings tell an altered copy (equalised,
    augmented, cut short) from the published one. Of whole pictures with marked faces (readers coco,
    dataturks, fddb, voc, wider), the faces are counted by size, picture and subset.

    The fingerprint of a split is equal for equal data. Of face crops it is the one that 'mien
    evaluate' reports, of labels and pixels; of whole pictures, of file names and boxes.
    """
    from mien.cli.support.progress import meter
    from mien.datasets.inspection import inspect

    divided = open_divided(path, dataset, options, splits)
    with meter() as update:
        found = inspect(divided, update)
    if as_json:
        say_json({"path": path, **found.to_dict()}, indent=2)
    else:
        _print(path, found)


def _print(path: str, found: DataInfo[Any, Any]) -> None:
    """A table with a column for each split, what was left out or repaired, and warnings."""
    from mien.cli.data.info_rows import crop_rows, overlap_line, scene_rows
    from mien.cli.support.console import out, table, warn
    from mien.datasets.crops.balance import uneven_classes
    from mien.datasets.crops.info import CropOverlap, CropSplitInfo
    from mien.reports.text import DATA_SETS

    crops = all(isinstance(split, CropSplitInfo) for split in found.splits.values())
    splits = list(found.splits.values())
    rows = table("", *found.splits)
    for number, block in enumerate(crop_rows(splits) if crops else scene_rows(splits)):
        if number:
            rows.add_row()
        for title, cells in block.items():
            rows.add_row(title, *cells)
    out().print(f"[bold]{for_markup(path)}[/bold]: {for_markup(found.dataset)}\n")
    out().print(rows)
    say("")
    for name, split in found.splits.items():
        for line in skipped_lines(split.skipped):
            say(f"{name}: {line}")
    for overlap in found.overlaps:
        if isinstance(overlap, CropOverlap):
            say(overlap_line(overlap))
    for name, split in found.splits.items():
        if isinstance(split, CropSplitInfo) and (line := uneven_classes(name, split.classes)):
            say(line)
    for warning in found.warnings:
        warn(warning)
    if not found.warnings and crops and found.dataset in DATA_SETS:
        say("No sign of an altered copy.")
    elif not found.warnings and not crops:
        say("Every picture can be read; no duplicates.")


def skipped_lines(skipped: Mapping[str, int]) -> list[str]:
    """Reasons with counts, the most frequent first; those beyond a few are summed up."""
    from mien.datasets.boxes import KEPT

    lines = [f"{count:,}: {reason}" for reason, count in skipped.items() if reason in KEPT]
    left_out = [reason for reason in skipped.items() if reason[0] not in KEPT]
    ranked = sorted(left_out, key=lambda reason: -reason[1])
    lines += [f"left out {count:,}: {reason}" for reason, count in ranked[:_REASONS]]
    if rest := ranked[_REASONS:]:
        total = sum(count for _, count in rest)
        lines.append(f"left out {total:,} for {len(rest):,} other reasons")
    return lines
