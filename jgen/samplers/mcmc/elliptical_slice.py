"""Elliptical slice sampling, written as a machine whose every turn costs one log likelihood."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution, Normal

from jgen._internal.binding import as_partial
from jgen._internal.threefry import turn_uniforms
from jgen._internal.trees import select_tree
from jgen.distributions.gaussian_algebra import gaussian_parameters
from jgen.samplers.accept import log_uniform
from jgen.samplers.input_checks import check_position, check_unbatched
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target

MAX_TURNS = 100
"""A bracket halves at a turn, or nearly: long before this many it is narrower than any float."""


class EllipseState(NamedTuple):
    """Where a chain stands.

    Attributes:
        position: An event of the prior.
        log_density: The log likelihood at the position ``[]``: the density relative to the prior's.
    """

    position: Array
    log_density: Array


class Ellipse(NamedTuple):
    """An ellipse through the position, and the part of it that is left."""

    key: Key
    partner: Array  # [*event] the point of the ellipse a quarter turn on
    threshold: Array  # [] log likelihood to reach
    low: Array  # [] the bracket, which holds the angle 0 of the position
    high: Array  # []
    angle: Array  # [] to be tried next
    reached: EllipseState
    num_log_densities: Array  # []
    stuck: Array  # []
    done: Array  # []


def elliptical_slice(log_likelihood: LogDensity, prior: Distribution) -> Sampler:
    r"""Moves on an ellipse that a Gaussian prior does not tell apart, to a point of enough likelihood.

    For a density :math:`N(x; m, S)\, \ell(x)`: draw :math:`\nu \sim N(m, S)` and a threshold
    :math:`u\,\ell(x)`, :math:`u \sim U(0, 1)`; the points

    .. math:: x(\theta) = m + (x - m) \cos\theta + (\nu - m) \sin\theta

    are tried at angles from a bracket of a full turn, which shrinks towards 0, where x itself is, at
    each point below the threshold. There is nothing to tune, no gradient and no refusal. It mixes where
    the likelihood says little beside the prior. For a density without a Gaussian factor take any
    Gaussian like it as the prior and divide by it.

    It is a ``StateMachine``, ``init``, ``step`` (one log likelihood) and ``finalize``, so that any loop can
    drive it.

    Args:
        log_likelihood: Position -> log likelihood ``[]``, in nats; bind data by ``Partial``.
        prior: A Gaussian without batch axes: ``jgen.distributions.gaussian``, or NumPyro's ``Normal``,
            also ``.to_event()``, or ``MultivariateNormal``.

    Returns:
        A Markov sampler. A NaN log likelihood counts as none.

    Raises:
        ValueError: If the prior is batched, or a chain starts at a position of another shape than its events.
        TypeError: If it is no Gaussian that jgen knows.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.distributions import gaussian
        >>> from jgen.sampling.driver import sample
        >>> def log_likelihood(x):  # of one observation 1.5 of x[0], with unit noise
        ...     return -0.5 * (x[0] - 1.5) ** 2
        >>> sampler = elliptical_slice(log_likelihood, gaussian(jnp.zeros(2), scale=1.0))
        >>> run = sample(jax.random.key(0), sampler, num_draws=200, num_chains=9, position=jnp.zeros((9, 2)))
        >>> bool(abs(run.draws.value[..., 0].mean() - 0.75) < 0.1)
        True

    Reference:
        Murray, Adams and MacKay (2010), "Elliptical slice sampling", AISTATS, arXiv 1001.0175.
    """
    check_unbatched(prior, "prior")
    try:
        gaussian_parameters(prior)
    except TypeError as error:
        raise TypeError(
            f"elliptical_slice needs a Gaussian prior, Normal or MultivariateNormal; got "
            f"{type(prior).__name__}: take a Gaussian like it, and divide your density by that one"
        ) from error
    log_likelihood = as_partial(log_likelihood)
    machine = StateMachine(
        Partial(init_work, prior), Partial(step_work, log_likelihood, prior), Partial(finalize, prior)
    )
    return Sampler(Partial(elliptical_slice_init, log_likelihood, prior), Partial(run_to_completion, machine))


def elliptical_slice_init(
    log_likelihood: LogDensity, prior: Distribution, key: Key, position: Array
) -> EllipseState:
    """Spends one log likelihood."""
    del key
    check_position(log_likelihood, position, "elliptical_slice")
    if jnp.shape(position) != prior.event_shape:
        raise ValueError(
            f"elliptical_slice moves events of its prior, of shape {prior.event_shape}; the position of a "
            f"chain has shape {jnp.shape(position)}"
        )
    return EllipseState(position, log_likelihood(position))


def init_work(prior: Distribution, key: Key, state: EllipseState) -> Ellipse:
    """A new ellipse, a threshold, and a first angle anywhere on it."""
    prior_key, threshold_key, angle_key, key = jax.random.split(key, 4)
    kind = state.log_density.dtype
    threshold = state.log_density + log_uniform(jax.random.uniform(threshold_key, dtype=kind))
    high = 2 * jnp.pi * jax.random.uniform(angle_key, dtype=kind)
    return Ellipse(
        key=key,
        partner=prior.sample(prior_key).astype(state.position.dtype),
        threshold=threshold,
        low=high - 2 * jnp.pi,
        high=high,
        angle=high,
        reached=state,
        num_log_densities=jnp.int32(0),
        stuck=jnp.bool(False),
        done=jnp.bool(False),
    )


def step_work(
    log_likelihood: LogDensity, prior: Distribution, state: EllipseState, ellipse: Ellipse
) -> Ellipse:
    """Tries one angle; below the threshold, the bracket shrinks to it."""
    mean = gaussian_parameters(prior)[0].astype(state.position.dtype)
    angle = ellipse.angle.astype(state.position.dtype)
    x = mean + (state.position - mean) * jnp.cos(angle) + (ellipse.partner - mean) * jnp.sin(angle)
    value = log_likelihood(x)
    enough = (value >= ellipse.threshold) & (value < jnp.inf)
    is_below = ellipse.angle < 0
    low = jnp.where(is_below, ellipse.angle, ellipse.low)
    high = jnp.where(is_below, ellipse.high, ellipse.angle)
    _, uniform, _ = turn_uniforms(ellipse.key, ellipse.num_log_densities, ellipse.angle.dtype)
    num_log_densities = ellipse.num_log_densities + 1
    stuck = ~enough & (num_log_densities == MAX_TURNS)
    reached = select_tree(enough, EllipseState(x, value), state)
    return ellipse._replace(
        low=low,
        high=high,
        angle=low + (high - low) * uniform,
        reached=reached,
        num_log_densities=num_log_densities,
        stuck=stuck,
        done=enough | stuck,
    )


def finalize(prior: Distribution, state: EllipseState, ellipse: Ellipse) -> tuple[EllipseState, Draws]:
    """The point reached; the position itself where the bracket shrank to nothing."""
    del state
    reached = ellipse.reached
    info = {
        "lp": reached.log_density + prior.log_prob(reached.position),
        "n_steps": ellipse.num_log_densities,
        "stuck": ellipse.stuck,
        "num_grads": jnp.int32(0),
        "num_log_densities": ellipse.num_log_densities,
    }
    return reached, Draws(reached.position, info, None, DrawKind.MARKOV)


def relative_density(log_density: LogDensity, prior: Distribution, position: Array) -> Array:
    """Any log density as a log likelihood: what it has beyond the prior."""
    return log_density(position) - prior.log_prob(position)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Any connected target on vectors, against a Gaussian of its own mean and twice its deviations."""
    del scale
    is_vector = getattr(target.start, "ndim", None) == 1
    if target.traits & BEYOND_LOCAL_MOVES or target.mean is None or target.variance is None or not is_vector:
        return None
    prior = Normal(target.mean, 2 * jnp.sqrt(target.variance)).to_event(1)
    return Recipe(elliptical_slice(Partial(relative_density, target.log_density, prior), prior), None)
