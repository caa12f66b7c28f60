"""3×3 convolutions of a trained network as chains of low rank, fitted to what they see.

Zhang et al. (2015), "Accelerating very deep convolutional networks for classification and
detection": the channels that a convolution gives out lie close to a plane of few dimensions, which
is found on real pictures. Here the channels that it takes in are reduced the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mien.train.classification.models.low_rank import Ranks, convolution3

STEP = 16
"""Ranks are multiples of it: so many float32 values fill the widest registers of a CPU."""
COARSE = 0.3
"""Two ranks that are tried differ by at least this share."""
CHUNK = 128
"""Pictures that go through the network at once."""


@dataclass(slots=True)
class Moments:
    """What a convolution with I channels in and O out has seen, over pictures and places."""

    inputs: Tensor
    """(I, I) float64 means of the products of two channels."""
    mean: Tensor
    """(O,) float64 means of the channels given out."""
    outputs: Tensor
    """(O, O) float64 covariance of the channels given out."""
    places: tuple[int, int]
    """Pixels of a map taken in, and of one given out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One convolution, factored alone."""

    ranks: Ranks
    macs: int
    """Multiply-adds for a picture."""
    divergence: float
    """Mean KL divergence of the network's answers from the original's, in nats."""


@torch.no_grad()
def measure_moments(net: nn.Module, convolutions: Sequence[nn.Conv2d], x: Tensor) -> list[Moments]:
    """The moments of each convolution while ``net`` answers (N, C, S, S) pictures."""
    sums: dict[nn.Conv2d, list[Tensor]] = {}
    places: dict[nn.Conv2d, tuple[int, int]] = {}

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        taken, given = (t.transpose(0, 1).flatten(1) for t in (inputs[0], output))  # (C, N · H · W)
        places[layer] = inputs[0][0, 0].numel(), output[0, 0].numel()
        n, m = taken.shape[1], given.shape[1]
        new = [taken @ taken.T / n, given.mean(1), given @ given.T / m]
        new = [len(inputs[0]) * value.double() for value in new]
        before = sums.get(layer)
        sums[layer] = new if before is None else [a + b for a, b in zip(before, new, strict=True)]

    hooks = [layer.register_forward_hook(add) for layer in convolutions]
    for part in torch.split(x, CHUNK):
        net(part)
    for hook in hooks:
        hook.remove()
    found = []
    for layer in convolutions:
        inputs, mean, products = (value / len(x) for value in sums[layer])
        found.append(Moments(inputs, mean, products - torch.outer(mean, mean), places[layer]))
    return found


@torch.no_grad()
def factored(layer: nn.Conv2d, moments: Moments, ranks: Ranks) -> nn.Module:
    """``layer`` as the chain of these ranks that differs least from it on what it has seen.

    The channels given out are projected on their principal components, the mean kept. Those taken
    in are projected so that the 3×3 convolution's answers change least, its nine taps counted as
    independent.
    """
    outputs, inputs = layer.weight.shape[:2]
    chain = convolution3(inputs, outputs, layer.stride[0], layer.bias is not None, ranks)
    kernel = layer.weight.double()  # (O, I, 3, 3)
    bias = torch.zeros(outputs) if layer.bias is None else layer.bias
    taken, given = ranks
    state = {}
    if given:
        basis = torch.linalg.eigh(moments.outputs).eigenvectors[:, -given:]  # (O, given)
        kernel = torch.einsum("og,oihw->gihw", basis, kernel)
        state["expand.weight"] = basis[:, :, None, None]
        state["expand.bias"] = moments.mean + basis @ (basis.T @ (bias.double() - moments.mean))
    elif layer.bias is not None:
        state["spatial.bias"] = bias
    if taken:
        flat = kernel.transpose(0, 1).flatten(1)  # (I, given · 9)
        metric = _root(flat @ flat.T)  # (I, I): how much each direction of the input matters
        kept = torch.linalg.eigh(metric @ moments.inputs @ metric).eigenvectors[:, -taken:]
        restore = torch.linalg.pinv(metric, hermitian=True) @ kept  # (I, taken)
        kernel = torch.einsum("it,gihw->gthw", restore, kernel)
        state["reduce.weight"] = (kept.T @ metric)[:, :, None, None]
    state["spatial.weight"] = kernel
    chain.load_state_dict({name: value.float() for name, value in state.items()})
    return chain


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root


def ranks_to_try(layer: nn.Conv2d) -> Iterator[Ranks]:
    """Ranks from 16 to half the channels, with and without the reduction of the input."""
    outputs, inputs = layer.weight.shape[:2]
    last = 0.0
    for rank in range(STEP, min(inputs, outputs) // 2 + 1, STEP):
        if rank >= last * (1 + COARSE):
            yield (0, rank)
            yield (rank, rank)
            last = rank


def chain_macs(layer: nn.Conv2d, places: tuple[int, int], ranks: Ranks) -> int:
    """Multiply-adds of ``layer`` as a chain of these ranks, for one picture."""
    outputs, inputs = layer.weight.shape[:2]
    taken, given = ranks
    macs = places[1] * 9 * (taken or inputs) * (given or outputs)
    return macs + places[0] * inputs * taken + places[1] * given * outputs


def cheapest(choices: Sequence[Sequence[Choice]], budget: float) -> list[Choice] | None:
    """For each convolution the choice that together cost ``budget`` multiply-adds at most.

    Those of the smallest sum of divergences, up to the steps of one exchange rate between the two
    (a Lagrange multiplier). ``None`` if even the fewest multiply-adds exceed the budget.
    """

    def at(rate: float) -> list[Choice]:
        return [min(each, key=lambda c: c.divergence + rate * c.macs) for each in choices]

    fewest = [min(each, key=lambda c: c.macs) for each in choices]
    if sum(choice.macs for choice in fewest) > budget:
        return None
    low, high, best = 1e-16, 1.0, fewest  # nats for one multiply-add
    for _ in range(60):
        rate = (low * high) ** 0.5
        chosen = at(rate)
        if sum(choice.macs for choice in chosen) > budget:
            low = rate
        else:
            best, high = chosen, rate
    return best


@torch.no_grad()
def divergence(original: Tensor, logits: Tensor) -> float:
    """Mean KL divergence, in nats, of (N, K) logits from those of the original network."""
    log_p, log_q = original.log_softmax(1), logits.log_softmax(1)
    return float((log_p.exp() * (log_p - log_q)).sum(1).mean())


@torch.no_grad()
def in_parts(steps: Sequence[Callable[[Tensor], Tensor]], x: Tensor) -> Tensor:
    """What ``steps``, one after the other, make of ``x``, some pictures at a time."""
    done = []
    for part in torch.split(x, CHUNK):
        for step in steps:
            part = step(part)
        done.append(part)
    return torch.cat(done)
