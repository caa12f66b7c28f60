"""One input of the fuzz run: some files, written to a folder or packed in a zip."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

SPECIAL = {"fifo", "zero", "folder", "loop"}
"""What may stand in the place of a file: a named pipe, an endless device, a folder, a link to
itself."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Case:
    """``files``: name → content. ``special``: name → one of ``SPECIAL``."""

    files: dict[str, bytes]
    special: dict[str, str] = field(default_factory=dict)
    zipped: bool = False
    """Whether the door gets one zip of all files."""
    option: str = ""
    """A text that some doors take besides the files."""

    def write(self, folder: Path) -> Path:
        """Write it below ``folder``, and return what a door gets: the folder, or the zip."""
        if self.zipped:
            path = folder / "case.zip"
            path.write_bytes(self.zip_bytes())
            return path
        root = folder / "case"
        root.mkdir()
        for name, content in self.files.items():
            if path := _inside(root, name):
                path.write_bytes(content)
        for name, kind in self.special.items():
            if path := _inside(root, name):
                path.unlink(missing_ok=True)
                _make(path, kind)
        return root

    def zip_bytes(self) -> bytes:
        """All files as a zip, under their own names, even those that lead out of it."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in self.files.items():
                if len(name.encode("utf-8", "surrogatepass")) > 60_000:
                    continue  # a zip cannot hold it
                member = zipfile.ZipInfo(name or "empty")
                archive.writestr(member, content, zipfile.ZIP_STORED)
        return buffer.getvalue()

    def save(self, path: Path, door: str) -> None:
        """Keep it, for ``load`` and for people, as a zip."""
        about = {
            "door": door, "names": list(self.files), "special": self.special,
            "zipped": self.zipped, "option": self.option,
        }  # fmt: skip
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("case.json", json.dumps(about))
            for number, content in enumerate(self.files.values()):
                archive.writestr(f"file{number}", content)

    @staticmethod
    def load(path: Path) -> tuple[str, Case]:
        """The door and the case that ``save`` wrote."""
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("case.json"))
            files = {
                name: archive.read(f"file{number}") for number, name in enumerate(about["names"])
            }
        case = Case(files, about["special"], about["zipped"], about["option"])
        return about["door"], case


def _inside(root: Path, name: str) -> Path | None:
    """Where to write ``name``; ``None`` for names that no file below ``root`` can have."""
    parts = Path(name).parts
    try:
        if not parts or name.startswith("/") or ".." in parts or "\0" in name:
            return None
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts):
            return None
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError):  # its folder is a file
        return None
    return None if path.is_dir() else path


def _make(path: Path, kind: str) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        path.mkdir(exist_ok=True)
