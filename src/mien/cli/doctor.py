"""``mien doctor``: what is installed, what works, and what an extra would add."""

from __future__ import annotations

import platform
from typing import Any

import click

from mien.cli.support.printing import say, say_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Report what is installed, what works and what is missing.

    Lists the core's parts, ONNX Runtime's providers, which devices work, the default model, each
    detector, and what each extra lacks. Exit status: 0 all works, 1 something is missing or broken.
    """
    from mien.catalogue import classifier_specs, detector_states, device_states
    from mien.extras import installed_version, requirements
    from mien.version import __version__

    versions = {
        extra: {name: installed_version(name) for name in names}
        for extra, names in requirements().items()
    }
    report: dict[str, Any] = {
        "mien": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "core": versions.pop("", {}),
        "providers": _providers(),
        "devices": device_states(),
        "default_model": _about_model(classifier_specs()["default"]),
        "detectors": detector_states(),
        "extras": versions,
    }
    states = [report["default_model"], *report["detectors"].values()]
    healthy = all(report["core"].values()) and not any(s.startswith("broken") for s in states)
    if as_json:
        say_json({**report, "healthy": healthy}, indent=2)
    else:
        _print(report)
    return 0 if healthy else 1


def _print(report: dict[str, Any]) -> None:
    from mien.errors import install_command
    from mien.extras import PURPOSES

    core = [f"{name} {version or 'MISSING'}" for name, version in report["core"].items()]
    say(f"mien {report['mien']}, Python {report['python']}, {report['platform']}")
    say(f"core:          {', '.join(core)}")
    say(f"ONNX Runtime:  {', '.join(report['providers'])}")
    for name, state in report["devices"].items():
        say(f"device {name + ':':15}{state}")
    say(f"default model: {report['default_model']}")
    for name, state in report["detectors"].items():
        say(f"detector {name + ':':13}{state}")
    for extra, parts in report["extras"].items():
        missing = [name for name, version in parts.items() if not version]
        if missing:
            purpose = f"to {PURPOSES[extra]}: " if extra in PURPOSES else ""
            state = f"lacks {', '.join(missing)} ({purpose}{install_command(extra)})"
        else:
            state = "complete: " + ", ".join(f"{n} {v}" for n, v in parts.items())
        say(f"extra {extra + ':':12}{state}")


def _about_model(spec: Any) -> str:
    from mien.catalogue import Broken

    if isinstance(spec, Broken):
        return str(spec)
    return f"{spec.name}, {len(spec.labels)} expressions, {spec.input_size}×{spec.input_size}"


def _providers() -> list[str]:
    from mien.runtime import onnxruntime

    try:
        return list(onnxruntime().get_available_providers())
    except ImportError as error:
        return [f"not usable: {error}"]
