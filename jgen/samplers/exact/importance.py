"""Sample by importance sampling."""

import jax.numpy as jnp
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen.distributions.parameters import log_prob_of
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.samplers.state import stateless
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


def importance(log_density: LogDensity, proposal: Distribution) -> Sampler:
    r"""Draw from a proposal q, with importance weights for the target.

    .. math:: z \sim q, \quad \log w = \log \tilde p(z) - \log q(z), \quad E_q[w] = Z.

    Each chain is a particle: ``num_chains=1000, num_draws=100`` is 100,000 vmapped particles.
    Self-normalised means, the effective sample size, Pareto-smoothed weights with their k-hat and
    log Z with its error are computed from the log-weights by ``jgen.diagnostics.weights`` and ``summary``.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: q, positive wherever the target is; without batch axes.

    Returns:
        A weighted sampler; it needs no starting position. A NaN or +inf log density gets weight zero
        and is flagged as ``invalid``.

    Raises:
        ValueError: If the proposal is batched.
        TypeError: If the log density of one draw is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * x**2
        >>> sampler = importance(log_density, dist.Normal(0.0, 2.0))
        >>> run = sample(jax.random.key(0), sampler, num_chains=1000, num_draws=10)
        >>> bool(abs(jnp.log(jnp.exp(run.draws.log_weight).mean()) - 0.919) < 0.05)
        True

    Reference:
        Owen (2013), "Monte Carlo theory, methods and examples", chapter 9.
    """
    check_proposal(log_density, proposal)
    return stateless(importance_step, as_partial(log_density), proposal)


def importance_step(
    log_density: LogDensity, proposal: Distribution, key: Key, state: tuple[()]
) -> tuple[tuple[()], Draws]:
    """Draw one particle; costs one log density."""
    value = proposal.sample(key)
    lp = log_density(value)
    log_proposal = log_prob_of(proposal, value)
    invalid = ~(lp < jnp.inf) | (log_proposal == -jnp.inf)  # a library may draw outside its own support
    log_weight = jnp.where(invalid, -jnp.inf, lp - log_proposal)
    info = {"invalid": invalid, "lp": lp, **evaluations(num_log_densities=1)}
    return state, Draws(value, info, log_weight, DrawKind.WEIGHTED, COUNTS)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target with a proposal."""
    del scale
    return recipe_from(importance, target.log_density, target.proposal)
