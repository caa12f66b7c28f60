"""The shape of the house: public names, a light core, imports in one direction, no cycles."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mien

SRC = Path(mien.__file__).parent

# Lower layers first. A module may import its own layer and those before it, wherever the import
# stands: at the top, inside a function, or under TYPE_CHECKING.
LAYERS = [
    {
        "arrays",
        "devices",
        "errors",
        "escaping",
        "extras",
        "files",
        "forking",
        "frames",
        "journal",
        "labels",
        "options",
        "overwriting",
        "parsing",
        "reading",
        "samples",
        "version",
        "web",
        "weights",
    },
    {"media"},
    {"drawing"},
    {"types"},
    {"results"},
    {"specs", "registry"},
    {"preprocess", "runtime"},
    {"classifiers", "datasets", "detectors", "tracking"},
    {"catalogue", "face_search", "following", "carrying"},
    {"face_reading"},
    {"frame_journal"},
    {"video_results", "picture_recognizer"},
    {"pipeline"},
    {"workers"},
    {"sinks"},
    {"cropping", "evaluation", "log"},
    {"monitor", "reports"},
    {"train"},
    {"labelling", "scale", "server", "subjects"},
    {"cli"},
    {"__main__", "__init__"},
]


def modules() -> dict[str, Path]:
    """Dotted name → file; the package itself is ``mien.__init__``, its front door."""
    found = {}
    for path in SRC.rglob("*.py"):
        parts = path.relative_to(SRC).with_suffix("").parts
        if parts != ("__init__",) and parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(("mien", *parts))] = path
    return found


def imports(path: Path, known: set[str]) -> set[str]:
    """Modules of Mien that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{path}: relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inside if inside <= known else {node.module, *(inside & known)}
    return {"mien.__init__" if name == "mien" else name for name in names} & known


def layer(module: str) -> int:
    top = module.split(".")[1]
    return next(i for i, names in enumerate(LAYERS) if top in names)


def test_every_module_has_a_layer() -> None:
    tops = {name.split(".")[1] for name in modules()}
    assert tops <= set().union(*LAYERS)


def test_nothing_imports_upstream() -> None:
    known = set(modules())
    wrong = [
        f"{name} imports {other}"
        for name, path in modules().items()
        for other in imports(path, known)
        if layer(other) > layer(name)
    ]
    assert not wrong


def test_no_import_cycles() -> None:
    known = set(modules())
    graph = {name: imports(path, known) - {name} for name, path in modules().items()}
    TopologicalSorter(graph).prepare()  # raises CycleError and names the cycle


def test_public_names() -> None:
    assert mien.__all__ == sorted(mien.__all__)
    assert set(mien.__all__) == set(mien._HOME)
    for name in mien.__all__:
        assert getattr(mien, name) is not None
    assert set(mien.__all__) <= set(dir(mien))


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
        check=False,
    )


HEAVY = ("torch", "tensorflow", "torchvision", "onnx", "matplotlib", "scipy", "sklearn")


def test_import_is_light() -> None:
    code = f"""
import sys, mien, mien.cli.app
heavy = {(*HEAVY, "numpy", "cv2", "onnxruntime", "rich", "PIL")!r}
print([name for name in heavy if name in sys.modules])
"""
    done = run(code)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_analyze_runs_without_any_extra() -> None:
    """The whole way from photo to result, with every optional dependency made unimportable."""
    code = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY!r}:
            raise ImportError(f"{{name}} is not part of the core")
sys.meta_path.insert(0, Wall())
import mien
from mien.samples import ASTRONAUT
result = mien.analyze(ASTRONAUT)
print(len(result), [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = run(code)
    assert done.stdout.strip() == "1 []", done.stdout + done.stderr


@pytest.mark.parametrize(
    "tool", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
)
def test_static_checks(tool: list[str]) -> None:
    pytest.importorskip(tool[0], reason=f"{tool[0]} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", *tool],
        capture_output=True,
        text=True,
        cwd=SRC.parents[1],
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
