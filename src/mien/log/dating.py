"""When a file was recorded, as the file itself says."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mien.errors import MienError
from mien.log.times import Zone, parse_time
from mien.reading import open_file

_TAKEN, _DIGITISED = 36867, 36868
_OFFSET = {_TAKEN: 36881, _DIGITISED: 36882}
_PARTS = {_TAKEN: 37521, _DIGITISED: 37522}
_EXIF_FOLDER = 0x8769
_CREATED = ("com.apple.quicktime.creationdate", "creation_time")


@dataclass(frozen=True, slots=True)
class Taken:
    """When a photo was taken, and the zone it says or was given."""

    time_ms: int
    zone: Zone


def photo_time(path: str, zone: Zone) -> Taken | None:
    """When a photo was taken, by its EXIF; ``None`` if it does not say.

    A time without an offset is local time in ``zone``. Raises ``OSError`` and ``ConfigError``.
    """
    import PIL.Image

    with open_file(path) as file:
        try:
            with PIL.Image.open(file) as picture:
                tags: dict[int, Any] = dict(picture.getexif().get_ifd(_EXIF_FOLDER))
        except Exception as error:  # Pillow raises anything for a damaged file
            raise OSError(0, "it is no picture that can be read") from error
    for tag in (_TAKEN, _DIGITISED):
        found = _exif_time(tags, tag, zone)
        if found is not None:
            return found
    return None


def _exif_time(tags: dict[int, Any], tag: int, zone: Zone) -> Taken | None:
    parts = re.match(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", str(tags.get(tag, "")), re.A)
    if parts is None:
        return None
    offset = str(tags.get(_OFFSET[tag], "")).strip("\0 ")
    text = "{}-{}-{}T{}".format(*parts.groups())
    if re.fullmatch(r"[+-]\d\d:\d\d", offset, re.A):
        text += offset
    # A camera that was never set says 0000, which is no date.
    with suppress(ValueError):
        datetime.fromisoformat(text)
        ms, found = parse_time(text, zone)
        fraction = re.match(r"\d{1,3}", str(tags.get(_PARTS[tag], "")), re.A)
        return Taken(ms + (int(fraction[0].ljust(3, "0")) if fraction else 0), found)
    return None


def video_time(path: Path, zone: Zone) -> tuple[int, Zone] | None:
    """When a video began, by its container; ``None`` if it does not say, or PyAV is missing.

    Apple's own entry, which has the local offset, comes before the standard one, which is in UTC.
    """
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(str(path)) as container:
            metadata = {str(k): str(v) for k, v in container.metadata.items()}
            for stream in container.streams.video:
                metadata = {**stream.metadata, **metadata}
    except Exception:  # noqa: BLE001 - the reader of the video reports what is wrong with it
        return None
    for name in _CREATED:
        text = metadata.get(name, "")
        text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)
        with suppress(MienError):
            ms, found = parse_time(text, zone)
            if ms > _UNSET_MS:  # recorders without a clock write the begin of their epoch
                return ms, found if name == _CREATED[0] else zone
    return None


_UNSET_MS = int(timedelta(days=365 * 11) / timedelta(milliseconds=1))  # 1980
