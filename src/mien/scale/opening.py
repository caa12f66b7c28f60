"""Opens what inputs are in: files of this machine, and objects of stores through fsspec."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any

from mien.errors import InputError, MienError, MissingPackageError, one_line
from mien.extras import require_extra
from mien.reading import open_file
from mien.scale.inputs import is_remote

_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs"}
"""The package that fsspec needs for each kind of address."""


@lru_cache(maxsize=16)
def file_system(protocol: str) -> Any:
    """The file system of fsspec for addresses that begin with ``protocol``.

    It keeps no lists of folders. Credentials and endpoints are those that its package finds in the
    environment. Raises ``MissingExtraError`` without fsspec, ``MissingPackageError`` with the pip
    command without the store's own package, and ``InputError`` for an unknown protocol.
    """
    require_extra("scale", f"{protocol}://", "fsspec")
    import fsspec

    try:
        return fsspec.filesystem(protocol, use_listings_cache=False)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        if package is None:
            raise InputError(f"{protocol}:// cannot be opened: {one_line(error)}") from None
        raise MissingPackageError(f"{protocol}://", package) from None
    except Exception as error:  # noqa: BLE001 - whatever the store's package raises
        raise InputError(f"{protocol}:// cannot be opened: {one_line(error)}") from None


def store_of(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises as ``file_system``."""
    protocol, _, path = address.partition("://")
    return file_system(protocol.lower()), path


def open_seekable(path: str) -> IO[bytes]:
    """A file or object, open for reading at any position. Raises ``OSError``."""
    if not is_remote(path):
        return open_file(path)
    store, inside = store_of(path)
    with _as_os_errors():
        file: IO[bytes] = store.open(inside, "rb")
    return file


def size_of(path: str) -> int:
    """The bytes of an object. Raises ``OSError``."""
    store, inside = store_of(path)
    with _as_os_errors():
        return int(store.size(inside) or 0)


def read_range(path: str, start: int, stop: int) -> bytes:
    """The bytes of an object from ``start`` to ``stop``. Raises ``OSError``."""
    store, inside = store_of(path)
    with _as_os_errors():
        data: bytes = store.cat_file(inside, start=start, end=stop)
    return data


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Turn whatever the packages of stores raise into ``OSError``."""
    try:
        yield
    except (OSError, MienError):
        raise
    except Exception as error:
        raise OSError(one_line(error)) from error


def pread(file: IO[bytes], start: int, length: int) -> bytes:
    """``length`` bytes of a file from ``start`` on, fewer at its end. Raises ``OSError``."""
    file.seek(start, os.SEEK_SET)
    return file.read(length)
