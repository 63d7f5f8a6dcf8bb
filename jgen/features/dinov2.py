"""Compute the class token of DINOv2's vision transformers, and read their published weights."""

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jgen.errors import UsageError
from jgen.features.weights_file import read_weights
from jgen.types import Array, PyTree

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Statistics of ImageNet's red, green and blue in [0, 1]."""
OFFSET = 0.1
"""What the published code adds to the number of patches when it interpolates the position embedding."""
SIZES: dict[str, dict[str, Any]] = {
    "s": {"dim": 384, "depth": 12, "num_heads": 6},
    "b": {"dim": 768, "depth": 12, "num_heads": 12},
    "l": {"dim": 1024, "depth": 24, "num_heads": 16},
    "g": {"dim": 1536, "depth": 40, "num_heads": 24, "swiglu": True},
}
"""Options of the four published networks."""
SOURCE = (
    "It is dinov2_vit{s,b,l,g}14_pretrain.pth of dl.fbaipublicfiles.com/dinov2, converted as the docstring "
    "of load_dinov2 shows"
)


class DINOv2(nn.Module):
    r"""Vision transformer of DINOv2 with patches of 14 x 14; its features are the class token.

    The tokens are a class token and one for each patch, plus a position embedding. Each block is
    :math:`t + \gamma_1 A(N_1(t))`, then :math:`t + \gamma_2 F(N_2(t))`, with layer norms N, attention A, and
    F a perceptron of four times the width, or a SwiGLU in the largest network. The output is the class token
    after the last layer norm. Products are of full float32 precision on every device.

    The embedding was trained for ``grid`` x ``grid`` patches (518 x 518 pixels). For another number of
    patches, n by m, it is interpolated by cubics (a = -0.75, the border repeated), patch i of n being read at

    .. math:: (i + 1/2)\, \frac{37}{n + 0.1} - 1/2;

    the 0.1 guarded the published code against rounding and stays, as the weights were published with it.

    Called with images ``x [batch, height, width, 3]``, red, green and blue in [0, 1], whose sides are
    multiples of the patch, it returns ``[batch, dim]``.

    Attributes:
        dim: Features of a token.
        depth: Number of blocks.
        num_heads: Heads of the attention.
        swiglu: Whether F is a SwiGLU, of two thirds of the width, rounded up to a multiple of 8.
        patch: Side of a patch in pixels.
        grid: Patches along each side in training.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> narrow, x = DINOv2(dim=8, depth=2, num_heads=2), jnp.ones((5, 28, 42, 3))
        >>> shapes = jax.eval_shape(narrow.init, jax.random.key(0), x)
        >>> jax.eval_shape(narrow.apply, shapes, x).shape
        (5, 8)

    Reference:
        Oquab et al. (2024), "DINOv2: learning robust visual features without supervision"; Stein et al.
        (2023), "Exposing flaws of generative model evaluation metrics and their unfair treatment of diffusion
        models", who compare models by these features.
    """

    dim: int
    depth: int
    num_heads: int
    swiglu: bool = False
    patch: int = 14
    grid: int = 37

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Compute the class token of a batch of images."""
        if (
            x.ndim != 4
            or x.shape[-1] != 3
            or x.shape[1] % self.patch
            or x.shape[2] % self.patch
            or not x.size
        ):
            raise ValueError(
                f"x has shape {x.shape}: give [batch, height, width, 3] with sides that are multiples of "
                f"{self.patch}"
            )
        mean, std = (jnp.asarray(value, x.dtype).reshape(1, 1, 1, 3) for value in (MEAN, STD))
        patches = nn.Conv(
            self.dim,
            (self.patch, self.patch),
            strides=self.patch,
            padding="VALID",
            precision=lax.Precision.HIGHEST,
            name="patch_embed.proj",
        )((x - mean) / std)  # [batch, row, column, dim]
        counts = (patches.shape[1], patches.shape[2])
        class_token = self.param("cls_token", nn.initializers.normal(1e-6), (1, 1, self.dim))
        places = self.param("pos_embed", nn.initializers.normal(0.02), (1, self.grid**2 + 1, self.dim))
        first = jnp.broadcast_to(class_token, (len(x), 1, self.dim))
        t = jnp.concatenate([first, patches.reshape(len(x), -1, self.dim)], 1)  # [batch, token, dim]
        t = t + interpolate_embedding(places, self.grid, counts)
        for block in range(self.depth):
            name = f"blocks.{block}"
            t = t + self._scaled(f"{name}.ls1", self._attention(name, self._norm(f"{name}.norm1", t)))
            t = t + self._scaled(f"{name}.ls2", self._feed_forward(name, self._norm(f"{name}.norm2", t)))
        return self._norm("norm", t[:, 0])

    def _norm(self, name: str, x: Array) -> Array:
        return nn.LayerNorm(epsilon=1e-6, use_fast_variance=False, name=name)(x)

    def _dense(self, name: str, x: Array, features: int) -> Array:
        return nn.Dense(features, precision=lax.Precision.HIGHEST, name=name)(x)

    def _scaled(self, name: str, x: Array) -> Array:
        return x * self.param(f"{name}.gamma", nn.initializers.ones, (self.dim,)).reshape(1, 1, -1)

    def _attention(self, name: str, t: Array) -> Array:
        heads = (*t.shape[:2], 3, self.num_heads, self.dim // self.num_heads)
        q, k, v = jnp.moveaxis(self._dense(f"{name}.attn.qkv", t, 3 * self.dim).reshape(heads), 2, 0)
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k, precision=lax.Precision.HIGHEST) / math.sqrt(heads[-1])
        mixed = jnp.einsum("bhqk,bkhd->bqhd", nn.softmax(scores), v, precision=lax.Precision.HIGHEST)
        return self._dense(f"{name}.attn.proj", mixed.reshape(t.shape), self.dim)

    def _feed_forward(self, name: str, t: Array) -> Array:
        if self.swiglu:
            width = (4 * self.dim * 2 // 3 + 7) // 8 * 8
            gate, value = jnp.split(self._dense(f"{name}.mlp.w12", t, 2 * width), 2, -1)
            return self._dense(f"{name}.mlp.w3", nn.silu(gate) * value, self.dim)
        hidden = nn.gelu(self._dense(f"{name}.mlp.fc1", t, 4 * self.dim), approximate=False)
        return self._dense(f"{name}.mlp.fc2", hidden, self.dim)


def interpolate_embedding(places: Array, grid: int, counts: tuple[int, int]) -> Array:
    """Return the position embedding of ``counts`` patches; the trained one, if that is their number.

    Args:
        places: The embedding ``[1, 1 + grid^2, dim]``, that of the class token first.
        grid: Patches along each side in training.
        counts: Patches in height and in width.

    Returns:
        The embedding ``[1, 1 + height * width, dim]``.
    """
    if counts == (grid, grid):
        return places
    rows, columns = (jnp.asarray(_cubic_weights(grid, count), places.dtype) for count in counts)
    table = places[0, 1:].reshape(grid, grid, -1)
    table = jnp.einsum("ir,jc,rcd->ijd", rows, columns, table, precision=lax.Precision.HIGHEST)
    return jnp.concatenate([places[:, :1], table.reshape(1, -1, places.shape[-1])], 1)


def _cubic_weights(grid: int, count: int) -> np.ndarray:
    """Return the weights ``[count, grid]`` of Keys's cubic interpolation, with a = -0.75."""
    place = (np.arange(count) + 0.5) * grid / (count + OFFSET) - 0.5
    weights = np.zeros((count, grid))
    for tap in range(-1, 3):
        source = np.floor(place).astype(int) + tap
        distance = np.abs(place - source)
        near = ((-0.75 + 2) * distance - (-0.75 + 3)) * distance**2 + 1
        far = -0.75 * (((distance - 5) * distance + 8) * distance - 4)
        np.add.at(weights, (np.arange(count), source.clip(0, grid - 1)), np.where(distance <= 1, near, far))
    return weights


