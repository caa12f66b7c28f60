"""The hint that pictures look like whole photos, in every command that reads face crops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mien.cli.support.printing import complain

if TYPE_CHECKING:
    from mien.datasets.base import AnyDataset


def hint_at_photos(dataset: AnyDataset, options: Sequence[str]) -> None:
    """Say on one line that ``dataset`` looks like whole photos, unless options say ``detect``."""
    from mien.datasets.photos import SMALL, look_for_photos

    if any(option.partition("=")[0] == "detect" for option in options):
        return
    seen = look_for_photos(dataset)
    if seen is not None and seen.are_photos:
        complain(
            f"these look like whole photos (in {seen.small} of {seen.sampled} the largest face is "
            f"below {SMALL:.0%} of the side): add --option detect=yes to find the face first, or "
            "detect=no if they are face crops"
        )


def search_photos(dataset: AnyDataset, splits: str = "official") -> None:
    """Find the faces of ``dataset`` behind a bar, where listing or dividing it would do so unseen.

    Faces are found when they are needed, unless all of a photo are samples, or ``splits`` divides
    the data.
    """
    from mien.datasets.detected import DetectedFaces

    if isinstance(dataset, DetectedFaces) and (dataset.lists_faces or splits != "official"):
        search_all_photos(dataset)


def search_all_photos(dataset: AnyDataset) -> None:
    """Find the faces of ``dataset`` behind a bar, if it is of whole photos and there is a bar."""
    from mien.cli.support.progress import meter
    from mien.datasets.detected import DetectedFaces

    if isinstance(dataset, DetectedFaces):
        with meter(unit="photos searched") as update:
            if update:
                dataset.search(update)
