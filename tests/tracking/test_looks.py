from __future__ import annotations

import numpy as np

from mien.tracking.looks import alike, look
from mien.types import Box
from tests.support import sample


def test_a_person_is_like_oneself_and_unlike_others() -> None:
    seen = {}
    for name in sample.NAMES:
        image, box = np.asarray(sample.photo(name)), sample.boxes()[name]
        moved = [side + 0.04 * (box[3] - box[1]) for side in box]
        darker = (image * 0.9).astype(np.uint8)
        seen[name] = look(image, Box(*box)), look(darker, Box(*moved))
    for name, (own, again) in seen.items():
        assert own is not None and again is not None
        others = [alike(own, one) for other, (one, _) in seen.items() if other != name]  # type: ignore[arg-type]
        assert alike(own, own) == 1 and alike(own, again) > max(others)


def test_what_is_outside_has_no_look() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    assert look(image, Box(30, 0, 40, 10)) is None
    assert look(image, Box(-20, -20, -2, -2)) is None
    inside = look(image, Box(15, 15, 40, 40))
    assert inside is not None and not inside.any()


def test_black_and_white_are_not_alike() -> None:
    assert alike(np.zeros((6, 6, 3)), np.ones((6, 6, 3))) == 0
