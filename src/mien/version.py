"""The version, read from the installed package when it is first asked for."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module 'mien.version' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # takes longer than all of Mien

    try:
        found = version("mien")
    except PackageNotFoundError:  # run from a source tree that was never installed
        found = "0+unknown"
    globals()[name] = found
    return found
