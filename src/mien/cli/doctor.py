"""``mien doctor``: what is installed, what works, and what an extra would add."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

# What each extra is for, and the modules by which it is recognised: distribution → module.
CORE = {"numpy": "numpy", "opencv-python-headless": "cv2", "onnxruntime": "onnxruntime",
        "pillow": "PIL", "click": "click", "rich": "rich"}  # fmt: skip
EXTRAS = {
    "train": (
        "train and export models",
        {"torch": "torch", "onnx": "onnx", "onnxscript": "onnxscript"},
    ),
    "plot": ("draw figures of an evaluation", {"matplotlib": "matplotlib"}),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Say what is installed, which providers ONNX Runtime has, and what each extra still lacks."""
    from mien.version import __version__

    core = {name: _version(name, module) for name, module in CORE.items()}
    report: dict[str, Any] = {
        "mien": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "core": core,
        "providers": _providers(),
        "default_model": _default_model(),
        "extras": {
            extra: {name: _version(name, module) for name, module in modules.items()}
            for extra, (_, modules) in EXTRAS.items()
        },
    }
    healthy = all(core.values()) and not report["default_model"].startswith("broken")
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
    for extra, (purpose, _) in EXTRAS.items():
        parts = report["extras"][extra]
        missing = [name for name, found in parts.items() if not found]
        if missing:
            state = f"lacks {', '.join(missing)} (to {purpose}: pip install 'mien[{extra}]')"
        else:
            state = "complete: " + ", ".join(f"{n} {v}" for n, v in parts.items())
        click.echo(f"extra {extra + ':':9}{state}")


def _version(distribution: str, module: str) -> str | None:
    """Version of an installed distribution, without importing it; ``None`` where it is missing."""
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return version(distribution)
    except PackageNotFoundError:  # another distribution gives the module, such as opencv-python
        return str(getattr(sys.modules.get(module), "__version__", "(version unknown)"))


def _providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        return [f"not usable: {error}"]
    return list(onnxruntime.get_available_providers())


def _default_model() -> str:
    from mien.classifiers.base import load_classifier
    from mien.errors import MienError

    try:
        spec = load_classifier("default").spec
    except (MienError, ImportError) as error:
        return f"broken: {error}"
    return f"{spec.name}, {len(spec.labels)} expressions, {spec.input_size}×{spec.input_size}"
