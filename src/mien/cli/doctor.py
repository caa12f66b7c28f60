"""``mien doctor``: what is installed, what works, and what an extra would add."""

from __future__ import annotations

import json
import platform
import re
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import click

PURPOSES = {
    "train": "train and export models",
    "plot": "draw figures and write reports",
    "tune": "search for good settings",
    "dev": "work on Mien itself",
}
# Builds of one library under several names, any of which will do.
SIBLINGS = {
    "opencv-python-headless": (
        "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless",
    ),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
}  # fmt: skip


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Say what is installed, which providers ONNX Runtime has, and what each extra still lacks."""
    from mien.version import __version__

    needs = _requirements()
    found = {extra: {name: _version(name) for name in names} for extra, names in needs.items()}
    report: dict[str, Any] = {
        "mien": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "core": found.pop("", {}),
        "providers": _providers(),
        "default_model": _default_model(),
        "detectors": _detectors(),
        "extras": found,
    }
    parts = [report["default_model"], *report["detectors"].values()]
    healthy = all(report["core"].values()) and not any(p.startswith("broken") for p in parts)
    if as_json:
        click.echo(json.dumps({**report, "healthy": healthy}, indent=2))
    else:
        _print(report)
    return 0 if healthy else 1


def _print(report: dict[str, Any]) -> None:
    click.echo(f"mien {report['mien']}, Python {report['python']}, {report['platform']}")
    click.echo(
        "core:          " + ", ".join(f"{n} {v or 'MISSING'}" for n, v in report["core"].items())
    )
    click.echo("ONNX Runtime:  " + ", ".join(report["providers"]))
    click.echo("default model: " + report["default_model"])
    for name, state in report["detectors"].items():
        click.echo(f"detector {name + ':':13}{state}")
    for extra, parts in report["extras"].items():
        missing = [name for name, found in parts.items() if not found]
        if missing:
            purpose = f"to {PURPOSES[extra]}: " if extra in PURPOSES else ""
            state = f"lacks {', '.join(missing)} ({purpose}pip install 'mien[{extra}]')"
        else:
            state = "complete: " + ", ".join(f"{n} {v}" for n, v in parts.items())
        click.echo(f"extra {extra + ':':9}{state}")


def _requirements() -> dict[str, list[str]]:
    """The distributions that Mien needs on this Python, by extra; the core's under ``""``."""
    found: dict[str, list[str]] = {}
    for line in _declared():
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"](.+?)['\"]", line)
        below = re.search(r"python_version\s*<\s*['\"]3\.(\d+)", line)
        if name != "mien" and not (below and sys.version_info >= (3, int(below[1]))):
            found.setdefault(extra[1] if extra else "", []).append(name)
    return found


def _declared() -> list[str]:
    try:
        return requires("mien") or []
    except PackageNotFoundError:  # a source tree that was never installed
        path = Path(__file__).parents[3] / "pyproject.toml"
    with suppress(OSError, ImportError):
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib

        project = tomllib.loads(path.read_text("utf-8"))["project"]
        extras = project["optional-dependencies"].items()
        added = [f"{line}; extra == '{extra}'" for extra, lines in extras for line in lines]
        return [*project["dependencies"], *added]
    return []


def _version(distribution: str) -> str | None:
    """Version of an installed distribution or its sibling; ``None`` where there is none."""
    for name in (distribution, *SIBLINGS.get(distribution, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def _providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        return [f"not usable: {error}"]
    return list(onnxruntime.get_available_providers())


def _default_model() -> str:
    try:
        from mien.classifiers.base import load_classifier

        spec = load_classifier("default").spec
    except Exception as error:  # noqa: BLE001 - whatever is broken is to be told, not to be raised
        return f"broken: {' '.join(str(error).split())}"
    return f"{spec.name}, {len(spec.labels)} expressions, {spec.input_size}×{spec.input_size}"


def _detectors() -> dict[str, str]:
    """Name → ``works``, what the detector needs first, or how it is broken."""
    try:
        from mien.registry import detectors

        return {name: _detector(name) for name in detectors.names()}
    except Exception as error:  # noqa: BLE001 - whatever is broken is to be told, not to be raised
        return {"registry": f"broken: {' '.join(str(error).split())}"}


def _detector(name: str) -> str:
    try:
        from mien.detectors.load import load_detector
        from mien.registry import detectors

        facts = getattr(detectors.get(name), "facts", None)
        if facts is not None and facts.needs:
            return f"needs {facts.needs}"
        load_detector(name)
    except Exception as error:  # noqa: BLE001 - whatever is broken is to be told, not to be raised
        return f"broken: {' '.join(str(error).split())}"
    return "works"
