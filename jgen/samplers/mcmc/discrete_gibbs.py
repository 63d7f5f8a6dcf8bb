"""Gibbs sampling of many discrete sites, one after the other."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import constraints

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.input_checks import check_scalar
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import flatten
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target, Trait


class SiteState(NamedTuple):
    """Where a chain stands."""

    position: PyTree
    log_density: Array  # []


class Sweep(NamedTuple):
    """A sweep on its way."""

    sites: Array  # [site]
    log_density: Array  # []
    num_stuck_sites: Array  # []
    invalid: Array  # []


def discrete_gibbs(log_density: LogDensity, *, num_values: int) -> Sampler:
    r"""One sweep over all sites a draw; each is drawn from its full conditional by enumeration.

    .. math:: p(x_i = k \mid x_{-i}) = \tilde p(x_{-i}, k) \Big/ \sum_{l < K} \tilde p(x_{-i}, l),
        \quad i = 1, 2, \dots

    The log density of the present value is known, so a sweep costs K - 1 log densities a site.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        num_values: K; every site takes the values 0 .. K - 1, and the log density is -inf where one of them
            does not exist. Structural, another number compiles anew.

    Returns:
        A Markov sampler; its position is any pytree of integers. A NaN or +inf log density counts as zero
        probability and is flagged ``invalid``. ``stuck`` flags a sweep in which some site had nowhere else to
        go, every other value having probability zero, and ``num_stuck_sites`` counts them. Where constraints
        are hard that comes and goes; a site that is stuck in every draw is tied to others, and must be drawn
        together with them, by ``enumerated``. ``unlisted`` flags a site outside 0 .. K - 1.

    Raises:
        ValueError: If there are fewer than two values.
        TypeError: While tracing, if the position holds anything but integers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(spins):  # a ring of four that like to agree
        ...     return 0.3 * jnp.sum((2 * spins - 1) * (2 * jnp.roll(spins, 1) - 1))
        >>> sampler = discrete_gibbs(log_density, num_values=2)
        >>> start = jnp.zeros((16, 4), int)
        >>> run = sample(jax.random.key(0), sampler, num_draws=500, num_chains=16, position=start)
        >>> agree = (run.draws.value[..., 0] == run.draws.value[..., 1]).mean()
        >>> t = jnp.tanh(0.3)  # exact, by the transfer matrix
        >>> bool(abs(agree - (1 + (t + t**3) / (1 + t**4)) / 2) < 0.03)
        True

    Reference:
        Geman and Geman (1984), "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of
        images", IEEE PAMI 6(6).
    """
    if num_values < 2:
        raise ValueError(f"discrete_gibbs needs num_values >= 2, else nothing can move; got {num_values}")
    log_density = as_partial(log_density)
    return Sampler(
        Partial(discrete_gibbs_init, log_density),
        Partial(bind_static(discrete_gibbs_step, num_values=num_values), log_density),
    )


def discrete_gibbs_init(log_density: LogDensity, key: Key, position: PyTree) -> SiteState:
    """Spends one log density."""
    del key
    for leaf in jax.tree.leaves(position):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.integer):
            raise TypeError(
                f"discrete_gibbs moves integers; the position holds {jnp.result_type(leaf)}: convert it, or "
                "move it by another kernel, with block and cycle"
            )
    check_scalar(log_density, position)
    return SiteState(position, log_density(position))


def discrete_gibbs_step(
    log_density: LogDensity, key: Key, state: SiteState, *, num_values: int
) -> tuple[SiteState, Draws]:
    """One sweep."""
    sites, density, unravel = flatten(log_density, state.position)

    def draw_site(site: Array, sweep: Sweep) -> Sweep:
        shifted = (sweep.sites[site] + jnp.arange(1, num_values, dtype=sites.dtype)) % num_values
        values = jax.vmap(lambda value: density(sweep.sites.at[site].set(value)))(shifted)  # [num_values - 1]
        usable = values < jnp.inf
        others = jnp.where(usable, values, -jnp.inf)
        logits = jnp.append(sweep.log_density, others)  # [num_values], the present value first
        index = jax.random.categorical(jax.random.fold_in(key, site), logits)
        drawn = jnp.append(sweep.sites[site], shifted)[index]
        return Sweep(
            sweep.sites.at[site].set(drawn),
            logits[index],
            sweep.num_stuck_sites + jnp.all(others == -jnp.inf),
            sweep.invalid | ~jnp.all(usable),
        )

    begin = Sweep(sites, state.log_density, jnp.int32(0), jnp.array(False))
    sweep = jax.lax.fori_loop(0, sites.size, draw_site, begin)
    info = {
        "invalid": sweep.invalid,
        "lp": sweep.log_density,
        "stuck": sweep.num_stuck_sites > 0,
        "num_stuck_sites": sweep.num_stuck_sites,
        "unlisted": jnp.any((sites < 0) | (sites >= num_values)),
        "num_grads": jnp.int32(0),
        "num_log_densities": jnp.int32(sites.size * (num_values - 1)),
    }
    state = SiteState(unravel(sweep.sites), sweep.log_density)
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Any discrete target whose proposal tells how many values a site has."""
    del scale
    if Trait.DISCRETE not in target.traits or target.proposal is None:
        return None
    support = getattr(target.proposal.support, "base_constraint", target.proposal.support)
    if not isinstance(support, type(constraints.integer_interval(0, 1))):
        return None
    return Recipe(
        discrete_gibbs(target.log_density, num_values=int(support.upper_bound) + 1), None, reversible=False
    )
