"""Define draws of ``jgen.targets.ring_of_modes``, eight Gaussians on a circle."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import tensorflow_datasets as tfds

from jgen._internal.fixed_hash import uniform
from jgen.data.builder import Base
from jgen.targets.ring_of_modes import ring_of_modes
from jgen.types import Array

MODES, RADIUS, SCALE = 8, 3.0, 0.3
SIZES = {"train": 4096, "validation": 1024, "test": 1024}
GRID = 2.0**20
"""Coordinates are multiples of its inverse: the last bit of a machine's sine does not change them."""


class Builder(Base):
    """Builder of independent draws: a mode, then two normals around its mean by Box and Muller.

    6,144 draws x of an equal mixture of 8 Gaussians of standard deviation 0.3 whose means lie on a circle of
    radius 3; label is the mode, at the angle (1 + label) / 8 of a turn.
    """

    bundled = True
    columns = ("x0", "x1")
    homepage = "https://arxiv.org/abs/1611.02163"
    citation = "After L. Metz et al., Unrolled Generative Adversarial Networks, ICLR 2017."

    def features(self) -> Mapping[str, Any]:
        """Return ``x`` ``[2]`` and ``label``, the mode that it was drawn from."""
        return {
            "x": tfds.features.Tensor(shape=(2,), dtype=np.float32, doc="coordinates"),
            "label": tfds.features.ClassLabel(num_classes=MODES),
        }

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        draws = {split: _draws(size, stream) for stream, (split, size) in enumerate(SIZES.items())}
        return {split: self._generate_examples(arrays) for split, arrays in draws.items()}


def log_prob(x: Array) -> Array:
    """Compute the exact log-density of rows, in nats.

    Args:
        x: ``[row, 2]``.

    Returns:
        ``[row]``.

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(log_prob(jnp.array([[3.0, 0.0]]))[0]), 4)  # -log(8 * 2 pi 0.3^2) at a mode
        -1.5094
    """
    return jax.vmap(ring_of_modes(MODES, RADIUS, SCALE).log_density)(x)


def _draws(count: int, stream: int) -> dict[str, np.ndarray]:
    """Transform uniforms ``[row, 3]`` into draws ``[row, 2]`` and their modes."""
    uniforms = uniform(np.arange(count * 3), stream).reshape(count, 3)
    label = np.floor(MODES * uniforms[:, 0]).astype(int)  # [row]
    length, turn = np.sqrt(-2 * np.log(uniforms[:, 1])), 2 * np.pi * uniforms[:, 2]
    angle = 2 * np.pi * (1 + label) / MODES
    x = RADIUS * np.stack([np.cos(angle), np.sin(angle)], 1)
    x += SCALE * (length * np.stack([np.cos(turn), np.sin(turn)])).T
    return {"x": (np.round(GRID * x) / GRID).astype(np.float32), "label": label}
