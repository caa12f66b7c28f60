"""What systems and tools leave beside a user's files: hidden files, thumbnails, recycle bins."""

from __future__ import annotations

_NAMES = frozenset(
    {
        "@eadir", "@tmp", "#recycle", "#snapshot",  # Synology
        "@recycle", "@recently-snapshot",  # QNAP
        "$recycle.bin", "recycler", "recycled", "system volume information", "found.000",
        "thumbs.db", "ehthumbs.db", "desktop.ini",  # Windows
        "__macosx", "network trash folder", "temporary items",  # macOS
        "lost+found", "__pycache__",
    }
)  # fmt: skip


def is_clutter(part: str) -> bool:
    """Whether a file or folder of this name is not the user's own: hidden, or a system's."""
    return part.startswith(".") or part.lower() in _NAMES


def clutter_in(path: str) -> str:
    """The first part of a path with slashes that is clutter, such as ``@eaDir``; else empty."""
    return next((part for part in path.split("/") if is_clutter(part)), "")
