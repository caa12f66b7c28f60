"""Files in an uncompressed tar, as WebDataset reads them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from mien.reading import open_file


def tar_bytes(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar of ``files``, name and content; the same bytes for the same files."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
    return buffer.getvalue()


def read_tar(path: Path) -> list[tuple[str, bytes]]:
    """The files of a tar of ``tar_bytes``. Raises ``OSError`` and ``tarfile.TarError``."""
    with open_file(path) as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
        found = ((member.name, tar.extractfile(member)) for member in tar)
        return [(name, file.read()) for name, file in found if file is not None]
