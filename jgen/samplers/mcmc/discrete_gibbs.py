"""Sample discrete variables by Gibbs sampling, one site after the other."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import constraints

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.validation import check_count
from jgen.samplers.accept import evaluations, markov_draw
from jgen.samplers.input_checks import check_scalar
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import DensityState, flatten
from jgen.types import COUNTS, Array, Draws, Key, LogDensity, PyTree, Sampler, Target, Trait


class Scan(NamedTuple):
    """State of a scan over the sites."""

    sites: Array  # [site]
    log_density: Array  # []
    num_stuck_sites: Array  # []
    invalid: Array  # []


def discrete_gibbs(log_density: LogDensity, *, num_values: int) -> Sampler:
    r"""Draw every site in turn from its full conditional, by enumeration.

    .. math:: p(x_i = k \mid x_{-i}) = \tilde p(x_{-i}, k) \Big/ \sum_{l < K} \tilde p(x_{-i}, l),
        \quad i = 1, 2, \dots

    The log density of the present value is known, so a scan costs K - 1 log densities a site.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        num_values: K; every site takes the values 0 .. K - 1, and the log density is -inf where one of them
            does not exist. Structural, another number compiles another program.

    Returns:
        A Markov sampler; its position is any pytree of integers. A NaN or +inf log density counts as zero
        probability and is flagged ``invalid``. ``stuck`` flags a scan in which some site could not move, as
        every other value had probability zero, and ``num_stuck_sites`` counts them. Under hard constraints
        that happens now and then; a site that is stuck in every draw is determined by others, and must be
        drawn jointly with them, by ``enumerate_states``. ``unlisted`` flags a site outside 0 .. K - 1.

    Raises:
        ValueError: If there are fewer than two values.
        TypeError: While tracing, if the position holds anything but integers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> def log_density(spins):  # a ring of four that tend to agree
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
    check_count("num_values", num_values, least=2)
    log_density, step = as_partial(log_density), bind_static(discrete_gibbs_step, num_values=num_values)
    return Sampler(Partial(discrete_gibbs_init, log_density), Partial(step, log_density))


def discrete_gibbs_init(log_density: LogDensity, key: Key, position: PyTree) -> DensityState:
    """Check that the position holds integers; costs one log density."""
    del key
    for leaf in jax.tree.leaves(position):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.integer):
            raise TypeError(
                f"discrete_gibbs moves integers; the position holds {jnp.result_type(leaf)}: convert it, or "
                "move it by another kernel, with block and cycle"
            )
    check_scalar(log_density, position)
    return DensityState(position, log_density(position))


def discrete_gibbs_step(
    log_density: LogDensity, key: Key, state: DensityState, *, num_values: int
) -> tuple[DensityState, Draws]:
    """Draw every site once."""
    sites, density, unravel = flatten(log_density, state.position)

    def draw_site(site: Array, scan: Scan) -> Scan:
        shifted = (scan.sites[site] + jnp.arange(1, num_values, dtype=sites.dtype)) % num_values
        values = jax.vmap(lambda value: density(scan.sites.at[site].set(value)))(shifted)  # [num_values - 1]
        usable = values < jnp.inf
        others = jnp.where(usable, values, -jnp.inf)
        values = jnp.append(scan.log_density, others)  # [num_values], the present value first
        index = jax.random.categorical(jax.random.fold_in(key, site), values - scan.log_density)
        drawn = jnp.append(scan.sites[site], shifted)[index]
        num_stuck_sites = scan.num_stuck_sites + jnp.all(others == -jnp.inf)
        invalid = scan.invalid | ~jnp.all(usable)
        return Scan(scan.sites.at[site].set(drawn), values[index], num_stuck_sites, invalid)

    start = Scan(sites, state.log_density, jnp.int32(0), jnp.array(False))
    scan = jax.lax.fori_loop(0, sites.size, draw_site, start)
    info = {
        "invalid": scan.invalid,
        "lp": scan.log_density,
        "stuck": scan.num_stuck_sites > 0,
        "num_stuck_sites": scan.num_stuck_sites,
        "unlisted": jnp.any((sites < 0) | (sites >= num_values)),
        **evaluations(num_log_densities=sites.size * (num_values - 1)),
    }
    state = DensityState(unravel(scan.sites), scan.log_density)
    return state, markov_draw(state, info, *COUNTS)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any discrete target whose proposal gives the number of values of a site."""
    del scale
    if Trait.DISCRETE not in target.traits or target.proposal is None:
        return None
    support = getattr(target.proposal.support, "base_constraint", target.proposal.support)
    if not isinstance(support, type(constraints.integer_interval(0, 1))):
        return None
    sampler = discrete_gibbs(target.log_density, num_values=int(support.upper_bound) + 1)
    return Recipe(sampler, None, reversible=False)
