"""Commands as documents show them, run with real paths; what they print becomes a section."""

from __future__ import annotations

import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

from mien.runtime import processor, usable_cores

REPO = Path(__file__).resolve().parents[1]


def run(shown: str, paths: dict[str, str]) -> str:
    """Run a command with the real paths for the names it shows; return what it prints."""
    print(f"$ {shown}", flush=True)
    words = [_real(word, paths) for word in shlex.split(shown)]
    if words[0] in ("python", "mien"):
        start = {"python": [sys.executable], "mien": [sys.executable, "-m", "mien"]}[words[0]]
        words = [*start, *words[1:]]
    done = subprocess.run(words, cwd=REPO, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shown} failed:\n{done.stderr}")
    text = done.stdout
    for name, path in paths.items():
        text = text.replace(path, name)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _real(word: str, paths: dict[str, str]) -> str:
    """A word of a command with the real path for the name it is, or that it ends with after =."""
    option, equals, value = word.rpartition("=")
    return f"{option}{equals}{paths.get(value, value)}"


def hardware() -> str:
    """Processor, cores and versions."""
    import cv2
    import onnxruntime

    return (
        f"{processor()}, {usable_cores()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, "
        f"OpenCV {cv2.__version__}"
    )


def section(title: str, intro: str, command: str, paths: dict[str, str], level: str = "##") -> str:
    """One section of docs/results.md: a command and what it printed."""
    output = run(command, paths)
    words = f"{intro}\n\n" if intro else ""
    return f"{level} {title}\n\n{words}```sh\n{command}\n```\n\n```text\n{output}\n```\n"


def written(title: str, level: str = "##") -> str:
    """A section of docs/results.md as it stands."""
    text = (REPO / "docs/results.md").read_text("utf-8")
    head = f"{level} {re.escape(title)}"
    found = re.search(rf"^{head}\n.*?^```text\n.*?^```\n", text, re.DOTALL | re.M)
    if not found:
        raise SystemExit(f"docs/results.md has no section {title!r} to keep")
    return found[0]
