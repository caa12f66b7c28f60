"""Names of files as FFmpeg takes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """What OpenCV's FFmpeg opens as the file ``path``, inside a ``with`` block.

    ``file:`` keeps FFmpeg from reading a name such as ``http:x`` as an address. OpenCV takes text
    alone, and crashes where it is not UTF-8: such a name gets a link.
    """
    full = os.path.abspath(path)  # noqa: PTH100 - resolve would follow links, and lose the suffix
    try:
        full.encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="mien-") as folder:
            link = Path(folder, f"video{path.suffix.encode('ascii', 'ignore').decode()}")
            link.symlink_to(full)
            yield f"file:{link}"
    else:
        yield f"file:{full}"
