"""Dataturks' export: one JSON object per line, with a picture's address and the boxes in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mien.datasets.base import DatasetFacts, check_split
from mien.datasets.files.addresses import keys_of, last_part, named_pictures, picture_names
from mien.datasets.files.archive import Archive, open_archive, pictures_beside
from mien.datasets.files.fetching import cache_folder, fetch
from mien.datasets.files.folders import Folder
from mien.datasets.files.pictures import Picture
from mien.datasets.scene import Scene
from mien.datasets.scenes.dataturks_export import (
    annotated_size,
    corners_of,
    labels_of,
    letters,
    read_export,
)
from mien.datasets.scenes.marks import MarkedPictures, Marks
from mien.errors import ConfigError, DatasetError
from mien.registry import register_dataset
from mien.web.connecting import PRIVATE
from mien.web.download import UNREACHED

SPLIT = "train"
NO_FACE = frozenset({"notface", "notaface", "nonface", "noface"})
"""Labels of objects that are not faces: their letters in lower case."""
OTHER_SHAPE = "picture has another shape than the annotated one"
_UNFETCHED = "not fetched, "
_SAME_SHAPE = 0.03  # of the ratio of width to height, for pictures that were shrunk


@register_dataset("dataturks")
class Dataturks:
    """The reader. ``path``: an export, or a folder or zip that holds one, with or without pictures.

    There is one split, ``train``. Points are relative to the picture's size, so a shrunk copy of a
    picture works too. Objects with a label that means "not a face" (``Not_Face``, ``non face`` …)
    are left out; ``drop`` names other such labels, with commas between them. All labels of a face
    are its attribute ``labels``. A picture without objects has no face; one whose ``annotation`` is
    null is left out.

    ``pictures``: a folder or zip in which pictures are found by name: the end of the address, or
    its part after Dataturks' ``___``, with one suffix or two. If ``path`` is a folder or zip with
    pictures, they are found there in the same way. Otherwise the pictures are fetched once into
    ``cache`` (default: one for each export below
    ``mien.datasets.files.fetching.cache_folder()``), where ``dead.csv`` lists those that failed;
    ``retry=yes`` fetches them again. ``private=yes`` also asks servers on this machine and in
    private networks, which an export from a stranger should not reach.

    Raises ``DatasetError`` where there is no such export, and when the first picture is read where
    there are no pictures; ``ConfigError`` for other values of the options.
    """

    facts = DatasetFacts(name="dataturks")

    def __init__(
        self,
        path: str | Path,
        drop: str | None = None,
        pictures: str | None = None,
        cache: str | None = None,
        retry: str = "no",
        private: str = "no",
    ) -> None:
        for name, value in (("retry", retry), ("private", private)):
            if value not in ("yes", "no"):
                raise ConfigError(f"dataturks takes {name}=yes or {name}=no, not {value!r}")
        self.path = Path(path)
        self._retry, self._private = retry == "yes", private == "yes"
        labels = (letters(label) for label in drop.split(",")) if drop is not None else NO_FACE
        self._drop = frozenset(labels) - {""}
        archive = open_archive(self.path)
        self._lines, digest = read_export(archive)
        self._local = open_archive(Path(pictures)) if pictures is not None else None
        if self._local and self._local.is_file:
            raise ConfigError(f"pictures={pictures} is a single file: give a folder or a zip")
        if pictures is None and not archive.is_file and picture_names(archive):
            self._local = archive
        default = cache_folder() / "dataturks" / digest if not (self._local or cache) else ""
        self.cache = Path(cache or default)
        """Folder of the fetched pictures."""
        self._marks = Marks()
        self._marked: MarkedPictures | None = None
        self._pixels: list[Picture] = []  # one for each marked picture

    def splits(self) -> tuple[str, ...]:
        """Only ``train``."""
        return (SPLIT,)

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture that is there or was fetched, in the order of the export."""
        check_split(self, split, self.path)
        marked = self._load()
        for number, pixels in enumerate(self._pixels):
            yield marked.scene(number, pixels)

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → addresses, pictures and boxes that are left out or repaired."""
        check_split(self, split, self.path)
        self._load()
        return self._marks.skipped

    def fetch(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Fetch the pictures now, unless that is done or they come from a folder.

        ``on_progress`` gets (done, total). Raises ``DatasetError`` if every picture fails and
        ``OutputError`` if the cache cannot be written.
        """
        self._load(on_progress)

    def _load(self, on_progress: Callable[[int, int], None] | None = None) -> MarkedPictures:
        """The pictures that are there or could be fetched, with their faces."""
        if self._marked is not None:
            return self._marked
        marks = Marks()
        lines = []
        for line in self._lines:
            if line.problem:
                marks.skip(line.problem, line.url)
            else:
                lines.append(line)
        urls = list(dict.fromkeys(line.url for line in lines))
        if self._local is None:
            members, missing = self._fetched(urls, on_progress)
            archive: Archive = Folder(self.cache)
        else:
            archive = self._local
            for reason, names in pictures_beside(archive).items():
                for name in names:
                    marks.skip(reason, name)
            members, missing = named_pictures(archive, urls)
        for url, reason in missing.items():
            marks.skip(reason, url)
        if not members:
            raise self._no_pictures(urls, missing)
        keys = keys_of(urls) if self._local is None else members
        self._pixels = []
        for line in lines:
            if line.url in members:
                pixels = Picture(archive, members[line.url])
                if self._add(marks, keys[line.url], line.objects, _size(pixels)):
                    self._pixels.append(pixels)
        self._marks, self._marked = marks, marks.freeze()
        return self._marked

    def _fetched(
        self, urls: Sequence[str], on_progress: Callable[[int, int], None] | None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Address → member of the cache, and address → why there is none."""
        done = fetch(
            urls, self.cache, retry=self._retry, private=self._private, on_progress=on_progress
        )
        return done.files, {url: f"{_UNFETCHED}{reason}" for url, reason in done.dead.items()}

    def _no_pictures(self, urls: Sequence[str], missing: Mapping[str, str]) -> DatasetError:
        if not urls:
            problems = ", ".join(sorted({line.problem for line in self._lines}))
            return DatasetError(f"{self.path} lists no usable picture ({problems})")
        reason, count = Counter(missing.values()).most_common(1)[0]
        what = f"none of the {len(urls):,} pictures that {self.path} lists"
        why = f"{count:,} times: {reason.removeprefix(_UNFETCHED)}"
        if self._local is not None:
            return DatasetError(
                f"{what} is in {self._local.path} ({why}): expected names such as "
                f"{last_part(urls[0])!r}"
            )
        unreached = any(UNREACHED in reason for reason in missing.values())
        hint = "check the network" if unreached else "try again with retry=yes"
        if any(PRIVATE in reason for reason in missing.values()):
            hint = "allow such servers with private=yes"
        return DatasetError(
            f"{what} could be fetched ({why}): {hint}, or give a folder or zip that holds them "
            "with the option pictures=FOLDER"
        )

    def _add(
        self, marks: Marks, key: str, objects: Sequence[Any], size: tuple[int, int] | None
    ) -> bool:
        """Add a picture and its faces to ``marks``; whether the picture is kept."""
        annotated = annotated_size(objects)
        if size and annotated:
            ratio = (size[0] / size[1]) / (annotated[0] / annotated[1])
            if abs(math.log(ratio)) > _SAME_SHAPE:
                marks.skip(OTHER_SHAPE, key)
                return False
        width, height = size or annotated or (None, None)
        picture = marks.add_picture(key, width, height)
        if picture is None:
            return False
        for number, item in enumerate(objects, start=1):
            labels = labels_of(item)
            dropped = next((label for label in labels if letters(label) in self._drop), None)
            if dropped is not None:
                marks.skip(f"labelled {dropped[:60]!r}, not a face", f"{key}#{number}")
            else:
                corners = corners_of(item, width or math.nan, height or math.nan)
                marks.add_face(picture, corners, attributes={"labels": labels})
        return True


def _size(picture: Picture) -> tuple[int, int] | None:
    """(width, height) of the upright picture by its header; ``None`` if that is damaged."""
    with suppress(DatasetError):  # decoding reports the reason
        return picture.upright_size()
    return None
