"""Batched augmentation on the training device: warp, pixel changes, erasing.

All random numbers come from the generator that the caller seeds, so an epoch is reproducible. No
shape and no branch depends on them, so a CUDA graph can repeat the same work with new ones.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from mien.train.classification.config import ClassifierConfig


def uniform(n: int, low: float, high: float, generator: Generator) -> Tensor:
    """(n,) uniform draws from [low, high) on the generator's device."""
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def augment(
    crops: Tensor,
    out_side: int,
    config: ClassifierConfig,
    generator: Generator,
    weak: bool = False,
    sharp: bool = False,
) -> Tensor:
    """Augment (N, C, R, R) crops in [0, 1] into (N, C, out_side, out_side) views in [0, 1].

    ``weak``: half the geometric strength and no erasing, as in a recipe's last epochs.
    ``sharp``: C more channels come after these, the same views before ``degrade``; what is erased
    has the mean of both.
    ``mien.train.classification.mixing``, which also needs the labels, is a step of its own.
    """
    x = warp(crops, out_side, config, generator, strength=0.5 if weak else 1.0)
    x = intensity(x, config, generator)
    seen = degrade(x, config, generator)
    if sharp:
        seen = torch.cat([seen, x], 1)  # so that both are erased and mixed in the same places
    return seen if weak else erase(seen, config, generator)


def warp(
    crops: Tensor,
    out_side: int,
    config: ClassifierConfig,
    generator: Generator,
    strength: float = 1.0,
) -> Tensor:
    """Flip, turn, zoom, shear, crop and shift (N, C, R, R) crops into views of ``out_side``.

    Without augmentation the view is the centre that ``mien.preprocess.network_input.normalise``
    cuts, resized to ``out_side``. All steps are one bilinear sampling, so a picture is blurred only
    once.
    """
    n, _, side, _ = crops.shape
    angle = uniform(n, -1, 1, generator) * math.radians(config.rotation * strength)
    zoom = 1 + uniform(n, -1, 1, generator) * config.scale * strength
    move = torch.rand(n, 2, generator=generator, device=generator.device) * 2 - 1
    mirror = torch.rand(n, generator=generator, device=generator.device) < 0.5
    reach = config.input_size / config.resize / zoom  # share of the crop that the view spans
    cos, sin = torch.cos(angle) * reach, torch.sin(angle) * reach
    sign = torch.where(mirror & config.flip, -1.0, 1.0)
    theta = torch.stack([sign * cos, -sin, sign * sin, cos], 1).view(n, 2, 2)
    shift = move * (2 * config.shift * strength / side)
    if config.shear:
        slant = torch.tan(uniform(n, -1, 1, generator) * math.radians(config.shear * strength))
        ones, zeros = torch.ones_like(slant), torch.zeros_like(slant)
        theta = theta @ torch.stack([ones, slant, zeros, ones], 1).view(n, 2, 2)
    if config.crop:
        part = 1 - uniform(n, 0, 1, generator) * config.crop * strength  # of the view's side
        place = torch.rand(n, 2, generator=generator, device=generator.device) * 2 - 1
        room = (reach * (1 - part))[:, None]
        theta, shift = theta * part.view(n, 1, 1), shift + place * room
    grid = F.affine_grid(
        torch.cat([theta, shift[..., None]], 2), [n, 1, out_side, out_side], align_corners=False
    )
    return F.grid_sample(crops, grid, padding_mode="border", align_corners=False)


