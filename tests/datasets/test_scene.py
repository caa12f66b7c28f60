from __future__ import annotations

from mien.datasets.scene import box_fingerprint
from tests.support.marked import damaged, scene, square


def test_a_fingerprint_depends_on_names_and_boxes_but_not_on_their_order() -> None:
    one, two = scene("a.jpg", damaged, square(9)), scene("b.jpg", damaged, square(8))
    known = box_fingerprint([one, two])
    assert box_fingerprint([two, one]) == known and len(known) == 16  # and nothing was decoded
    others = (
        [one],
        [one, scene("c.jpg", damaged, square(8))],
        [one, scene("b.jpg", damaged, square(8, 1))],
        [one, scene("b.jpg", damaged, square(8), ignored=(0,))],
    )
    assert len({known, *map(box_fingerprint, others)}) == 5
