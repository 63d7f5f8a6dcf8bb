"""Adapting the step size, and a mass matrix that is diagonal but for a few directions."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import register_dataclass

from jgen._internal.binding import bind_static
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_count
from jgen.sampling.adaptation.growing_windows import (
    MassMatrixEstimator,
    Moments,
    add_rows,
    fisher_scale,
    in_windows,
    no_moments,
)
from jgen.sampling.adaptation.tuning import diagonal, gradients_of, positions_of
from jgen.types import Adaptation, Array, PyTree

CUTOFF = 2.0
"""A direction is kept where its variance, or the inverse, passes this: less is not worth its noise."""

RIDGE = 1e-5
"""Added to the variances of scaled draws and gradients: a direction with none has one after all."""


@register_dataclass
@dataclass(frozen=True)
class LowRankFactor:
    r"""The matrix :math:`A (I + U (S - I) U^\top) B`, with A, B and S diagonal; it multiplies in O(dim rank).

    To the kernels it is a factor L of the inverse mass matrix like any other: they ask for ``L @ n`` and
    ``L.T @ g``.

    Attributes:
        left: Diagonal of A ``[dim]``.
        right: Diagonal of B ``[dim]``.
        vectors: U, orthonormal columns ``[dim, rank]``.
        stretch: Diagonal of S ``[rank]``.
    """

    left: Array
    right: Array
    vectors: Array
    stretch: Array

    @property
    def ndim(self) -> int:
        """Two axes, as a matrix has."""
        return 2

    @property
    def T(self) -> "LowRankFactor":  # noqa: N802  (as arrays have it)
        """The transpose."""
        return LowRankFactor(self.right, self.left, self.vectors, self.stretch)

    def __matmul__(self, vector: Array) -> Array:
        """The product with a vector ``[dim]``."""
        vector = self.right * vector
        along = (self.stretch - 1.0) * (self.vectors.T @ vector)  # [rank]
        return self.left * (vector + self.vectors @ along)


class Rows(NamedTuple):
    """Every ``stride``-th of all rows offered so far, as many as there is room for."""

    positions: Array  # [room, dim]
    gradients: Array  # [room, dim]
    num_offered: Array  # []
    stride: Array  # []


class Seen(NamedTuple):
    """What a window has seen: the moments of all positions and gradients, and some of the rows."""

    positions: Moments
    gradients: Moments
    rows: Rows


def low_rank(target_acceptance: float | Array = 0.8, *, rank: int = 10, num_rows: int = 256) -> Adaptation:
    r"""The windows of ``window``, with a metric for a few long or short directions in many dimensions.

    .. math:: M^{-1} = L L^\top, \qquad L = D^{1/2} \bigl(I + U (\Lambda^{1/2} - I) U^\top\bigr)

    D is the diagonal of ``fisher``. In coordinates scaled by it, with :math:`C_x` and :math:`C_g` the
    covariances of draws and of gradients in the span of the first principal directions of both, the metric
    is their mean :math:`\Sigma`, the solution of :math:`\Sigma\, C_g\, \Sigma = C_x`, which minimises the
    Fisher divergence there. :math:`\Lambda` and U are its eigenvalues farthest from 1, and their directions.
    On a normal :math:`C_g = \Sigma^{-1} C_x \Sigma^{-1}`: where the span holds all that is long or short, the
    answer is exact whatever the draws.

    It multiplies in O(dim rank) where a dense metric takes O(dim^2), and remembers ``num_rows`` draws, evenly
    thinned over the window and over the chains.

    Args:
        target_acceptance: What the mean acceptance rate is to become, in (0, 1).
        rank: Directions at most; structural, another number compiles anew.
        num_rows: Draws remembered in a window, at least twice the rank; structural.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of samplers that keep a gradient.

    Raises:
        ValueError: If the target is not inside (0, 1), the rank is not positive, or there are too few rows.
        TypeError: While tracing, if the sampler keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):  # of sd 1, but for their sum
        ...     return -0.5 * jnp.sum(x**2) - 0.5 * 99.0 * jnp.sum(x) ** 2 / 20
        >>> run = sample(
        ...     jax.random.key(0), hmc(log_density, step_size=0.1), num_draws=10, num_chains=8,
        ...     num_warmup=150, adaptation=low_rank(rank=1), position=jnp.ones((8, 20)),
        ... )
        >>> factor = jax.tree.map(lambda leaf: leaf[0], run.state.states.tuning.inverse_mass_factor)
        >>> direction = jnp.ones(20) / jnp.sqrt(20.0)
        >>> round(float(direction @ (factor @ (factor.T @ direction))), 2)  # truth: a hundredth
        0.01

    Reference:
        Seyboldt, Carlson and Carpenter (2026), "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher
        divergence", arXiv 2603.18845; nutpie.
    """
    check_count("rank", rank)
    if num_rows < 2 * rank:
        raise ValueError(f"num_rows must be at least twice the rank; got {num_rows} rows and rank {rank}")
    return in_windows(
        target_acceptance,
        MassMatrixEstimator(
            bind_static(begin, rank=rank), bind_static(reset, num_rows=num_rows), update, estimate
        ),
    )


def begin(factor: PyTree, *, rank: int) -> LowRankFactor:
    """The diagonal of the factor the chains have, and no direction yet."""
    scale = diagonal(factor)
    return unstretched(scale, jnp.eye(scale.size, min(rank, scale.size), dtype=scale.dtype))


def unstretched(scale: Array, vectors: Array) -> LowRankFactor:
    """A diagonal factor, in this form."""
    return LowRankFactor(scale, jnp.ones_like(scale), vectors, jnp.ones_like(vectors[0]))


def reset(factor: LowRankFactor, *, num_rows: int) -> Seen:
    """Nothing seen yet."""
    moments = no_moments(factor.left)
    room = jnp.zeros((num_rows, factor.left.size), factor.left.dtype)
    return Seen(moments, moments, Rows(room, room, jnp.int32(0), jnp.int32(1)))


def update(seen: Seen, states: PyTree) -> Seen:
    """Positions and gradients of all chains."""
    positions, gradients = positions_of(states), gradients_of(states)
    return Seen(
        add_rows(seen.positions, positions),
        add_rows(seen.gradients, gradients),
        offer(seen.rows, positions, gradients),
    )


def offer(rows: Rows, positions: Array, gradients: Array) -> Rows:
    """Offers the rows of one step; where room runs out, every second kept one makes way."""
    room = len(rows.positions)
    offered = min(len(positions), room)

    def halve(rows: Rows) -> Rows:
        def thinned(kept: Array) -> Array:
            return jnp.concatenate([kept[::2], jnp.zeros_like(kept[1::2])])

        return Rows(thinned(rows.positions), thinned(rows.gradients), rows.num_offered, 2 * rows.stride)

    rows = jax.lax.while_loop(lambda rows: rows.num_offered + offered > room * rows.stride, halve, rows)
    number = rows.num_offered + jnp.arange(offered)
    slot = jnp.where(number % rows.stride == 0, number // rows.stride, room)  # beyond the room: dropped
    # A stride that is a multiple of the number of chains would keep one chain only, were it always first.
    first = (rows.num_offered // offered).astype(jnp.uint32) * jnp.uint32(2654435769) >> 8
    chain = (first + jnp.arange(offered, dtype=jnp.uint32)) % len(positions)
    return Rows(
        rows.positions.at[slot].set(positions[chain], mode="drop"),
        rows.gradients.at[slot].set(gradients[chain], mode="drop"),
        rows.num_offered + offered,
        rows.stride,
    )


def estimate(seen: Seen, old: LowRankFactor) -> LowRankFactor:
    """The diagonal of all draws, and the directions of those remembered."""
    scale = fisher_scale(seen.positions, seen.gradients, old.left)
    num_kept = -(-seen.rows.num_offered // seen.rows.stride)
    kept = (jnp.arange(len(seen.rows.positions)) < num_kept)[:, None] / jnp.sqrt(jnp.maximum(num_kept, 1.0))
    with jax.default_matmul_precision("highest"):
        draws = kept * (seen.rows.positions - seen.positions.mean[None]) / scale[None]
        gradients = kept * (seen.rows.gradients - seen.gradients.mean[None]) * scale[None]
        factor = stretched(scale, draws, gradients, old.stretch.size)
    usable = jnp.all(jnp.isfinite(factor.vectors)) & jnp.all(jnp.isfinite(factor.stretch))
    plain = unstretched(scale, old.vectors)
    return select_tree(usable, factor, plain)


def stretched(scale: Array, draws: Array, gradients: Array, rank: int) -> LowRankFactor:
    """The factor from scaled rows ``[row, dim]``, whose squares sum to the covariances."""
    directions = [jnp.linalg.svd(rows, full_matrices=False)[2][:rank].T for rows in (draws, gradients)]
    basis, _ = jnp.linalg.qr(jnp.concatenate(directions, axis=1))  # [dim, 2 * rank, or dim if that is less]
    ridge = RIDGE * jnp.eye(basis.shape[1], dtype=basis.dtype)
    of_draws, of_gradients = ((rows @ basis).T @ (rows @ basis) + ridge for rows in (draws, gradients))
    root, inverse_root = symmetric_power(of_gradients, 0.5), symmetric_power(of_gradients, -0.5)
    mean = inverse_root @ symmetric_power(root @ of_draws @ root, 0.5) @ inverse_root
    variances, axes = jnp.linalg.eigh(mean)
    farthest = jnp.argsort(-jnp.abs(jnp.log(variances)))[:rank]
    variances = variances[farthest]
    counts = jnp.abs(jnp.log(variances)) > jnp.log(CUTOFF)
    return LowRankFactor(
        scale,
        jnp.ones_like(scale),
        basis @ axes[:, farthest],
        jnp.where(counts, jnp.sqrt(variances), 1.0),
    )


def symmetric_power(matrix: Array, exponent: float) -> Array:
    """A power of a symmetric, positive definite matrix."""
    values, vectors = jnp.linalg.eigh(matrix)
    return (vectors * values[None] ** exponent) @ vectors.T