def intensity(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Vary brightness and contrast of (N, C, S, S) pictures; values stay in [0, 1]."""
    if not (config.brightness or config.contrast):
        return x
    n = len(x)
    gain = 1 + uniform(n, -1, 1, generator).view(n, 1, 1, 1) * config.contrast
    add = uniform(n, -1, 1, generator).view(n, 1, 1, 1) * config.brightness
    mean = x.mean((1, 2, 3), keepdim=True)
    return ((x - mean) * gain + mean + add).clamp(0, 1)


def degrade(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Blur, downscale and add noise, but for a share ``config.sharp_share`` of (N, C, S, S)."""
    seen = downscale(blur(x, config, generator), config, generator)
    seen = noise(seen, config, generator)
    if not config.sharp_share:
        return seen
    kept = uniform(len(x), 0, 1, generator) < config.sharp_share
    return torch.where(kept.view(-1, 1, 1, 1), x, seen)


def blur(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Blur (N, C, S, S) pictures by Gaussians with standard deviations up to ``config.blur``."""
    if not config.blur:
        return x
    n, channels, side, _ = x.shape
    sigma = uniform(n, 0, config.blur, generator).clamp(min=1e-3)
    reach = min(max(1, math.ceil(3 * config.blur)), side - 1)
    at = torch.arange(-reach, reach + 1, device=x.device)
    kernel = torch.exp(-0.5 * (at / sigma[:, None]) ** 2)  # (N, 2 · reach + 1)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    flat = x.reshape(1, n * channels, side, side)  # one group for each picture and channel
    flat = F.pad(flat, (reach, reach, reach, reach), mode="reflect")
    flat = F.conv2d(flat, kernel[:, None, :, None], groups=n * channels)
    flat = F.conv2d(flat, kernel[:, None, None, :], groups=n * channels)
    return flat.view(n, channels, side, side)


def downscale(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Shrink (N, C, S, S) pictures by factors from 1 to ``config.downscale``, and enlarge them.

    By area to a whole number of pixels, then bilinearly: OpenCV's INTER_AREA and INTER_LINEAR.
    Both are linear, so a picture gets one matrix for its rows and its columns.
    """
    if config.downscale == 1:
        return x
    n, _, side, _ = x.shape
    factor = uniform(n, 1, config.downscale, generator)
    cells = (side / factor).round().clamp(min=1).view(n, 1, 1)  # pixels of the small picture
    width = side / cells
    at = torch.arange(side, device=x.device)
    left = at[:, None] * width  # (N, S, 1): of each cell; those past the last one stay unused
    overlap = torch.minimum(left + width, at + 1) - torch.maximum(left, at)
    shrink = overlap.clamp(min=0) / width  # (N, cell, pixel)
    centre = torch.minimum(((at[:, None] + 0.5) / width - 0.5).clamp(min=0), cells - 1)
    enlarge = (1 - (centre - at).abs()).clamp(min=0)  # (N, pixel, cell)
    both = (enlarge @ shrink)[:, None]  # (N, 1, S, S)
    return (both @ x @ both.mT).clamp(0, 1)


def noise(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Add Gaussian noise of standard deviations up to ``config.noise``; values stay in [0, 1]."""
    if not config.noise:
        return x
    deviation = uniform(len(x), 0, config.noise, generator).view(-1, 1, 1, 1)
    grain = torch.randn(x.shape, generator=generator, device=generator.device)
    return (x + grain * deviation).clamp(0, 1)


def erase(x: Tensor, config: ClassifierConfig, generator: Generator) -> Tensor:
    """Fill a rectangle with the picture's mean, in a share ``config.erasing`` of the pictures."""
    if not config.erasing:
        return x
    n, side = len(x), x.shape[-1]
    chosen = uniform(n, 0, 1, generator) < config.erasing
    area = uniform(n, 0.02, 0.20, generator)
    aspect = uniform(n, math.log(0.5), math.log(2), generator).exp()
    height = (area * aspect).sqrt().view(n, 1) * side
    width = (area / aspect).sqrt().view(n, 1) * side
    top = uniform(n, 0, 1, generator).view(n, 1) * (side - height)
    left = uniform(n, 0, 1, generator).view(n, 1) * (side - width)
    at = torch.arange(side, device=x.device) + 0.5
    rows = (at >= top) & (at < top + height)  # (N, S)
    columns = (at >= left) & (at < left + width)
    mask = (rows[:, :, None] & columns[:, None, :])[:, None] & chosen.view(n, 1, 1, 1)
    return torch.where(mask, x.mean((1, 2, 3), keepdim=True), x)
