"""Run the notebooks of examples/ in empty folders and store their outputs.

python tools/run_examples.py [examples/application.ipynb …]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook, run; raises ``CellExecutionError`` for a cell that fails."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ at every run
        for output in cell.get("outputs", []):
            if "image/jpeg" in output.get("data", {}):  # Pillow gives both
                output.data.pop("image/png", None)
    notebook.metadata.pop("language_info", None)
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or sorted(map(str, EXAMPLES.glob("*.ipynb")))):
        nbformat.write(run(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
