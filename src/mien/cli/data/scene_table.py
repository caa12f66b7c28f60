"""What ``mien data info`` says of whole pictures with marked faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.cli.data.left_out import left_out

if TYPE_CHECKING:
    from rich.table import Table

    from mien.datasets.scene_info import SceneInfo


def print_scenes(path: str, found: SceneInfo) -> None:
    """A table with a column a split, what was left out or put right, and warnings."""
    from rich.markup import escape

    from mien.cli.support.console import out

    console = out()
    console.print(f"[bold]{escape(path)}[/bold]: {found.dataset}\n")
    console.print(_table(found))
    console.print()
    for name, split in found.splits.items():
        for line in left_out(split.skipped):
            console.print(f"{escape(name)}: {escape(line)}")
    for warning in found.warnings:
        console.print(f"[bold yellow]warning[/bold yellow]: {escape(warning)}")
    if not found.warnings:
        console.print("Every picture can be read, and none is there twice.")


def _table(found: SceneInfo) -> Table:
    from rich.table import Table

    from mien.datasets.scene_info import LARGE, MEDIUM, QUANTILES

    splits = found.splits.values()
    classes = {
        "small": f"small, below {MEDIUM} pixels",
        "medium": f"medium, {MEDIUM} to {LARGE}",
        "large": f"large, above {LARGE}",
    }
    blocks: list[dict[str, list[str]]] = [
        {
            "pictures": [f"{split.pictures:,}" for split in splits],
            "that cannot be read": [f"{split.unreadable:,}" for split in splits],
            "distinct": [f"{split.distinct:,}" for split in splits],
            "without a face": [f"{split.empty:,}" for split in splits],
            "smallest, pixels": ["×".join(map(str, split.smallest)) for split in splits],
            "median": ["×".join(map(str, split.median)) for split in splits],
            "largest": ["×".join(map(str, split.largest)) for split in splits],
        },
        {
            "faces": [f"{split.faces:,}" for split in splits],
            **{
                words: [_share(split.by_size[name], split.faces) for split in splits]
                for name, words in classes.items()
            },
            "ignored, apart from those": [f"{split.ignored:,}" for split in splits],
            **{
                f"in subset {name}": [f"{split.subsets.get(name, 0):,}" for split in splits]
                for name in dict.fromkeys(name for split in splits for name in split.subsets)
            },
        },
        {
            f"faces a picture, {name}": [f"{s.faces_per_picture[name]:,.0f}" for s in splits]
            for name in ("median", "95 %", "most")
        },
        {
            f"face size in pixels, {name}": [
                f"{split.face_size[name]:,.1f}" if split.face_size else "" for split in splits
            ]
            for name in QUANTILES
        },
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for name in found.splits:
        table.add_column(name, justify="right")
    for number, block in enumerate(blocks):
        if number:
            table.add_row()
        for title, cells in block.items():
            table.add_row(title, *cells)
    return table


def _share(count: int, of: int) -> str:
    return f"{count / max(of, 1):.1%}  {count:>6,}"
