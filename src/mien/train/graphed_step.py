"""``GraphedStep``: a training step that a GPU repeats from a CUDA graph, without Python in between.

A step of a small network launches many hundreds of kernels, and launching them from Python takes
longer than running them. A graph holds them all and is launched at once. The first batches of each
kind run as they are, which also lets cuDNN choose its kernels and the optimiser make its state; the
next one is captured, and from then on the graph is replayed on new inputs. (PyTorch's notes, "CUDA
semantics", section "CUDA Graphs", whole-network capture.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Generator, Tensor

WARM_UP = 3
"""Batches of a kind that run as they are; PyTorch's notes ask for a few."""

StepResult = tuple[Tensor, dict[str, Tensor]]
"""The loss, and detached measures."""


class Graphable(Protocol):
    """A batch whose work depends on nothing but its kind and the values in its tensors."""

    @property
    def kind(self) -> Hashable:
        """What decides which kernels run: shapes and branches."""
        ...

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The inputs; of one kind they always have the same shapes."""
        ...

    def with_tensors(self, *tensors: Tensor) -> Self:
        """The same batch with other inputs."""
        ...


B = TypeVar("B", bound=Graphable)


class _Recorded(NamedTuple):
    graph: Any
    inputs: tuple[Tensor, ...]
    """Where the graph reads; held, because it knows only their addresses."""
    result: StepResult
    """Where the graph writes."""


class GraphedStep(Generic[B]):
    """``step`` for batches on a GPU: called with a batch, it does and returns the same.

    The result is overwritten by the next batch of the same kind. ``generators`` are those that the
    step draws from, besides PyTorch's own: each replay draws anew, and the numbers that ``step``
    itself would draw. What ``step`` does in Python besides launching kernels is not repeated.
    """

    def __init__(self, step: Callable[[B], StepResult], generators: Sequence[Generator]) -> None:
        self._step, self._generators = step, generators
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()  # the graphs run in turns and share memory
        self._seen: Counter[Hashable] = Counter()
        self._recorded: dict[Hashable, _Recorded] = {}

    def __call__(self, batch: B) -> StepResult:
        """Run the step on ``batch``; returns its loss and measures."""
        kind = batch.kind
        if kind not in self._recorded:
            self._seen[kind] += 1
            if self._seen[kind] <= WARM_UP:
                return self._run_aside(batch)
            self._recorded[kind] = self._record(batch)
        recorded = self._recorded[kind]
        for held, new in zip(recorded.inputs, batch.tensors, strict=True):
            held.copy_(new)
        recorded.graph.replay()
        return recorded.result

    def _run_aside(self, batch: B) -> StepResult:
        """Run the step on the stream that captures, so that its libraries are set up there."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            result = self._step(batch)
        torch.cuda.current_stream().wait_stream(self._stream)
        return result

    def _record(self, batch: B) -> _Recorded:
        """Capture the step, which runs nothing yet."""
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        inputs = tuple(tensor.clone() for tensor in batch.tensors)
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            result = self._step(batch.with_tensors(*inputs))
        return _Recorded(graph, inputs, result)
