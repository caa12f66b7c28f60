"""The scenes of ``tools/compose_clips.py``: who moves where."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tools.compose_clips import CUT_S, HEIGHT, SECONDS, WIDTH, Clip, Path3, Person

Script = tuple[list[tuple[Any, ...]], tuple[tuple[float, float], ...], tuple[float, ...]]
"""People as (path, start, end), pillars, and the times of cuts."""


def compose(scene: str, seed: int) -> Clip:
    """The clip of a scene; another ``seed`` moves other people on other paths."""
    people, pillars, cuts = SCENES[scene](np.random.default_rng([seed, len(scene)]))
    start = seed * 7  # other faces
    moved = tuple(Person(start + i, *rest) for i, rest in enumerate(people))
    return Clip(moved, pillars, cuts)


def wander(
    rng: np.random.Generator, x: float, y: float, reach: float, side: float, sides_a_second: float
) -> Path3:
    """Around x, y within ``reach`` pixels, ``sides_a_second`` at the most."""
    periods = rng.uniform(0.8, 1.6, 3)
    phases = rng.uniform(0, 2 * math.pi, 3)
    turn = sides_a_second * side / max(reach, 1)  # radians a second

    def path(t: float) -> tuple[float, float, float]:
        a, b, c = turn * periods * t / 1.6 + phases
        return (
            x + reach * math.sin(a),
            y + min(reach, 60) * 0.5 * math.sin(b),
            side * (1 + 0.12 * math.sin(c * 0.5)),
        )

    return path


def walk(x1: float, x2: float, y: float, side: float, start: float, end: float) -> Path3:
    """From x1 to x2 between two moments, with steps."""

    def path(t: float) -> tuple[float, float, float]:
        share = (t - start) / (end - start)
        return x1 + (x2 - x1) * share, y + 0.04 * side * math.sin(2 * math.pi * 1.8 * t), side

    return path


def meet(x1: float, x2: float, y: float, side: float, start: float, end: float) -> Path3:
    """From x1 to x2 and back, slower near x2."""

    def path(t: float) -> tuple[float, float, float]:
        share = math.sin(math.pi * (t - start) / (end - start))
        return x1 + (x2 - x1) * share, y, side

    return path


def apart(rng: np.random.Generator) -> Script:
    """Three people, each in a third."""
    people = []
    for third in range(3):
        side = rng.uniform(60, 110)
        path = wander(rng, WIDTH * (third + 0.5) / 3, HEIGHT / 2, 45, side, rng.uniform(0.3, 0.9))
        people.append((path,))
    return people, (), ()


def crossing(rng: np.random.Generator) -> Script:
    """Two pass each other; then two meet and turn back."""
    people = []
    for start in (0.0, 6.0):
        side, y = rng.uniform(70, 110), HEIGHT * rng.uniform(0.4, 0.6)
        other = side * rng.uniform(0.85, 1.15)
        far, end = y + rng.uniform(-15, 15), start + 6
        if start:  # they meet, overlap by up to half, and turn back
            people.append((meet(110, 300, y, side, start, end), start, end))
            people.append((meet(530, 350, far, other, start, end), start, end))
        else:  # they pass
            people.append((walk(80, 560, y, side, start, end), start, end))
            people.append((walk(560, 80, far, other, start, end), start, end))
    return people, (), ()


def occlusion(rng: np.random.Generator) -> Script:
    """Two walk behind two pillars."""
    width = rng.uniform(50, 110)
    pillars = ((200.0, 200 + width), (430.0, 430 + width))
    side = rng.uniform(65, 90)
    people = [
        (walk(70, 590, HEIGHT * 0.35, side, 0, SECONDS * rng.uniform(0.5, 0.9)),),
        (walk(580, 60, HEIGHT * 0.7, side * 1.1, 0, SECONDS * rng.uniform(0.5, 0.9)),),
    ]
    return people, pillars, ()


def exits(rng: np.random.Generator) -> Script:
    """People leave, and others come where they left."""
    people = []
    for turn in range(3):
        start, side = turn * 4.0, rng.uniform(70, 110)
        y = HEIGHT * rng.uniform(0.4, 0.6)
        people.append((walk(WIDTH / 2, -side, y, side, start, start + 2.2), start, start + 2.2))
        after = start + rng.uniform(2.8, 3.2)  # another person, where the last one left
        people.append((walk(-side, WIDTH / 2, y, side, after, after + 1.2), after, start + 4.0))
    return people, (), ()


def cuts(rng: np.random.Generator) -> Script:
    """Other people every three seconds."""
    times = tuple(np.arange(CUT_S, SECONDS, CUT_S).tolist())
    people = []
    for start in (0.0, *times):
        for half in range(2):
            side = rng.uniform(80, 120)
            path = wander(rng, WIDTH * (half + 0.5) / 2, HEIGHT / 2, 40, side, 0.6)
            people.append((path, start, start + CUT_S))
    return people, (), times


def fast(rng: np.random.Generator) -> Script:
    """Two who move by up to three sides of the face a second."""
    people = []
    for half in range(2):
        side = rng.uniform(55, 75)
        y = HEIGHT * (0.3 + 0.4 * half)
        people.append((wander(rng, WIDTH / 2, y, 220, side, rng.uniform(2, 3)),))
    return people, (), ()


def crowd(rng: np.random.Generator) -> Script:
    """Eight people in two rows."""
    people = []
    for place in range(8):
        side = rng.uniform(40, 60)
        x, y = 80 + 160 * (place % 4), HEIGHT * (0.3 + 0.4 * (place // 4))
        people.append((wander(rng, x, y, 110, side, rng.uniform(0.5, 1.2)),))
    return people, (), ()


SCENES = {
    "apart": apart, "crossing": crossing, "occlusion": occlusion, "exits": exits,
    "cuts": cuts, "fast": fast, "crowd": crowd,
}  # fmt: skip
