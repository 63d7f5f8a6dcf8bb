"""What the samplers of this room share: a tunable state, a preconditioner, one accept step."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpyro.distributions import Distribution

from jgen.targets.base import Trait
from jgen.threefry import two_uniforms
from jgen.together import anywhere
from jgen.types import Array, Draws, Key, LogDensity, Machine, PyTree, Sampler

T = TypeVar("T")

BEYOND_LOCAL_MOVES = frozenset({Trait.DISCRETE, Trait.MULTIMODAL, Trait.STIFF, Trait.HEAVY_TAILED})
"""The traits of targets that a kernel of small continuous moves does not claim."""

MAX_ENERGY_ERROR = 1000.0
"""A trajectory whose energy error passes this many nats is called divergent (Stan's rule)."""


class Tuning(NamedTuple):
    """What warm-up may learn; every adaptable state carries it under the name ``tuning``.

    Attributes:
        step_size: Step size ``[]``.
        inverse_mass_factor: L with ``L Lᵀ = M⁻¹``: ``[dim]`` where M is diagonal, else lower
            triangular ``[dim, dim]``.
    """

    step_size: Array
    inverse_mass_factor: Array


class ChainState(NamedTuple):
    """Where a chain that follows gradients stands.

    Attributes:
        position: Any pytree of floats.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``.
        tuning: What warm-up may learn.
    """

    position: PyTree
    log_density: Array
    gradient: Array
    tuning: Tuning


class Recipe(NamedTuple):
    """How a sampler is aimed at a target it has never seen, for tests and benchmarks.

    Attributes:
        sampler: Aimed, with options that suit most targets.
        target_acceptance: What warm-up should aim at; None where there is nothing to tune.
        biased_variance: For a biased sampler, the exact variance of its draws on a standard Gaussian ``[]``;
            None where it is not known.
        reversible: Whether a Markov kernel satisfies detailed balance on positions, the same at every draw.
    """

    sampler: Sampler
    target_acceptance: float | None
    biased_variance: Array | float | None = None
    reversible: bool = True


def flatten(log_density: LogDensity, position: PyTree) -> tuple[Array, LogDensity, Callable[[Array], PyTree]]:
    """The position as a vector ``[dim]``, the log density of such a vector, and the way back."""
    flat, unravel = ravel_pytree(position)
    return flat, lambda x: log_density(unravel(x)), unravel


def push(factor: Array, noise: Array) -> Array:
    """``L n``: white noise (or white momentum) to a velocity ``[dim]``."""
    return factor * noise if factor.ndim == 1 else factor @ noise


def pull(factor: Array, gradient: Array) -> Array:
    """``Lᵀ g``: a gradient to a force on the white momentum ``[dim]``."""
    return factor * gradient if factor.ndim == 1 else factor.T @ gradient


def check_position(log_density: LogDensity, position: PyTree | None, sampler: str) -> None:
    """Refuses, while tracing, a start or a density that no kernel of this room can use."""
    if position is None:
        raise ValueError(
            f"{sampler} starts from a position and got None; pass sample(..., position=...) "
            "with a leading chain axis on every array"
        )
    for leaf in jax.tree.leaves(position):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise TypeError(f"{sampler} moves floats; the position holds {jnp.result_type(leaf)}: convert it")
    check_scalar(log_density, position)


def check_unbatched(source: Any, role: str) -> None:
    """Refuses a batch of distributions: a draw is one event."""
    batch_shape = getattr(source, "batch_shape", ())
    if batch_shape != ():
        raise ValueError(
            f"the {role} must be one distribution; got a batch of shape {batch_shape}: make the batch part "
            "of the event with .to_event(), or vmap over samplers"
        )


def check_proposal(log_density: LogDensity, proposal: Distribution) -> None:
    """Refuses a batched proposal, and a log density that does not take one of its draws to a scalar."""
    check_unbatched(proposal, "proposal")
    draw = jax.eval_shape(proposal.sample, jax.random.key(0))
    check_scalar(log_density, draw)


def check_scalar(log_density: LogDensity, position: PyTree) -> None:
    """Refuses a log density that does not take one position to a scalar."""
    shape = getattr(jax.eval_shape(log_density, position), "shape", None)
    if shape != ():
        raise TypeError(
            f"the log density of ONE position must be a scalar; it returned shape {shape}: sum over the "
            "event axes, and leave chains to the driver"
        )


def no_state(key: Key, position: PyTree | None) -> tuple[()]:
    """``init`` of samplers whose draws carry nothing from one to the next."""
    del key, position
    return ()


def turn_until_done(machine: Machine, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """The ``step`` of a machine: turns until it is done.

    Chains that are vmapped over go through their stages together. What is the same in all of them, such as
    the turns since a stage began, stays one number then.
    """
    work = machine.begin(key, state)

    def advance(work: PyTree) -> PyTree:
        return machine.advance(state, work)

    if (settle := machine.settle) is None:
        work = jax.lax.while_loop(lambda work: ~work.done, advance, work)
    else:

        def stage(work: PyTree) -> PyTree:
            return settle(jax.lax.while_loop(lambda work: anywhere(~work.ripe), advance, work))

        work = jax.lax.while_loop(lambda work: anywhere(~work.done), stage, work)
    return machine.finish(state, work)


def make_tuning(step_size: Array, inverse_mass_matrix: Array | None, flat: Array) -> Tuning:
    """The tuning a chain starts with.

    Args:
        step_size: Step size ``[]``.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        flat: The ravelled position ``[dim]``, for its size and dtype.

    Raises:
        ValueError: If the matrix does not fit the position.
    """
    (dim,) = flat.shape
    if inverse_mass_matrix is None:
        factor = jnp.ones_like(flat)
    else:
        matrix = jnp.asarray(inverse_mass_matrix, flat.dtype)
        if matrix.shape not in ((dim,), (dim, dim)):
            raise ValueError(
                f"inverse_mass_matrix has shape {matrix.shape}; a position of {dim} numbers takes "
                f"({dim},) for a diagonal or ({dim}, {dim}) for a dense one"
            )
        factor = jnp.sqrt(matrix) if matrix.ndim == 1 else jnp.linalg.cholesky(matrix)
    return Tuning(jnp.asarray(step_size, flat.dtype), factor)


def gradient_init(
    log_density: LogDensity, step_size: Array, inverse_mass_matrix: Array | None, key: Key, position: PyTree
) -> ChainState:
    """``init`` of every kernel that follows a gradient; spends one gradient."""
    del key
    check_position(log_density, position, "a gradient sampler")
    flat, density, _ = flatten(log_density, position)
    value, gradient = jax.value_and_grad(density)(flat)
    return ChainState(position, value, gradient, make_tuning(step_size, inverse_mass_matrix, flat))


def checked_metric(inverse_mass_matrix: Array | None) -> Array | None:
    """The matrix, after refusing a concrete one that is no covariance."""
    if inverse_mass_matrix is None or isinstance(inverse_mass_matrix, jax.core.Tracer):
        return inverse_mass_matrix
    matrix = np.asarray(inverse_mass_matrix)
    if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] and np.isfinite(matrix).all():
        # Rounding of the entries may break symmetry, and definiteness, by this much.
        rounding = 8 * len(matrix) * np.finfo(np.float32).eps * np.abs(matrix).max()
        valid = np.abs(matrix - matrix.T).max() <= rounding and np.linalg.eigvalsh(matrix).min() > 0
    else:
        valid = bool(np.all((matrix > 0) & np.isfinite(matrix))) or matrix.ndim > 2
    if not valid:
        raise ValueError(
            "inverse_mass_matrix must be variances, all positive, or a covariance, symmetric and positive "
            f"definite; got {matrix}"
        )
    return jnp.asarray(inverse_mass_matrix, float)


def log_uniform(uniform: Array) -> Array:
    """Log of a uniform on (0, 1], from one on [0, 1): a draw of exactly 0 must not accept everything."""
    return jnp.log(1.0 - uniform)  # exact: the uniform is a multiple of eps


def noise_and_coin(key: Key, like: Array) -> tuple[Array, Array]:
    """All the chance of a proposal and its decision, each random bit used.

    A cheap density costs no more than its chance does: a split key would take two blocks of threefry more,
    and ``jax.random.normal`` takes a block for each number where here a block makes two.

    Args:
        key: Any key; it is spent.
        like: A vector ``[dim]``.

    Returns:
        White noise ``[dim]``, and the log of a uniform on (0, 1) for ``decide`` ``[]``.
    """
    some, others = two_uniforms(key, ((like.size + 2) // 2,), like.dtype)
    half_a_step = jnp.finfo(like.dtype).eps / 2  # from multiples of eps to odd ones of eps / 2: never 0 or 1
    uniforms = jnp.concatenate([some, others])[: like.size + 1] + half_a_step
    return math.sqrt(2) * jax.lax.erf_inv(2 * uniforms[:-1] - 1), jnp.log(uniforms[-1])


def accept(key: Key, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """One Metropolis decision that survives NaN and +inf, which both count as refusals.

    Args:
        key: Decides.
        log_ratio: Log of the acceptance ratio ``[]``.
        proposed: State to move to.
        current: State to stay in.

    Returns:
        The state, the acceptance probability ``[]`` and whether it moved ``[]``.
    """
    return decide(log_uniform(jax.random.uniform(key, dtype=log_ratio.dtype)), log_ratio, proposed, current)


def decide(coin: Array, log_ratio: Array, proposed: T, current: T) -> tuple[T, Array, Array]:
    """``accept``, by the log of a uniform that is there already."""
    log_ratio = jnp.where(log_ratio < jnp.inf, log_ratio, -jnp.inf)
    accepted = coin < log_ratio

    def choose(new: Array, old: Array) -> Array:
        return old if new is old else jnp.where(accepted, new, old)

    state = jax.tree.map(choose, proposed, current)
    return state, jnp.exp(jnp.minimum(log_ratio, 0.0)), accepted
