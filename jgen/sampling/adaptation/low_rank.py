"""Adapt the step size, and a mass matrix that is diagonal plus low rank."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import register_dataclass

from jgen._internal.binding import bind_static
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_count
from jgen.sampling.adaptation.growing_windows import FisherMoments, windowed
from jgen.sampling.adaptation.tuning import diagonal, gradients_of, positions_of
from jgen.types import Adaptation, Array, PyTree

CUTOFF = 2.0
"""Least variance, or inverse variance, of a direction that is used; below it the estimate is noise."""

RIDGE = 1e-5
"""Added to the variances of scaled draws and gradients, so that none is zero."""


@register_dataclass
@dataclass(frozen=True)
class LowRankFactor:
    r"""Matrix :math:`A (I + U (S - I) U^\top) B`, with A, B and S diagonal; it multiplies in O(dim rank).

    Kernels use it as any factor L of the inverse mass matrix, by ``L @ n`` and ``L.T @ g``.

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
        """Number of axes, as of a matrix."""
        return 2

    @property
    def T(self) -> "LowRankFactor":  # noqa: N802  (as arrays have it)
        """Transpose."""
        return LowRankFactor(self.right, self.left, self.vectors, self.stretch)

    def __matmul__(self, vector: Array) -> Array:
        """Multiply with a vector ``[dim]``."""
        vector = self.right * vector
        along = (self.stretch - 1.0) * (self.vectors.T @ vector)  # [rank]
        return self.left * (vector + self.vectors @ along)


class Rows(NamedTuple):
    """Thinned rows: every ``stride``-th of all rows added, as many as fit."""

    positions: Array  # [room, dim]
    gradients: Array  # [room, dim]
    num_added: Array  # []
    stride: Array  # []


class WindowMoments(NamedTuple):
    """Moments of all positions and gradients of a window, and some of the rows."""

    all_rows: FisherMoments
    rows: Rows


def low_rank(target_acceptance: float | Array = 0.88, *, rank: int = 10, num_rows: int = 256) -> Adaptation:
    r"""Adapt a mass matrix for a few long or short directions in many dimensions, in windows.

    .. math:: M^{-1} = L L^\top, \qquad L = D^{1/2} \bigl(I + U (\Lambda^{1/2} - I) U^\top\bigr)

    D is the diagonal of ``fisher``. In coordinates scaled by it, with :math:`C_x` and :math:`C_g` the
    covariances of draws and of gradients in the span of the first principal directions of both, let
    :math:`\Sigma` solve :math:`\Sigma\, C_g\, \Sigma = C_x`: the geometric mean of :math:`C_x` and
    :math:`C_g^{-1}`, which minimises the Fisher divergence there. :math:`\Lambda` and U are its eigenvalues
    farthest from 1, and their directions. On a normal :math:`C_g = \Sigma^{-1} C_x \Sigma^{-1}`: where the
    span has all long and short directions, the answer is exact for any draws.

    It multiplies in O(dim rank) where a dense matrix takes O(dim^2), and stores ``num_rows`` draws, evenly
    thinned over the window and over the chains.

    Args:
        target_acceptance: Target of the mean acceptance rate, in (0, 1); by default that of ``window``.
        rank: Number of directions, at most; structural: another number compiles again.
        num_rows: Number of draws stored in a window, at least twice the rank; structural.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of samplers that keep a gradient.

    Raises:
        ValueError: If the target is not inside (0, 1), the rank is not positive, or there are too few rows.
        TypeError: While tracing, if the sampler keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
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
    init, empty = bind_static(init_factor, rank=rank), bind_static(reset, num_rows=num_rows)
    return windowed(target_acceptance, init, empty, update, estimate)


def init_factor(factor: PyTree, *, rank: int) -> LowRankFactor:
    """Return the diagonal of the present factor of the chains, without directions."""
    scale = diagonal(factor)
    return diagonal_factor(scale, jnp.eye(scale.size, min(rank, scale.size), dtype=scale.dtype))


def diagonal_factor(scale: Array, vectors: Array) -> LowRankFactor:
    """Return a diagonal factor in this form."""
    return LowRankFactor(scale, jnp.ones_like(scale), vectors, jnp.ones_like(vectors[0]))


def reset(factor: LowRankFactor, *, num_rows: int) -> WindowMoments:
    """Return empty moments."""
    room = jnp.zeros((num_rows, factor.left.size), factor.left.dtype)
    return WindowMoments(FisherMoments.empty(factor.left), Rows(room, room, jnp.int32(0), jnp.int32(1)))


def update(moments: WindowMoments, states: PyTree) -> WindowMoments:
    """Add positions and gradients of all chains."""
    rows = add_rows(moments.rows, positions_of(states), gradients_of(states))
    return WindowMoments(moments.all_rows.add(states), rows)


def add_rows(rows: Rows, positions: Array, gradients: Array) -> Rows:
    """Add every ``stride``-th row; when the array is full, drop every second row and double the stride."""
    room = len(rows.positions)
    added = min(len(positions), room)

    def halve(rows: Rows) -> Rows:
        first, second = (jnp.concatenate([kept[::2], jnp.zeros_like(kept[1::2])]) for kept in rows[:2])
        return Rows(first, second, rows.num_added, 2 * rows.stride)

    rows = jax.lax.while_loop(lambda rows: rows.num_added + added > room * rows.stride, halve, rows)
    number = rows.num_added + jnp.arange(added)
    slot = jnp.where(number % rows.stride == 0, number // rows.stride, room)  # beyond the room: dropped
    # A stride that is a multiple of the number of chains would keep one chain only, were it always first.
    first = (rows.num_added // added).astype(jnp.uint32) * jnp.uint32(2654435769) >> 8
    chain = (first + jnp.arange(added, dtype=jnp.uint32)) % len(positions)
    positions = rows.positions.at[slot].set(positions[chain], mode="drop")
    gradients = rows.gradients.at[slot].set(gradients[chain], mode="drop")
    return Rows(positions, gradients, rows.num_added + added, rows.stride)


def estimate(moments: WindowMoments, old: LowRankFactor) -> LowRankFactor:
    """Estimate the diagonal from all draws, and the directions from those stored."""
    all_rows, rows = moments
    scale = all_rows.scale(old.left)
    num_kept = -(-rows.num_added // rows.stride)
    kept = (jnp.arange(len(rows.positions)) < num_kept)[:, None] / jnp.sqrt(jnp.maximum(num_kept, 1.0))
    with jax.default_matmul_precision("highest"):
        draws = kept * (rows.positions - all_rows.positions.mean[None]) / scale[None]
        gradients = kept * (rows.gradients - all_rows.gradients.mean[None]) * scale[None]
        factor = fit_factor(scale, draws, gradients, old.stretch.size)
    usable = jnp.all(jnp.isfinite(factor.vectors)) & jnp.all(jnp.isfinite(factor.stretch))
    return select_tree(usable, factor, diagonal_factor(scale, old.vectors))


def fit_factor(scale: Array, draws: Array, gradients: Array, rank: int) -> LowRankFactor:
    """Compute the factor from scaled rows ``[row, dim]``, whose squares sum to the covariances."""
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
    stretch = jnp.where(counts, jnp.sqrt(variances), 1.0)
    return LowRankFactor(scale, jnp.ones_like(scale), basis @ axes[:, farthest], stretch)


def symmetric_power(matrix: Array, exponent: float) -> Array:
    """Compute a power of a symmetric, positive definite matrix."""
    values, vectors = jnp.linalg.eigh(matrix)
    return (vectors * values[None] ** exponent) @ vectors.T
