"""Reads files of NumPy arrays that may be damaged or made to do harm; no code in them is run."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import one_line
from mien.reading import open_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = 1 << 32
"""Default limit of all arrays together, uncompressed."""


def read_arrays(path: Path, most: int = MOST_BYTES) -> dict[str, NDArray[Any]]:
    """The arrays by name of the ``.npz`` file at ``path``, of at most ``most`` bytes together.

    Raises ``OSError`` for a file that cannot be opened, and ``ValueError`` with a reason on one
    line for any other problem.
    """
    import numpy as np

    with open_file(path) as file:
        try:
            with zipfile.ZipFile(file) as members:
                if sum(member.file_size for member in members.infolist()) > most:
                    raise ValueError(f"its arrays have more than {most:,} bytes")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: np.asarray(arrays[name]) for name in arrays.files}
        except Exception as error:  # noqa: BLE001 - a damaged file makes NumPy raise anything
            raise ValueError(one_line(error)) from None


def texts(array: NDArray[Any]) -> tuple[str, ...]:
    """The texts in a one-dimensional array; ``ValueError`` if it holds anything else."""
    if array.ndim != 1 or (array.size and array.dtype.kind != "U"):
        raise ValueError(f"expected a list of texts, found {array.dtype} {array.shape}")
    return tuple(map(str, array))
