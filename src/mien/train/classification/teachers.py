"""The teachers of a recipe: finished runs that a student is distilled from (Hinton et al. 2015)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from mien.errors import ConfigError
from mien.specs.classifier import ModelSpec
from mien.train.classification.classifier import load_classifier_run
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.base import Network
from mien.train.classification.spec import input_sides, input_spec


class Teachers:
    """One or several frozen networks that answer as one, with the mean of their probabilities.

    On a GPU that supports bf16 they compute in it, on a CPU with ``bf16``. With ``flip`` each
    answers the mirror image too, which counts as much.
    """

    def __init__(
        self,
        nets: Sequence[Network],
        device: torch.device,
        flip: bool = False,
        bf16: bool = False,
    ) -> None:
        self.nets = [net.to(device).to(memory_format=torch.channels_last) for net in nets]
        self.flip = flip
        self._device = device.type
        self._bf16 = torch.cuda.is_bf16_supported() if device.type == "cuda" else bf16
        if self._bf16:
            round_once(self.nets)

    @torch.no_grad()
    def log_probabilities(self, x: Tensor, temperature: float) -> Tensor:
        """(N, K) logarithms of the probabilities for (N, C, S, S) views, at this temperature."""
        context: AbstractContextManager[object] = nullcontext()
        if self._bf16:
            context = torch.autocast(self._device, torch.bfloat16)
        with context:
            views = torch.cat([x, x.flip(3)]) if self.flip else x
            logits = [answer for net in self.nets for answer in net(views).split(len(x))]
        answers = [torch.log_softmax(answer.float() / temperature, 1) for answer in logits]
        if len(answers) == 1:
            return answers[0]
        return torch.logsumexp(torch.stack(answers), 0) - math.log(len(answers))


def round_once(nets: Sequence[nn.Module]) -> None:
    """Store kernels and matrices as bf16, which autocast would make of them in every step."""
    for net in nets:
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.to(torch.bfloat16)


def load_teachers(config: ClassifierConfig, spec: ModelSpec) -> list[Network]:
    """The frozen networks of the recipe's teachers, on the CPU; empty if it names none.

    Raises ``ConfigError`` for a teacher of other labels or another input than ``spec``.
    """
    config.check_teacher()
    return [_load(teacher, config, spec) for teacher in config.teachers]


def _load(run: str, config: ClassifierConfig, spec: ModelSpec) -> Network:
    teacher, its_config, state = load_classifier_run(run)
    if tuple(state["labels"]) != spec.labels:
        raise ConfigError(
            f"the teacher {run} has the labels {', '.join(state['labels'])}, the data "
            f"set {', '.join(spec.labels)}: both must have the same labels in the same order"
        )
    its_spec = input_spec(its_config, spec.labels)
    for fact in ("channels", "mean", "std"):
        if getattr(its_spec, fact) != getattr(spec, fact):
            raise ConfigError(
                f"the teacher {run} was trained with {fact} {getattr(its_spec, fact)}, "
                f"the recipe has {getattr(spec, fact)}: both must see the same input"
            )
    teacher.requires_grad_(False)
    for side in input_sides(config):
        try:
            teacher(torch.zeros(1, config.channels, side, side))
        except (RuntimeError, AssertionError):  # the second one of timm
            size = its_spec.input_size
            raise ConfigError(
                f"the teacher {run} takes only {size}×{size} pixels, and the recipe "
                f"shows it {side}×{side}: set input_size and size_schedule to what both can see"
            ) from None
    return teacher
