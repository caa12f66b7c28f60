"""Groups of pictures whose faces the network gets together, which is faster than one by one.

A network's answer for a face may depend, in its last bits, on the faces beside it. So the groups
are the same for everybody: they follow from the numbers in the manifest, never from who analyses
what, or what was killed. Rows are kept only of whole groups, without inputs that are blamed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from mien.face_reading import BATCH_PICTURES
from mien.scale.inputs import Input


def group_of(number: int) -> int:
    """The group of the input with this number, among those of its shard."""
    return number // BATCH_PICTURES


def groups(inputs: Iterable[Input]) -> list[list[Input]]:
    """Inputs of one shard, in order, by groups."""
    return [list(some) for _, some in groupby(inputs, lambda each: group_of(each.number))]
