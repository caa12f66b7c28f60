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
    table = alike([own for own, _ in seen.values()], [again for _, again in seen.values()])
    assert table.argmax(axis=1).tolist() == [0, 1, 2]
    assert (np.diag(table) > 0.8).all()


def test_what_is_outside_has_no_look() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    assert look(image, Box(30, 0, 40, 10)) is None
    assert look(image, Box(-20, -20, -2, -2)) is None
    inside = look(image, Box(15, 15, 40, 40))
    assert inside is not None and not inside.any()


def test_black_and_white_are_not_alike() -> None:
    black, white = np.zeros((6, 6, 3)), np.ones((6, 6, 3))
    assert alike([black, white], [black, white]).tolist() == [[1, 0], [0, 1]]


def test_who_is_not_known_may_be_anybody() -> None:
    assert alike([None], [np.zeros((6, 6, 3)), None]).tolist() == [[1, 1]]
