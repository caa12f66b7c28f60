"""Object stores: what lies below an address such as ``s3://bucket/folder``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from glob import has_magic
from typing import Any

from mien.errors import InputError, one_line
from mien.media.clutter import clutter_in
from mien.scale.inputs import Input
from mien.scale.opening import store_of
from mien.scale.sources.folders import is_video, is_wanted

_TIMES = ("LastModified", "updated", "mtime", "last_modified", "created")
"""What stores call the time of the last change."""


def objects(address: str) -> Iterator[Input]:
    """The object of that address, or the wanted ones below it or matching it, sorted by name.

    Raises ``InputError`` where the store cannot be reached or holds no such object, and as
    ``mien.scale.opening.file_system``.
    """
    protocol, _, path = address.partition("://")
    store, path = store_of(address)
    try:
        if has_magic(path):
            found: Mapping[str, Mapping[str, Any]] = store.glob(path, detail=True)
        else:
            found = store.find(path.rstrip("/"), detail=True)
    except Exception as error:  # noqa: BLE001 - whatever the store's package raises
        raise InputError(
            f"{address!r} cannot be listed ({one_line(error)}): check the address, and the keys "
            f"for {protocol}"
        ) from None
    stated = path.rstrip("/")
    for name in sorted(found):
        facts = found[name]
        inside = name[len(stated) :] if name.startswith(stated) else name
        whole = name == stated
        if facts.get("type") == "file" and (whole or is_wanted(name)) and not clutter_in(inside):
            yield Input(
                f"{protocol}://{name}", int(facts.get("size") or 0), _time(facts),
                video=is_video(name),
            )  # fmt: skip


def _time(facts: Mapping[str, Any]) -> int | None:
    """Nanoseconds since 1970, exact to the second; ``None`` where the store does not say."""
    for key in _TIMES:
        value = facts.get(key)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return int(value.timestamp()) * 10**9
        if isinstance(value, int | float):
            return int(value) * 10**9
    return None
