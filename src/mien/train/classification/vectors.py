"""The vectors of a network, stored in its ONNX file beside the graph.

PyTorch's exporter folds normalisations into the layers before them, or renames their weights. With
the vectors, ``mien.train.classification.from_onnx`` makes the very network again, to be tuned.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from mien.train.classification.models.base import TRAINED_ONLY
from mien.train.classification.models.fitted import Fitted

KEY = "mien_vectors"
"""Key of the file's ``metadata_props``: base64 of little-endian float32 values."""


def vectors_of(net: nn.Module) -> dict[str, str]:
    """An entry of the file's metadata: all vectors in order; none of a net that stores pictures."""
    if isinstance(net, Fitted):
        return {}
    values = [t.detach().cpu().numpy().astype("<f4").tobytes() for t in _vectors(net).values()]
    return {KEY: base64.b64encode(b"".join(values)).decode()}


def read_vectors(net: nn.Module, metadata: Mapping[str, str]) -> dict[str, Tensor]:
    """The stored vectors by name; empty for a file of an earlier version.

    Raises ``ValueError`` if they are not those of a network like ``net``.
    """
    if KEY not in metadata:
        return {}
    try:
        data = base64.b64decode(metadata[KEY], validate=True)
    except binascii.Error:
        raise ValueError("its vectors are not base64") from None
    own = _vectors(net)
    sizes = [tensor.numel() for tensor in own.values()]
    if len(data) != 4 * sum(sizes):
        raise ValueError("it has vectors of another network")
    values = torch.from_numpy(np.frombuffer(data, "<f4").astype(np.float32))
    return dict(zip(own, torch.split(values, sizes), strict=True))


def _vectors(net: nn.Module) -> dict[str, Tensor]:
    return {
        name: tensor
        for name, tensor in net.state_dict().items()
        if tensor.ndim == 1 and tensor.is_floating_point() and not name.startswith(TRAINED_ONLY)
    }
