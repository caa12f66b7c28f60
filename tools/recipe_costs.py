"""Write src/mien/train/recipes/costs.json: what 'mien train --list' says of each recipe's cost.

    python tools/recipe_costs.py
    python tools/recipe_costs.py --options

The second writes the table in docs/training.md of what a network's options cost instead.

Parameters and multiply-adds are counted here, of the recipe as it is. The minutes are those of
docs/results.md, which scripts write from recorded runs: for classifiers the study's short schedule.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import torch

from mien.labels import FER2013
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.measure_cost import network_cost
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_spec
from mien.train.classification.start import open_start, take_network
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import build
from mien.train.recipe import load_recipe, recipe_names
from mien.train.recipe_list import COSTS

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULTS = DOCS / "results.md"
OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"stem_width": 16}, {"stem_width": 32}, {"blur_pool": True},
    {"stem_width": 16, "blur_pool": True},
)  # fmt: skip


def costs(name: str, results: str) -> dict[str, Any]:
    """Of one recipe: ``parameters``, ``macs``, and what is known of a recorded run."""
    config = load_recipe(name)
    if isinstance(config, DetectorConfig):
        net = build(config)
        return {"parameters": _count(net), **recorded_detector(name, results)}
    if config.network_from_weights:
        if config.weights is None:
            return {}  # of any size
        config = take_network(config, open_start(config.weights).config, config.weights)
    return {**network(config), **recorded(name, results)}


def network(config: ClassifierConfig) -> dict[str, int]:
    """Parameters and multiply-adds of a classifier of FER2013's labels."""
    net = architectures.get(config.architecture)(config, len(FER2013)).eval()
    if isinstance(net, Fitted):
        return {}
    cost = network_cost(net, input_spec(config, FER2013))
    assert cost.parameters is not None and cost.macs is not None
    return {"parameters": cost.parameters, "macs": cost.macs}


def options_table() -> str:
    """What ``OPTIONS`` cost two recipes, as a table."""
    rows = [
        "| recipe | `stem_width` | `blur_pool` | parameters | million MACs |",
        "|---|---:|---|---:|---:|",
    ]
    for name in ("default", "se_resnet18"):
        for keys in OPTIONS:
            config = load_recipe(name, values=keys)
            assert isinstance(config, ClassifierConfig)
            cost = network(config)
            blur = str(config.blur_pool).lower()
            rows.append(
                f"| `{name}` | {config.stem_width} | {blur} | {cost['parameters']:,} | "
                f"{cost['macs'] / 1e6:,.1f} |"
            )
    return "\n".join(rows)


def write_options() -> None:
    """Write the table into docs/training.md."""
    page = DOCS / "training.md"
    before, mark, rest = page.read_text("utf-8").partition("<!-- options -->\n")
    after = rest[rest.index("<!-- end -->") :]
    page.write_text(f"{before}{mark}{options_table()}\n{after}", "utf-8")


def recorded(name: str, results: str) -> dict[str, Any]:
    """The study's row of this recipe: epochs, minutes, input and hardware."""
    rows = re.search(r"(?m)^\| classifier \| starts from .*\n\|[-| ]+\n((?:\|.*\n)+)", results)
    for row in rows[1].splitlines() if rows else ():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if cells[0] == name:
            minutes = float(cells[4].removesuffix(" min"))
            return {
                "minutes": minutes, "epochs": int(cells[3]), "input": cells[2],
                "hardware": cells[7],
            }  # fmt: skip
    return {}


def recorded_detector(name: str, results: str) -> dict[str, Any]:
    """The recorded training of a detector, if results.md has one."""
    text = rf"`mien train {name} [^`]*`, seed \d+: (\d+) epochs in (\d+) minutes[^,]*, (.+?)\. "
    found = re.search(text, results)
    if not found:
        return {}
    return {"minutes": float(found[2]), "epochs": int(found[1]), "hardware": found[3]}


def _count(net: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


if __name__ == "__main__":
    if "--options" in sys.argv:
        write_options()
        sys.exit()
    text = RESULTS.read_text("utf-8")
    with torch.no_grad():
        table = {name: costs(name, text) for name in recipe_names()}
    COSTS.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
