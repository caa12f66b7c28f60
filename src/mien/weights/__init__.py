"""Paths of the ONNX files that ship with the package."""

from pathlib import Path

DEFAULT = Path(__file__).parent / "default.onnx"
"""The expression classifier."""

MTCNN = Path(__file__).parent / "mtcnn"
"""The folder of MTCNN's ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``."""

YUNET = Path(__file__).parent / "yunet.onnx"
"""The face detector YuNet."""
