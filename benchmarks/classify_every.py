"""What is lost if a person's expression is named only every so many seconds.

    python benchmarks/classify_every.py --data fer2013.zip --model my.onnx

The sequences are those of ``benchmarks/smoothing.py``, at 30 frames a second, and so are the model
and what it must not have seen. ``mien.carrying`` chooses the frames, and readings are smoothed as
by ``Recognizer.video``. *The loop* names every frame and smooths nothing, as one over
``Recognizer.image`` does. Faces of which the number is even (``--part choose``) are for choosing,
the odd ones (``--part report``) for the figures in docs/live.md.

Each sequence is read four times, from its first, second, third and fourth frame on, because it
matters which frames are named. After the accuracy: how much more it is than the loop's, and than
that of every frame named, in points, with 95 % intervals over the sequences.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.smoothing import (
    Answers,
    Faces,
    half_parser,
    known_faces,
    sequences,
    unseen_half,
)

from mien.carrying import CarriedReadings
from mien.evaluation.tracking.stability import agreement, delays, flicker
from mien.tracking.smoothing import Smoother, smooth_track
from mien.types import Box, EmotionScores, Face, Reading

STEPS = (0.0, 0.066, 0.1, 0.133, 0.2, 0.3)
STARTS = 4
FACE = Face(Box(0, 0, 48, 48), track_id=1)
Way = Callable[[Sequence[Reading], Sequence[float], float], tuple[list[str], int]]


def readings(one: Answers, labels: tuple[str, ...]) -> list[Reading]:
    """One for each frame."""
    return [Reading(FACE, EmotionScores(labels, tuple(probs.tolist()))) for probs in one.probs]


def named(
    every: Sequence[Reading], times: Sequence[float], step: float,
    steady: Callable[[float, Reading], Reading] = lambda _, reading: reading,
) -> tuple[list[Reading], int]:  # fmt: skip
    """The reading of each frame if one is made every ``step`` seconds; and how many were made."""
    carried, made = CarriedReadings(step), 0
    out: list[Reading] = []
    for reading, time_s in zip(every, times, strict=True):
        own = [reading] if carried.due([FACE], time_s, lambda face: True) else []
        made += len(own)
        out += carried.complete(own, time_s, partial(steady, time_s))
    return out, made


def loop(every: Sequence[Reading], times: Sequence[float], step: float) -> tuple[list[str], int]:
    """Labels that are not smoothed."""
    out, made = named(every, times, step)
    return [reading.emotions.top for reading in out], made


def live(every: Sequence[Reading], times: Sequence[float], step: float) -> tuple[list[str], int]:
    """Labels that are smoothed by what came before."""
    smoother = Smoother()
    said: list[str] = []

    def steady(time_s: float, reading: Reading) -> Reading:
        said.append(smoother.update(reading, time_s).expression)
        return reading

    out, made = named(every, times, step, steady)
    own = iter(said)
    labels: list[str] = []
    for reading in out:
        labels.append(labels[-1] if reading.carried else next(own))
    return labels, made


def offline(every: Sequence[Reading], times: Sequence[float], step: float) -> tuple[list[str], int]:
    """Labels that are smoothed by what comes later too."""
    out, made = named(every, times, step)
    return [one.expression for one in smooth_track(out, times)], made


def measure(
    made: Sequence[Answers], labels: tuple[str, ...], way: Way, step: float
) -> NDArray[np.float64]:
    """(sequences, 4): accuracy, changes of the label a second, delay, names made a second."""
    rows = []
    for one in made:
        every, truth = readings(one, labels), [labels[label] for label in one.truth]
        found = []
        for start in range(STARTS):
            times = one.times[start:].tolist()
            said, count = way(every[start:], times, step)
            late = delays(truth[start:], said, times)
            found.append([
                agreement(truth[start:], said), flicker(said, times),
                np.mean(late) if late else np.nan, count / (times[-1] - times[0]),
            ])  # fmt: skip
        rows.append(np.nanmean(found, axis=0))
    return np.array(rows)


def more(values: NDArray[np.float64], than: NDArray[np.float64]) -> str:
    """By how many points the accuracy is higher, and the 95 % interval of that."""
    apart = 100 * (values - than)[:, 0]
    error = apart.std(ddof=min(1, len(apart) - 1)) / np.sqrt(len(apart))
    return f"{apart.mean():+.1f} ± {1.96 * error:.1f}"


def main() -> None:
    """Print a table."""
    parser = half_parser(__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=40)
    parser.add_argument("--all-faces", action="store_true", help="those named wrongly too")
    parser.add_argument("--part", choices=("choose", "report"), default="report")
    args = parser.parse_args()
    seed = 1000 if args.part == "choose" else 1
    unseen, model = unseen_half(args)
    part = np.arange(len(unseen.images)) % 2 == (args.part == "report")
    rng = np.random.default_rng(seed)
    faces = Faces(unseen.images[part], unseen.labels[part])
    if not args.all_faces:
        faces = known_faces(faces, model, rng)
    made = list(sequences(faces, model, args.sequences, seed))
    print(f"{len(made)} sequences of {len(faces.images):,} faces")
    print(f"{'':10}{'seconds':>8}{'a second':>9}{'accuracy':>9}{'to the loop':>15}{'to every':>15}"
          f"{'changes/s':>10}{'delay':>7}")  # fmt: skip
    of_loop = measure(made, model.spec.labels, loop, 0.0)
    ways: dict[str, Way] = {"the loop": loop, "live": live, "offline": offline}
    for name, way in ways.items():
        whole = None
        for step in STEPS if name != "the loop" else (0.0,):
            values = measure(made, model.spec.labels, way, step)
            whole = values if whole is None else whole
            accuracy, changes, late, count = np.nanmean(values, axis=0)
            print(f"{name:10}{step:8g}{count:9.1f}{accuracy:9.1%}{more(values, of_loop):>15}"
                  f"{more(values, whole):>15}{changes:10.2f}{late:7.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
