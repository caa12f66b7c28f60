"""All shards of a job as one Parquet data set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, did_you_mean, one_line
from mien.extras import require_extra
from mien.files import make_folder, output_error
from mien.scale.answers import read_parquet
from mien.scale.job import Job

_ROWS_PER_FILE = 1_000_000
_FILES = 512  # open at once, of as many partitions


def merge(
    folder: Path, out: Path, *, by: Sequence[str] = ("expression",), partial: bool = False
) -> int:
    """Write the faces of a job to the folder ``out``, which must not exist; how many.

    ``by``: columns whose values become folders, such as ``expression=fear/``. The data set is
    written beside ``out`` and takes its name when it is whole. Raises ``ConfigError`` for an
    unfinished job unless ``partial``, an unknown column and an ``out`` that exists; and
    ``OutputError``.
    """
    require_extra("scale", "mien corpus")
    from pyarrow import dataset

    job, part = Job(folder), out.with_name(f".{out.name}.part")
    if out.exists():
        raise ConfigError(f"{str(out)!r} exists: give a new folder")
    left = [shard for shard in job.shards if job.facts(shard) is None]
    if left and not partial:
        raise ConfigError(
            f"{len(left):,} of {len(job.shards):,} shards are not done: run the job to its end, or "
            "give --partial"
        )
    done = [shard for shard in job.shards if shard not in set(left)]
    if not done:
        raise ConfigError(f"{str(folder)!r} has no shard that is done: run the job first")
    schema = read_parquet(job.faces_path(done[0])).schema.remove_metadata()
    for name in by:
        if name not in schema.names:
            raise ConfigError(f"no column {name!r}: {did_you_mean(name, schema.names, 'columns')}")
    count = 0

    def batches() -> Iterator[Any]:
        nonlocal count
        for shard in done:
            table = read_parquet(job.faces_path(shard)).replace_schema_metadata(None)
            count += len(table)
            yield from table.to_batches()

    make_folder(out.parent)
    shutil.rmtree(part, ignore_errors=True)
    try:
        dataset.write_dataset(
            batches(), part, format="parquet", schema=schema, use_threads=False,
            partitioning=list(by) or None, partitioning_flavor="hive" if by else None,
            max_rows_per_file=_ROWS_PER_FILE, max_rows_per_group=100_000, max_open_files=_FILES,
        )  # fmt: skip
        make_folder(part)  # where there is no face
        part.rename(out)
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise output_error(repr(str(out)), ValueError(one_line(error))) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return count
