"""Sample a log-concave density on the line by adaptive rejection."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen._internal.validation import is_traced
from jgen.samplers.accept import evaluations, log_uniform
from jgen.samplers.input_checks import check_scalar
from jgen.samplers.recipe import Recipe
from jgen.samplers.tangent_hull import Hull, add_tangent, checked_hull, contradicts, quantile, segments
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target, Trait

REAL_LINE = (-float("inf"), float("inf"))


class HullState(NamedTuple):
    """State of a chain: its hull of tangents.

    Attributes:
        hull: Tangents, one at each rejected proposal.
        is_invalid: Whether the density was found not to be log-concave, or never had a hull ``[]``.
    """

    hull: Hull
    is_invalid: Array


def adaptive_rejection(
    log_density: LogDensity,
    knots: Any,
    *,
    support: tuple[float | Array, float | Array] = REAL_LINE,
    max_knots: int = 32,
) -> Sampler:
    r"""Reject from an envelope of tangents, which is refined at each rejected proposal.

    A concave log density h lies below each of its tangents, so their minimum u is an envelope, and
    :math:`e^u` is piecewise exponential. One proposal a step:

    .. math:: x \sim e^{u(x)} / M, \quad w = M \cdot 1\{\log v < h(x) - u(x)\}, \quad E[w \mid u] = Z.

    A rejected proposal becomes a knot of the next hull, while there is room. Given the hull that proposed it,
    an accepted draw is exact, so accepted draws are independent; and every weight is unbiased for Z given the
    steps before, however the hull depends on them. The error of log Z is that of a proportion of rejections:
    it needs some tens of them.

    A first hull far above the density would reject nearly all, and weight the rest by its large M; it
    is refined when the sampler is made, in the middles of its heaviest segments, until it is half full.

    A density that is not log-concave raises when the sampler is made, if the first hull or four quantiles of
    each of its segments show it. Otherwise, from the first proposal that shows it on, ``not_log_concave`` is
    flagged and log-weights are NaN, and so are all results computed from them.

    Args:
        log_density: Scalar position ``[]`` -> unnormalised log density ``[]``, in nats, differentiable;
            bind data by ``Partial``.
        knots: Where the first tangents touch ``[knot]``, on both sides of the mode if the support is
            unbounded. Those at which the density or its slope is not finite are left out.
        support: Ends of the interval of all probability; the density is not evaluated outside.
        max_knots: Capacity of the hull; structural, another number compiles another program.

    Returns:
        A weighted sampler; it needs no starting position, and a draw costs one gradient. The gradients
        used when it is made, some six times ``max_knots``, are not counted.

    Raises:
        ValueError: If the support is empty, the knots are outside or too many, the first hull cannot be
            normalised, or the log density is found not to be concave.
        TypeError: If the log density of a scalar is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * x**2
        >>> sampler = adaptive_rejection(log_density, [-1.0, 1.0])
        >>> run = sample(jax.random.key(0), sampler, num_chains=100, num_draws=100)
        >>> bool(run.draws.info["accepted"].mean() > 0.95)
        True
        >>> bool(abs(jnp.log(jnp.exp(run.draws.log_weight).mean()) - 0.919) < 0.05)
        True

    Reference:
        Gilks and Wild (1992), "Adaptive rejection sampling for Gibbs sampling", Applied Statistics 41(2).
    """
    log_density = as_partial(log_density)
    knots, ends = jnp.asarray(knots, float), jnp.stack([jnp.asarray(end, float) for end in support])
    if knots.ndim != 1 or not 1 <= knots.size <= max_knots:
        raise ValueError(
            f"knots must be [knot], between 1 and max_knots={max_knots} of them; got {knots.shape}"
        )
    check_scalar(log_density, jax.ShapeDtypeStruct((), knots.dtype))
    if not is_traced(knots + ends[0]):
        check_knots(np.asarray(knots), np.asarray(ends))
    hull, log_mass = checked_hull(log_density, knots, ends, max_knots)
    init = Partial(adaptive_rejection_init, hull, ~jnp.isfinite(log_mass))
    return Sampler(init, Partial(adaptive_rejection_step, log_density, ends))


def adaptive_rejection_init(hull: Hull, is_invalid: Array, key: Key, position: PyTree | None) -> HullState:
    """Start from the first hull; costs nothing and needs no position."""
    del key, position
    return HullState(hull, is_invalid)


def adaptive_rejection_step(
    log_density: LogDensity, ends: Array, key: Key, state: HullState
) -> tuple[HullState, Draws]:
    """Make one proposal; costs one gradient."""
    segment_key, uniform_key, accept_key = jax.random.split(key, 3)
    hull, dtype = state.hull, state.hull.x.dtype
    parts = segments(hull, ends)
    log_mass = jax.nn.logsumexp(parts.log_mass)
    index = jax.random.categorical(segment_key, parts.log_mass - parts.log_mass.max())
    x, envelope = quantile(hull, parts, index, jax.random.uniform(uniform_key, dtype=dtype))
    x = jnp.where(state.is_invalid, hull.x[0], x)
    lp, slope = jax.value_and_grad(log_density)(x)
    invalid = ~(lp < jnp.inf)
    is_invalid = state.is_invalid | contradicts(hull, x, lp, slope)
    uniform = jax.random.uniform(accept_key, dtype=dtype)
    accepted = ~(invalid | is_invalid) & (log_uniform(uniform) < lp - envelope)
    hull = select_tree(accepted, hull, add_tangent(hull, x, lp, slope))
    info = {
        "accepted": accepted,
        "invalid": invalid,
        "not_log_concave": is_invalid,
        "knots": hull.num_used,
        "lp": lp,
        **evaluations(1),
    }
    log_weight = jnp.where(accepted, log_mass, -jnp.inf)
    log_weight = jnp.where(is_invalid, jnp.nan, log_weight)
    return HullState(hull, is_invalid), Draws(x, info, log_weight, DrawKind.WEIGHTED, COUNTS)


def check_knots(knots: np.ndarray, ends: np.ndarray) -> None:
    """Check that concrete ends are in order and that concrete knots lie between them."""
    if not ends[0] < ends[1]:
        raise ValueError(f"support must be (low, high) with low < high; got ({ends[0]}, {ends[1]})")
    if not ((ends[0] <= knots) & (knots <= ends[1]) & np.isfinite(knots)).all():
        raise ValueError(f"knots must be finite and inside the support ({ends[0]}, {ends[1]}); got {knots}")


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any log-concave target on the line, from knots around its mean."""
    del scale
    if Trait.LOG_CONCAVE not in target.traits or target.mean is None or target.variance is None:
        return None
    if jnp.shape(target.start) != ():
        return None
    support = getattr(target.proposal, "support", None)
    low, high = getattr(support, "lower_bound", -jnp.inf), getattr(support, "upper_bound", jnp.inf)
    mean, sd = target.mean[0], jnp.sqrt(target.variance[0])
    knots = mean + sd * jnp.array([-2.0, -0.5, 0.5, 2.0])
    inside = jnp.clip(knots, mean - 0.9 * (mean - low), mean + 0.9 * (high - mean))
    return Recipe(adaptive_rejection(target.log_density, inside, support=(low, high)), None)
