"""Optional dependencies: what each extra is for, what it needs, and one error if it is missing."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from mien.errors import MissingExtraError

MODULES = {
    "train": ("torch",),
    "plot": ("matplotlib",),
    "heif": ("pillow_heif",),
    "tables": ("pyarrow",),
    "video": ("av",),
    "log": ("sqlalchemy", "alembic"),
    "postgres": ("psycopg",),
    "encryption": ("sqlcipher3",),
    "apprise": ("apprise",),
    "server": ("fastapi", "uvicorn", "prometheus_client"),
    "scale": ("pyarrow",),
    "ray": ("pyarrow", "ray"),
    "tune": ("torch", "optuna", "sqlalchemy", "sklearn", "matplotlib"),
}
"""Modules that everything in an extra imports."""

PURPOSES = {
    "train": "train and export models",
    "plot": "draw figures and write reports",
    "heif": "read HEIC pictures",
    "tables": "read and write Parquet",
    "video": "write H.264 videos with sound",
    "log": "keep a private record over weeks",
    "postgres": "keep it on a PostgreSQL server",
    "encryption": "encrypt it",
    "apprise": "send alerts by many services",
    "server": "serve the page and the HTTP interface",
    "scale": "analyse millions of pictures",
    "ray": "share them among the machines of a Ray cluster",
    "tune": "search for good settings",
    "dev": "work on Mien itself",
}

# Other builds of the same library.
SIBLINGS = {
    "opencv-python-headless": (
        "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless",
    ),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
}  # fmt: skip


def require_extra(extra: str, what: str, *modules: str) -> None:
    """Import the modules of ``extra``, and further ``modules`` that ``what`` needs.

    Raises ``MissingExtraError``, which names ``what`` and gives the pip command.
    """
    for module in (*MODULES[extra], *modules):
        try:
            import_module(module)
        except ImportError:
            raise MissingExtraError(what, extra) from None


def requirements() -> dict[str, list[str]]:
    """The distributions that Mien needs on this Python, by extra; the core's under ``""``."""
    needed: dict[str, list[str]] = {}
    for line in _declared():
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"](.+?)['\"]", line)
        below = re.search(r"python_version\s*<\s*['\"]3\.(\d+)", line)
        if name != "mien" and not (below and sys.version_info >= (3, int(below[1]))):
            needed.setdefault(extra[1] if extra else "", []).append(name)
    return needed


def installed_version(distribution: str) -> str | None:
    """Version of a distribution or of another build of it; ``None`` if none is installed."""
    from importlib.metadata import PackageNotFoundError, version  # here, since it imports slowly

    for name in (distribution, *SIBLINGS.get(distribution, ())):
        with suppress(PackageNotFoundError):
            return version(name)
    return None


def _declared() -> list[str]:
    """Mien's requirements as its installed metadata states them, or else its pyproject.toml."""
    from importlib import metadata

    with suppress(metadata.PackageNotFoundError):
        return metadata.requires("mien") or []
    import tomllib

    path = Path(__file__).parents[2] / "pyproject.toml"
    with suppress(OSError):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        extras = project["optional-dependencies"].items()
        added = [f"{line}; extra == '{extra}'" for extra, lines in extras for line in lines]
        return [*project["dependencies"], *added]
    return []
