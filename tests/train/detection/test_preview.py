from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.train.detection.augment import random_view
from mien.train.detection.preview import sample_views
from tests.support.few_scenes import TINY, Few
from tests.support.marked import Marked, damaged, piece, scene, square


def test_what_is_shown_is_what_training_draws(material: Path) -> None:
    few = Few(material, train=5)
    shown = sample_views(few, "train", TINY, most=3, seed=4)
    places = {s.key: i for i, s in enumerate(few.held["train"])}
    assert len({each.key for each in shown}) == 3
    for each in shown:
        place = places[each.key]
        source = few.held["train"][place]
        rng = np.random.default_rng((4, place))
        drawn = random_view(source.image, source.boxes, source.ignored, TINY, rng)
        assert np.array_equal(each.image, drawn.image)
        assert np.array_equal(each.boxes[~each.ignored], drawn.boxes)
        assert np.array_equal(each.boxes[each.ignored], drawn.ignored)


def test_unreadable_pictures_are_skipped() -> None:
    readable = [scene(name, piece(200, 150), square(60, 20)) for name in ("a.jpg", "b.jpg")]
    held = Marked(train=[readable[0], scene("bad.jpg", damaged), readable[1]])
    shown = sample_views(held, "train", TINY)
    assert sorted(each.key for each in shown) == ["a.jpg", "b.jpg"]
