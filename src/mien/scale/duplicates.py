"""Inputs with the same bytes: found before the analysis, so that only the first is analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from mien.errors import InputError
from mien.scale.fetching import file_sha256, read_picture, video_file
from mien.scale.inputs import Input
from mien.scale.manifest import Manifest

_AT_A_TIME = 256


def mark_duplicates(manifest: Manifest, threads: int) -> Iterator[Input]:
    """The inputs of ``manifest``, each that repeats an earlier one's bytes with its number.

    Only files of a size that others have too are read. One that cannot be read repeats none.
    """
    import numpy as np

    sizes = manifest.column("size")
    values, counts = np.unique(sizes, return_counts=True)
    shared = set(values[counts > 1].tolist())
    first: dict[bytes, int] = {}
    with ThreadPoolExecutor(threads) as pool:  # hashing and reading need no lock of Python's
        for some in _parts(manifest):
            hashes = pool.map(lambda each: _hash(each) if each.size in shared else None, some)
            for each, digest in zip(some, hashes, strict=True):
                original = None if digest is None else first.setdefault(digest, each.number)
                same = original == each.number
                yield replace(each, duplicate_of=None if same else original)


def _parts(inputs: Iterable[Input]) -> Iterator[list[Input]]:
    waiting = iter(inputs)
    while some := list(islice(waiting, _AT_A_TIME)):
        yield some


def _hash(wanted: Input) -> bytes | None:
    with suppress(InputError, OSError):
        if not wanted.video:
            return hashlib.sha256(read_picture(wanted)).digest()
        with video_file(wanted) as path:
            return bytes.fromhex(file_sha256(path))
    return None
