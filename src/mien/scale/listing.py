"""Lists the sources of a job, and brings its manifest up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mien.errors import ConfigError, InputError
from mien.scale.changes import compare, updated
from mien.scale.duplicates import mark_duplicates
from mien.scale.inputs import Input
from mien.scale.job import Job
from mien.scale.manifest import Manifest, write_manifest
from mien.scale.sources.finding import Report, find_inputs


def list_sources(
    job: Job,
    sources: Sequence[str],
    *,
    update: bool,
    threads: int,
    on_error: Report,
    on_note: Callable[[str], None],
) -> None:
    """Write the job's manifest, or compare the one that is there with the sources.

    Raises ``ConfigError`` where they have changed and ``update`` is not set, ``InputError`` where
    they hold no picture and no video.
    """
    path, listing = job.manifest_path, job.folder / "listing.arrow"
    try:
        count = write_manifest(listing, find_inputs(sources, on_error, without=job.folder))
        if not count:
            raise InputError("no picture and no video is given: check the sources")
        if path.exists():
            if not _merge(path, listing, update, on_note):
                return
        else:
            on_note(f"inputs listed: {count:,}")
        if job.settings.dedupe:
            _mark(listing, threads, on_note)
        os.replace(listing, path)  # noqa: PTH105
    finally:
        listing.unlink(missing_ok=True)


def _merge(path: Path, listing: Path, update: bool, on_note: Callable[[str], None]) -> bool:
    """Turn the listing into the updated manifest; false where nothing has changed."""
    with Manifest(path) as before, Manifest(listing) as now:
        changes = compare(before, now)
        if not changes:
            return False
        if not update:
            raise ConfigError(
                f"the sources are not what they were ({changes.text()}): --update analyses what is "
                "changed and new"
            )
        on_note(f"the sources are not what they were: {changes.text()}")
        merged = listing.with_name("merged.arrow")
        write_manifest(merged, updated(before, now))
    merged.replace(listing)
    return True


def _mark(listing: Path, threads: int, on_note: Callable[[str], None]) -> None:
    marked, found = listing.with_name("marked.arrow"), 0
    with Manifest(listing) as manifest:

        def counted(inputs: Iterable[Input]) -> Iterator[Input]:
            nonlocal found
            for each in inputs:
                found += each.duplicate_of is not None
                yield each

        write_manifest(marked, counted(mark_duplicates(manifest, threads)))
    marked.replace(listing)
    on_note(f"inputs that repeat the bytes of an earlier one: {found:,}")
