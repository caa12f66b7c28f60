"""A detector's measures as rows of text, for a terminal and a report alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien.evaluation.detection.measures import DetectionScores, Operating

PARTS = (
    "faces", "AP50", "precision", "recall", "F1", "false a picture", "duplicates a face",
)  # fmt: skip
"""Columns of ``part_rows``."""


def part_rows(found: DetectionScores) -> list[tuple[str, tuple[str, ...]]]:
    """All faces, those of a least size and those of each subset: AP50, and what the detector does
    at the score at which it is used. Cells in the order of ``PARTS``; empty: not measured.
    """
    rows: list[tuple[str, int, float | None, Operating | None]] = [
        ("all faces", found.faces, found.ap50, found.operating)
    ]
    rows += [
        (f"{size} px and more", part.faces, part.ap50, part.operating)
        for size, part in found.from_size.items()
    ]
    rows += [(name, part.faces, part.ap50, part.operating) for name, part in found.subsets.items()]
    return [
        (
            name,
            (
                f"{faces:,}",
                share(ap50),
                *(share(getattr(used, key, None)) for key in ("precision", "recall", "f1")),
                number(getattr(used, "false_per_picture", None)),
                number(getattr(used, "duplicates_per_face", None)),
            ),
        )
        for name, faces, ap50, used in rows
    ]


def measure_rows(found: DetectionScores) -> list[tuple[str, str]]:
    """COCO's measures of all faces, by their names."""
    ap50 = share(found.ap50)
    if found.interval is not None:
        ap50 += f"  (95 %: {100 * found.interval.low:.1f} to {found.interval.high:.1%})"
    return [
        ("AP50", ap50),
        ("AP50:95", share(found.ap)),
        ("AP75", share(found.ap75)),
        ("AP50:95, small faces (up to 32 px)", share(found.ap_small)),
        ("AP50:95, medium faces (32 to 96 px)", share(found.ap_medium)),
        ("AP50:95, large faces (from 96 px)", share(found.ap_large)),
        ("average recall, 1 / 10 / 100 boxes a picture",
         " / ".join(share(value) for value in (found.ar1, found.ar10, found.ar100)
                    if value is not None)),
    ]  # fmt: skip


def cost_rows(found: DetectionScores) -> list[tuple[str, str]]:
    """What it takes, on which hardware, and what exactly was timed."""
    speed, facts = found.speed, found.facts
    asked = facts.get("asked_from")
    timed = "detecting alone, pictures decoded beforehand, one at a time"
    if asked is not None and asked < found.threshold:
        timed += f"; it was asked for all boxes from a score of {asked:.3g}, which can but slow it"
    return [
        ("ms a picture", f"median {speed.median_ms:.1f}, mean {speed.mean_ms:.1f}, 19 of 20 below "
                         f"{speed.p95_ms:.1f}"),
        ("megapixels a second", f"{speed.megapixels_per_second:.1f}"),
        ("memory", _memory(facts)),
        ("on", processor_of(facts)),
        ("timed", timed),
    ]  # fmt: skip


def share(value: float | None) -> str:
    """Per cent, one decimal; nothing for what cannot be measured."""
    return "" if value is None else f"{value:.1%}"


def number(value: float | None) -> str:
    """Two decimals, more where they are needed to tell it from 0."""
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.1g}"


def processor_of(facts: Mapping[str, Any]) -> str:
    """Cores and their kind, as far as they are known."""
    cores = facts.get("threads") or facts.get("cores")
    return " × ".join(str(part) for part in (cores, facts.get("processor")) if part)


def _memory(facts: Mapping[str, Any]) -> str:
    peak, more = facts.get("peak_mib"), facts.get("memory_mib")
    if peak is None:
        return "not told by this system"
    return f"{peak:,.0f} MiB at most" + (
        "" if more is None else f", {more:,.0f} of it by detecting"
    )
