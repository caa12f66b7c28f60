"""The version, read from the installed package on first use."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module 'mien.version' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        installed = version("mien")
    except PackageNotFoundError:  # a source tree that is not installed
        installed = "0+unknown"
    globals()[name] = installed
    return installed
