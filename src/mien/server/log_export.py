"""An export of the log as bytes to send; what is written on the way never stays on the disk."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from mien.server.private_folder import PrivateFolder

if TYPE_CHECKING:
    from mien.log.database import Log

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_PART = 1 << 18


def exported(
    log: Log, pseudonym: str, form: str, kinds: tuple[str, ...], folder: PrivateFolder
) -> Iterator[bytes]:
    """The file of ``mien.log.exporting.export`` in parts. It is complete when this returns.

    Raises what ``export`` raises.
    """
    from mien.log.exporting import export

    if form == "parquet":
        with folder.scratch() as place:
            path = place / "export.parquet"
            export(log, pseudonym, path, form, kinds)
            file: IO[bytes] = path.open("rb")  # its name goes with the folder
        return _parts(file)
    file = tempfile.TemporaryFile(dir=folder.path)  # noqa: SIM115 - _parts closes it
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    export(log, pseudonym, text, form, kinds)
    return _parts(text.detach())


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(_PART):
            yield part