def dinov2(size: str) -> DINOv2:
    """Return a published network: ``"s"``, ``"b"``, ``"l"`` or ``"g"``, of 22 to 1,136 million weights.

    Raises:
        UsageError: For another size.

    Example:
        >>> dinov2("l").dim
        1024
    """
    if size not in SIZES:
        raise UsageError(f"there is no DINOv2 of size {size!r}: take one of {', '.join(SIZES)}")
    return DINOv2(**SIZES[size])


def load_dinov2(module: DINOv2, path: str | Path, *, check_digest: bool = True) -> PyTree:
    """Read the published weights of DINOv2 as parameters of a ``DINOv2``.

    They are published as ``dinov2_vits14_pretrain.pth``, and likewise for b, l and g, below
    https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/, which jgen neither contains nor downloads. Convert
    a file once, where torch is installed::

        import torch, safetensors.torch
        weights = torch.load("dinov2_vits14_pretrain.pth", weights_only=True)
        weights = {name: array.contiguous() for name, array in weights.items()}
        safetensors.torch.save_file(weights, "dinov2_vits14.safetensors")

    Those with register tokens (``reg4``) are other networks. Tested are files of random weights under the
    published names; the published ones have not been read.

    Args:
        module: The network that takes the parameters, as ``dinov2("s")``.
        path: The ``.safetensors`` file.
        check_digest: Whether the file's SHA-256 must begin with the digits in its name, where the name ends
            in a dash and eight or more hexadecimal digits.

    Returns:
        Parameters, float32.

    Raises:
        UsageError: If safetensors is not installed, or the file is missing, damaged, or holds another
            network; the message lists the arrays that do not fit.

    Example:
        >>> load_dinov2(dinov2("s"), "dinov2.safetensors")
        Traceback (most recent call last):
        jgen.errors.UsageError: cannot read dinov2.safetensors: No such file or directory. It is
        dinov2_vit{s,b,l,g}14_pretrain.pth of dl.fbaipublicfiles.com/dinov2, converted as the docstring of
        load_dinov2 shows
    """
    params = shapes_of(module)
    places = dict(_published(params))
    arrays = read_weights(
        path,
        {name: tuple(leaf.shape[axis] for axis in order) for name, (leaf, order) in places.items()},
        network="this DINOv2",
        source=SOURCE,
        ignored="mask_token",  # of training
        check_digest=check_digest,
    )
    leaves = [
        jnp.asarray(arrays[name], jnp.float32).transpose(np.argsort(order))
        for name, (_, order) in places.items()
    ]
    return jax.tree.unflatten(jax.tree.structure(params), leaves)


@functools.cache
def shapes_of(module: DINOv2) -> dict[str, Any]:
    """Return the parameters of a ``DINOv2`` as ``jax.ShapeDtypeStruct``s, computing none."""
    images = jax.ShapeDtypeStruct((1, module.patch, module.patch, 3), jnp.float32)
    params: dict[str, Any] = jax.eval_shape(module.init, jax.random.key(0), images)["params"]
    return params


ORDERS = {"kernel": {2: (1, 0), 4: (3, 2, 0, 1)}}
"""Order of the axes in the published arrays, by part and rank; others have ours."""
PARTS = {"kernel": "weight", "scale": "weight", "bias": "bias"}
"""Published names of the parts of a layer."""


def _published(params: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, tuple[int, ...]]]]:
    """List the published name of each leaf, the leaf, and the order of its axes there."""
    for path, leaf in jax.tree.leaves_with_path(params):
        layer, *part = (key.key for key in path)
        name = ".".join([layer, *(PARTS[key] for key in part)])
        order = ORDERS.get(part[0], {}) if part else {}
        yield name, (leaf, order.get(leaf.ndim, tuple(range(leaf.ndim))))
