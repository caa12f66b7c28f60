"""A network of PyTorch with the weights of an ONNX file that ``mien export`` wrote.

The file keeps the names of kernels and matrices, but PyTorch's exporter folds batch normalisation
into the layers before it. New files have its vectors beside the graph (``vectors``), so it is
unfolded again. In a file of an earlier version it is missing: it becomes the identity, and
``fit_norms`` gives it statistics again, without changing what the network answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.classifiers.onnx import OnnxClassifier
from mien.errors import ConfigError, MienError, ModelFileError
from mien.reading import read_file
from mien.registry import architectures
from mien.specs.classifier import ModelSpec
from mien.train.classification.config import FITTED, ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.vectors import read_vectors

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

INSTEAD = "give the run or checkpoint that the file was exported from, or export it again"
EIGHT_BITS = "_quantized"
"""Ends the names of weights in 8 bits; ONNX Runtime's quantisation adds it."""
COUNTER = ".num_batches_tracked"
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d
TOLERANCE, ROUNDED = 1e-3, 0.25
"""Largest accepted difference of logits, times the largest logit if that is above 1: from a file
that computes in float32, and from one whose activations have 8 bits."""


def load_onnx(path: str | Path) -> tuple[Network, ClassifierConfig, ModelSpec, tuple[str, ...]]:
    """The network in evaluation mode, its recipe and spec, and the names of folded norms.

    Its logits equal the file's up to rounding, which is checked. Raises ``ModelFileError`` and
    ``ModelSpecError`` for a file that is missing, damaged or not one of ``mien export``.
    """
    classifier = OnnxClassifier(path)
    config = recipe_of(classifier.spec, path)
    from onnx import load_model_from_string

    try:
        model = load_model_from_string(read_file(path))
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    values, biases = _arrays(model)
    affect = any(name.startswith("affect.") for name in values)
    make = architectures.get(config.architecture)
    try:
        net: Network = make(config, len(classifier.spec.labels), 0, affect).eval()
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        folded = _fill(net, config, values, biases, read_vectors(net, metadata))
    except (MienError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - PyTorch stumbles over what it does not check
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not fit its own recipe ({reason}): {INSTEAD}") from None
    rounded = any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    _check(net, classifier, ROUNDED if rounded else TOLERANCE)
    return net, config, classifier.spec, folded


def recipe_of(spec: ModelSpec, path: str | Path) -> ClassifierConfig:
    """The recipe in a file's card. Raises ``ModelFileError`` if there is none, or it is damaged."""
    recipe = spec.card.get("recipe")
    if not isinstance(recipe, Mapping):
        raise ModelFileError(
            f"{path} has no recipe in its card, so its network is unknown: give a file of 'mien "
            "export', a run or a checkpoint"
        )
    try:
        config = ClassifierConfig.from_dict(recipe, where=f"the recipe in {path}")
    except ConfigError as error:
        raise ModelFileError(f"{path} has a damaged recipe: {error}") from None
    if config.architecture in FITTED:
        raise ModelFileError(
            f"{path} is a {config.architecture}, which remembers pictures and has no weights to "
            "start from: give a trained network"
        )
    return config


def fit_norms(net: nn.Module, folded: Sequence[str], batches: Iterable[Tensor]) -> None:
    """Give folded norms the statistics of (N, C, S, S) inputs; evaluation stays the same.

    With the mean and variance of what a norm takes in, gamma is sqrt(variance + eps) and beta the
    mean plus the folded bias. So in training mode, which uses a batch's own statistics, the network
    answers nearly as in evaluation.
    """
    norms = [net.get_submodule(name) for name in folded]
    sums = {norm: torch.zeros(3, _channels(norm), dtype=torch.float64) for norm in norms}

    def add(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].detach().double().cpu().transpose(0, 1).flatten(1)  # (C, N · H · W)
        sums[norm] += torch.stack([torch.full((len(x),), x.shape[1]), x.sum(1), (x * x).sum(1)])

    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    training = net.training
    net.eval()
    with torch.no_grad():
        for x in batches:
            net(x)
    net.train(training)
    for hook in hooks:
        hook.remove()
    for norm, (count, total, squares) in sums.items():
        mean = total / count
        variance = (squares / count - mean * mean).clamp(min=0)
        _set_identity(norm, mean.float(), variance.float())


def _channels(norm: Any) -> int:
    return int(norm.num_features)


def _set_identity(norm: Any, mean: Tensor, variance: Tensor) -> None:
    """Set a batch normalisation that adds ``norm.bias`` to other statistics, without effect."""
    bias = norm.bias - norm.running_mean / (norm.running_var + norm.eps).sqrt() * norm.weight
    with torch.no_grad():
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(bias + norm.running_mean)


def _arrays(model: ModelProto) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The file's weights by name, as float32; and for each kernel or matrix the name of its bias.

    Only the layer knows its bias: equal ones are stored once, under one of their names.
    """
    from onnx import numpy_helper

    values = {_own(t.name): numpy_helper.to_array(t) for t in model.graph.initializer}
    biases: dict[str, str] = {}
    named: dict[str, str] = {}  # of a weight in 8 bits: the name where it is used → its own
    for node in model.graph.node:
        inputs = [named.get(_own(name), _own(name)) for name in node.input]
        if node.op_type == "DequantizeLinear" and inputs[0] in values:
            own = inputs[0].removesuffix(EIGHT_BITS)
            whole, scale, zero = (values[name] for name in inputs)
            values[own] = _dequantized(whole, scale, zero, _axis(node))
            named[_own(node.output[0])] = own
        if node.op_type == "Cast" and inputs[0] in values:
            values[_own(node.output[0])] = values[inputs[0]].astype(np.float32)
        if node.op_type in ("Conv", "Gemm") and len(inputs) > 2:
            biases[inputs[1]] = inputs[2]
    return values, biases


def _axis(node: NodeProto) -> int:
    """The axis of a node's scales; 1 where it is not given."""
    return next((a.i for a in node.attribute if a.name == "axis"), 1)


def _dequantized(
    values: NDArray[Any], scale: NDArray[Any], zero: NDArray[Any], axis: int
) -> NDArray[np.float32]:
    """What whole numbers stand for, with one scale or one for each index of ``axis``."""
    shape = [-1 if i == axis and scale.ndim else 1 for i in range(values.ndim)]
    whole = values.astype(np.float32) - zero.astype(np.float32).reshape(shape)
    found: NDArray[np.float32] = whole * scale.reshape(shape)
    return found


def _own(name: str) -> str:
    """A weight's name in the network; a file with valence and arousal puts ``net.`` before it."""
    return name.removeprefix("net.")


def _fill(
    net: Network,
    config: ClassifierConfig,
    values: Mapping[str, NDArray[Any]],
    biases: Mapping[str, str],
    vectors: Mapping[str, Tensor],
) -> tuple[str, ...]:
    """Load the weights into ``net``; returns the names of the norms that stay folded."""
    state, missing = net.state_dict(), []
    for name, own in state.items():
        found = values.get(name)
        if name.endswith(".bias") and name.removesuffix("bias") + "weight" in biases:
            found = values.get(biases[name.removesuffix("bias") + "weight"])
        if name in vectors:
            state[name] = vectors[name]
        elif found is not None and found.shape == tuple(own.shape):
            state[name] = torch.from_numpy(found.copy())
        elif not name.endswith(COUNTER):
            missing.append(name)
    net.load_state_dict(state)
    folded = []
    for norm_name, layer_name in _layers_before_norms(net, config).items():
        norm, layer = net.get_submodule(norm_name), net.get_submodule(layer_name)
        if f"{norm_name}.running_mean" in missing:
            _fill_identity(norm, layer, values.get(biases.get(f"{layer_name}.weight", "")))
            missing = [name for name in missing if not name.startswith(f"{norm_name}.")]
            folded.append(norm_name)
        elif f"{norm_name}.running_mean" not in values:
            _unfold(norm, layer)
    if missing:
        raise ValueError(f"it lacks {', '.join(missing[:3])}")
    return tuple(folded)


@torch.no_grad()
def _fill_identity(norm: Any, layer: Any, bias: NDArray[Any] | None) -> None:
    """Make a folded norm the identity, and add the bias that the file's layer may have."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1)
    norm.weight.fill_((1 + norm.eps) ** 0.5)
    norm.bias.zero_()
    if layer.bias is None and bias is not None:
        norm.bias.copy_(torch.from_numpy(bias.copy()))


@torch.no_grad()
def _unfold(norm: Any, layer: Any) -> None:
    """Divide the kernels of ``layer`` by what the exporter has multiplied them with."""
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    inverse = torch.where(factor == 0, 0, 1 / factor)  # a kernel times 0 is lost, and not needed
    layer.weight.mul_(inverse.view(-1, *[1] * (layer.weight.ndim - 1)))


def _layers_before_norms(net: Network, config: ClassifierConfig) -> dict[str, str]:
    """For each batch normalisation the name of the layer whose output it takes."""
    outputs: dict[int, tuple[str, Tensor]] = {}
    found: dict[str, str] = {}
    hooks = []
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):

            def note(_: nn.Module, __: Any, out: Tensor, name: str = name) -> None:
                outputs[id(out)] = name, out  # held, so that its id stays its own

            hooks.append(module.register_forward_hook(note))
        elif isinstance(module, BatchNorm):

            def look(_: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                if id(inputs[0]) in outputs:
                    found[name] = outputs[id(inputs[0])][0]

            hooks.append(module.register_forward_pre_hook(look))
    with torch.no_grad():
        net(torch.zeros(1, config.channels, config.input_size, config.input_size))
    for hook in hooks:
        hook.remove()
    return found


def _check(net: Network, classifier: OnnxClassifier, tolerance: float) -> None:
    """Raise ``ModelFileError`` if ``net`` answers otherwise than the file."""
    from mien.train.classification.classifier import torch_logits
    from mien.train.classification.export import made_up_crops

    crops = list(made_up_crops(4))
    expected = classifier.logits(crops)
    got = torch_logits(net, classifier.spec, crops)
    difference = float(np.abs(got - expected).max())
    allowed = tolerance * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:
        raise ModelFileError(
            f"{classifier.path} gives logits that differ by {difference:.2g} from those of the "
            f"network that its recipe describes: {INSTEAD}"
        )
