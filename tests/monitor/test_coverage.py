from __future__ import annotations

import numpy as np

from mien.monitor.coverage import lost

GAP = np.nan


def test_days_in_a_row() -> None:
    shares = np.array([
        [1.0, 0.2, 0.2, 0.2, 0.4, 0.2, 0.5, 0.2, 0.2, 1.0],
        [0.2, 0.2, GAP, GAP, 0.2, GAP, 0.4, 0.9, 0.2, 0.2],
    ])  # fmt: skip
    alarm, runs = lost(shares, 0.3, 3, 0.5)
    assert np.flatnonzero(alarm[0]).tolist() == [3, 4, 5]
    assert runs[0].tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2, 0]
    # Days without a statement neither count nor break the row.
    assert np.flatnonzero(alarm[1]).tolist() == [4, 5, 6]
