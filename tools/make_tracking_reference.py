"""Store what established programs say of made-up tracks, for the tests of Mien's own measures.

    python -m venv reference && reference/bin/pip install trackeval OneEuroFilter 'numpy<2'
    reference/bin/python tools/make_tracking_reference.py

Runs without Mien. TrackEval (Luiten, Hoffhues 2020) gives HOTA, IDF1 and the identity switches;
OneEuroFilter is the filter of its author, G. Casiez.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from OneEuroFilter import OneEuroFilter
from trackeval.metrics import CLEAR, HOTA, Identity

OUT = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "tracking_reference.json"
FRAMES, PEOPLE, STREAMS = 30, 5, 6


def boxes_of(rng: np.random.Generator) -> list[dict[str, list]]:
    """Frames of a stream with missed, false, moved and exchanged faces."""
    centres = rng.uniform(0, 200, (PEOPLE, 2))
    speeds = rng.normal(0, 3, (PEOPLE, 2))
    numbers = list(range(PEOPLE))
    noise, missing, changes = rng.uniform(0, 8), rng.uniform(0, 0.4), rng.uniform(0, 0.2)
    fresh, frames = PEOPLE, []
    for _ in range(FRAMES):
        centres = centres + speeds
        if rng.random() < changes:
            one, other = rng.choice(PEOPLE, 2, replace=False)
            numbers[one], numbers[other] = numbers[other], numbers[one]
        if rng.random() < changes / 2:
            numbers[rng.integers(PEOPLE)], fresh = fresh, fresh + 1
        there = [i for i in range(PEOPLE) if rng.random() > 0.1]
        seen = [i for i in there if rng.random() > missing]
        found = [(numbers[i], centres[i] + rng.normal(0, noise, 2)) for i in seen]
        if rng.random() < 0.15:
            found.append((1000 + fresh, rng.uniform(0, 200, 2)))
            fresh += 1
        frames.append(
            {
                "truth": [[i, *_box(centres[i])] for i in there],
                "tracked": [[int(number), *_box(centre)] for number, centre in found],
            }
        )
    return frames


def _box(centre: np.ndarray) -> list[float]:
    x, y = np.round(centre, 2).tolist()
    return [x - 20, y - 25, x + 20, y + 25]


def overlap(one: list[float], other: list[float]) -> float:
    """IoU of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    area = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return shared / (area - shared)


def measures(frames: list[dict[str, list]]) -> dict[str, float]:
    """What TrackEval says."""
    data: dict = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for frame in frames:
        data["gt_ids"].append([row[0] for row in frame["truth"]])
        data["tracker_ids"].append([row[0] for row in frame["tracked"]])
        table = [[overlap(a[1:], b[1:]) for b in frame["tracked"]] for a in frame["truth"]]
        data["similarity_scores"].append(np.array(table).reshape(len(frame["truth"]), -1))
    for name, count in (("gt_ids", "num_gt"), ("tracker_ids", "num_tracker")):
        every = np.unique(np.concatenate(data[name])).tolist()
        data[name] = [np.array([every.index(i) for i in ids], int) for ids in data[name]]
        data[f"{count}_ids"] = len(every)
        data[f"{count}_dets"] = sum(map(len, data[name]))
    data["num_timesteps"] = len(frames)
    hota = HOTA().eval_sequence(data)
    return {
        "hota": float(np.mean(hota["HOTA"])),
        "detection": float(np.mean(hota["DetA"])),
        "association": float(np.mean(hota["AssA"])),
        "idf1": float(Identity({"PRINT_CONFIG": False}).eval_sequence(data)["IDF1"]),
        "switches": int(CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)["IDSW"]),
    }


def one_euro() -> dict[str, object]:
    """A noisy path, and what is left of it."""
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.01, 0.08, 60))
    values = np.sin(times * 2) + rng.normal(0, 0.1, 60)
    filter_ = OneEuroFilter(30, mincutoff=1.2, beta=0.4, dcutoff=0.9)
    pairs = zip(values.tolist(), times.tolist(), strict=True)
    out = [filter_(value, time) for value, time in pairs]
    return {"min_cutoff": 1.2, "beta": 0.4, "speed_cutoff": 0.9, "times": times.tolist(),
            "values": values.tolist(), "filtered": out}  # fmt: skip


def main() -> None:
    """Write the fixture."""
    rng = np.random.default_rng(13)
    streams = []
    for _ in range(STREAMS):
        frames = boxes_of(rng)
        streams.append({"frames": frames, **measures(frames)})
    made_by = {name: version(name) for name in ("trackeval", "OneEuroFilter", "numpy")}
    fixture = {
        "command": "python tools/make_tracking_reference.py", "made_by": made_by,
        "streams": streams, "one_euro": one_euro(),
    }  # fmt: skip
    OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
