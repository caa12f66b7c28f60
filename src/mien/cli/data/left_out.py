"""What a reader left out, in a few lines."""

from __future__ import annotations

_REASONS = 10  # told of each split: a table of foreign labels may hold one for every row


def left_out(skipped: dict[str, int]) -> list[str]:
    """Reasons and how many each, the most frequent first; those beyond a few are summed up."""
    ranked = sorted(skipped.items(), key=lambda reason: -reason[1])
    lines = [f"{count:,}: {reason}" for reason, count in ranked[:_REASONS]]
    if rest := ranked[_REASONS:]:
        lines.append(f"{sum(count for _, count in rest):,} for {len(rest):,} other reasons")
    return lines
