"""Sample by elliptical slice sampling, as a state machine with one log likelihood per step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution, Normal

from jgen._internal.binding import as_partial
from jgen._internal.threefry import step_uniforms
from jgen._internal.trees import select_tree
from jgen.distributions.gaussian_algebra import gaussian_parameters
from jgen.samplers.accept import evaluations, log_uniform, markov_draw
from jgen.samplers.input_checks import check_position, check_unbatched
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import DensityState
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target

MAX_STEPS = 100
"""Steps a draw; each nearly halves the bracket, which is narrower than any float long before this many."""


class Ellipse(NamedTuple):
    """Ellipse through the position, and the bracket of angles that remains."""

    key: Key
    partner: Array  # [*event] the point of the ellipse at an angle of pi / 2
    level: Array  # [] least log likelihood, minus that of the position
    low: Array  # [] the bracket, which contains 0, the angle of the position
    high: Array  # []
    angle: Array  # [] of the next point
    accepted: DensityState
    num_log_densities: Array  # []
    stuck: Array  # []
    done: Array  # []


def elliptical_slice(log_likelihood: LogDensity, prior: Distribution) -> Sampler:
    r"""Move along an ellipse of constant prior density to a point of sufficient likelihood.

    For a density :math:`N(x; m, S)\, \ell(x)`: draw :math:`\nu \sim N(m, S)` and a threshold
    :math:`u\,\ell(x)`, :math:`u \sim U(0, 1)`; the points

    .. math:: x(\theta) = m + (x - m) \cos\theta + (\nu - m) \sin\theta

    are proposed at angles from a bracket of a full turn, which shrinks towards 0, the angle of x itself, at
    each point below the threshold. There is nothing to tune, no gradient and no rejection. It mixes well
    where the likelihood is weak compared to the prior. For a density without a Gaussian factor take a similar
    Gaussian as the prior and divide by it.

    The step is a ``StateMachine`` with one log likelihood per transition.

    Args:
        log_likelihood: Position -> log likelihood ``[]``, in nats; bind data by ``Partial``.
        prior: A Gaussian without batch axes: ``jgen.distributions.gaussian``, or NumPyro's ``Normal``,
            also ``.to_event()``, or ``MultivariateNormal``.

    Returns:
        A Markov sampler. A NaN log likelihood counts as -inf.

    Raises:
        ValueError: If the prior is batched, or a chain starts at a position of another shape than its events.
        TypeError: If the prior is no Gaussian that jgen supports.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.distributions import gaussian
        >>> from jgen.sampling import sample
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
            f"{type(prior).__name__}: take a similar Gaussian, and divide your density by it"
        ) from error
    log_likelihood = as_partial(log_likelihood)
    init = Partial(elliptical_slice_init, log_likelihood, prior)
    step = Partial(step_work, log_likelihood, prior)
    machine = StateMachine(Partial(init_work, prior), step, Partial(finalize, prior))
    return Sampler(init, Partial(run_to_completion, machine))


def elliptical_slice_init(
    log_likelihood: LogDensity, prior: Distribution, key: Key, position: Array
) -> DensityState:
    """Check the position; costs one log likelihood."""
    del key
    check_position(log_likelihood, position, "elliptical_slice")
    if jnp.shape(position) != prior.event_shape:
        raise ValueError(
            f"elliptical_slice moves events of its prior, of shape {prior.event_shape}; the position of a "
            f"chain has shape {jnp.shape(position)}"
        )
    return DensityState(position, log_likelihood(position))


def init_work(prior: Distribution, key: Key, state: DensityState) -> Ellipse:
    """Draw an ellipse, a level, and a first angle."""
    prior_key, level_key, angle_key, key = jax.random.split(key, 4)
    dtype = state.log_density.dtype
    level = log_uniform(jax.random.uniform(level_key, dtype=dtype))
    high = 2 * jnp.pi * jax.random.uniform(angle_key, dtype=dtype)
    return Ellipse(
        key=key,
        partner=prior.sample(prior_key).astype(state.position.dtype),
        level=level,
        low=high - 2 * jnp.pi,
        high=high,
        angle=high,
        accepted=state,
        num_log_densities=jnp.int32(0),
        stuck=jnp.bool(False),
        done=jnp.bool(False),
    )


def step_work(
    log_likelihood: LogDensity, prior: Distribution, state: DensityState, ellipse: Ellipse
) -> Ellipse:
    """Evaluate the point at one angle; below the level, the bracket shrinks to it."""
    mean = gaussian_parameters(prior)[0].astype(state.position.dtype)
    angle = ellipse.angle.astype(state.position.dtype)
    x = mean + (state.position - mean) * jnp.cos(angle) + (ellipse.partner - mean) * jnp.sin(angle)
    value = log_likelihood(x)
    enough = (value - state.log_density >= ellipse.level) & (value < jnp.inf)
    is_below = ellipse.angle < 0
    low = jnp.where(is_below, ellipse.angle, ellipse.low)
    high = jnp.where(is_below, ellipse.high, ellipse.angle)
    _, uniform, _ = step_uniforms(ellipse.key, ellipse.num_log_densities, ellipse.angle.dtype)
    num_log_densities = ellipse.num_log_densities + 1
    stuck = ~enough & (num_log_densities == MAX_STEPS)
    accepted = select_tree(enough, DensityState(x, value), state)
    return ellipse._replace(
        low=low,
        high=high,
        angle=low + (high - low) * uniform,
        accepted=accepted,
        num_log_densities=num_log_densities,
        stuck=stuck,
        done=enough | stuck,
    )


def finalize(prior: Distribution, state: DensityState, ellipse: Ellipse) -> tuple[DensityState, Draws]:
    """Return the accepted point; the position itself where the bracket shrank to nothing."""
    del state
    accepted = ellipse.accepted
    info = {
        "lp": accepted.log_density + prior.log_prob(accepted.position),
        "n_steps": ellipse.num_log_densities,
        "stuck": ellipse.stuck,
        **evaluations(num_log_densities=ellipse.num_log_densities),
    }
    return accepted, markov_draw(accepted, info, "num_grads")


def relative_density(log_density: LogDensity, prior: Distribution, position: Array) -> Array:
    """Return a log density relative to the prior, as a log likelihood."""
    return log_density(position) - prior.log_prob(position)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for a connected target on vectors; the prior has twice its standard deviations."""
    del scale
    is_vector = getattr(target.start, "ndim", None) == 1
    if target.traits & BEYOND_LOCAL_MOVES or target.mean is None or target.variance is None or not is_vector:
        return None
    prior = Normal(target.mean, 2 * jnp.sqrt(target.variance)).to_event(1)
    return Recipe(elliptical_slice(Partial(relative_density, target.log_density, prior), prior), None)
