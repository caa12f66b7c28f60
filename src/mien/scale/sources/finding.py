"""All kinds of sources → inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mien.errors import InputError, MienError
from mien.media.images import is_address
from mien.scale.inputs import Input, is_remote
from mien.scale.sources.folders import LeftOut, files_in, files_of_glob, is_glob, listed
from mien.scale.sources.lists import is_list, is_table, paths_of_list, paths_of_table
from mien.scale.sources.tars import is_tar_name, members_of_tar, refuse_packed
from mien.scale.sources.zips import is_zip_name, members_of_zip

STDIN = "-"
Report = Callable[[MienError], None]


def find_inputs(
    sources: Sequence[str | os.PathLike[str]], on_error: Report, *, without: Path | None = None
) -> Iterator[Input]:
    """The inputs behind ``sources``, in their order, each once.

    - A folder gives the pictures, videos, zips and tars in it and its subfolders, by suffix and
      sorted by name; hidden files and systems' folders are left out.
    - A glob (``*``, ``?``, ``[…]``, ``**``) gives the files and folders that match.
    - A zip or a tar, which must not be compressed, gives its pictures.
    - A table (``.csv``, ``.tsv``, ``.parquet``) gives the paths in its column ``path``, ``file``,
      ``image`` or another usual name; a text file (``.txt``) and ``-``, standard input, one path a
      line. Such paths are those of files, relative to the working directory.
    - An address such as ``s3://bucket/folder`` gives the pictures, videos and tars below it.

    What a source lacks or cannot be read goes to ``on_error``, and the next source follows.
    ``without``: a folder that is passed over, that of the results.
    """
    seen: set[int] | None = None if len(sources) == 1 and not _is_listing(sources[0]) else set()
    left_out = LeftOut()
    for source in sources:
        name, found = os.fspath(source), 0
        try:
            for each in _inputs(name, on_error, without, left_out):
                found += 1
                if seen is not None:
                    key = hash((each.path, each.member))  # 64 bits: a million names never meet
                    if key in seen:
                        continue
                    seen.add(key)
                yield each
            if not found:
                on_error(InputError(f"{name!r} has no picture and no video: check the path"))
        except MienError as error:
            on_error(error)
    if left_out.formats:
        on_error(InputError(left_out.text()))


def _is_listing(source: str | os.PathLike[str]) -> bool:
    name = os.fspath(source)
    return name == STDIN or is_list(name) or is_table(name)


def _inputs(
    name: str, on_error: Report, without: Path | None, left_out: LeftOut
) -> Iterator[Input]:
    if is_address(name):
        raise InputError(f"{name!r} is an address of the web: download it first")
    if is_remote(name):
        from mien.scale.sources.stores import objects  # slow, and needs fsspec

        yield from _opened(objects(name), on_error)
    elif os.path.isdir(name):  # noqa: PTH112
        yield from _opened(files_in(name, on_error, without, left_out), on_error)
    elif is_glob(name):
        yield from _opened(files_of_glob(name, on_error, without, left_out), on_error)
    elif name == STDIN or is_list(name):
        yield from _each(paths_of_list(name), on_error)
    elif is_table(name):
        yield from _each(paths_of_table(name), on_error)
    else:
        refuse_packed(name)
        yield from _opened([listed(name)], on_error, stated=True)


def _each(paths: Iterable[str], on_error: Report) -> Iterator[Input]:
    """The files of a list, also of object stores; one that is missing is reported."""
    for path in paths:
        try:
            if is_remote(path) and not is_address(path):
                from mien.scale.sources.stores import objects

                yield from _opened(objects(path), on_error)
            else:
                yield from _opened([listed(path)], on_error)
        except MienError as error:
            on_error(error)


def _opened(files: Iterable[Input], on_error: Report, *, stated: bool = False) -> Iterator[Input]:
    """Files as they are, archives as their pictures. An archive that is ``stated`` must be one."""
    for file in files:
        try:
            if is_zip_name(file.path):
                yield from members_of_zip(file)
            elif is_tar_name(file.path):
                yield from members_of_tar(file)
            else:
                yield file
        except MienError as error:
            if stated:
                raise
            on_error(error)
