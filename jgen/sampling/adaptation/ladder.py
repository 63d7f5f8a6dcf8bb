"""Adapt the temperatures of parallel tempering."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.types import Adaptation, Array, Draws, PyTree


class LadderState(NamedTuple):
    """Rejections in the present round.

    Attributes:
        rejection: Sum over steps and chains of 1 - the probability of a swap ``[temperature - 1]``.
        num_terms: Number of terms in that sum ``[]``.
    """

    rejection: Array
    num_terms: Array


def ladder() -> Adaptation:
    r"""Adapt inverse temperatures until swaps are rejected equally often at all pairs.

    With :math:`r_k` the mean rejection probability of a swap between the temperatures k and k + 1,

    .. math:: \Lambda(\beta_k) = \sum_{j < k} r_j

    estimates the communication barrier up to :math:`\beta_k`. At the end of a round the new temperatures are
    where :math:`\Lambda`, interpolated linearly, takes equally spaced values: the ladder with the highest
    round-trip rate. A ladder with equal rejection is a fixed point, so the interpolation causes no bias.
    Rounds are of 1, 2, 4, ... steps of all chains; the last is extended to the end of warm-up. Swaps that
    were not attempted count too: their probabilities are computed at every step.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=ladder())`` of ``tempering``. The ladder is
        then ``run.state.states.betas[0]``; use that one for log Z from the draws.

    Raises:
        TypeError: While tracing, if the sampler has no temperatures.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis, tempering
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # much narrower than the base: most of the way is near beta = 0
        ...     return -0.5 * (x / 0.05) ** 2
        >>> path = AnnealingPath(dist.Normal(0.0, 5.0), log_density)
        >>> sampler = tempering(path, metropolis, jnp.linspace(0, 1, 6))
        >>> run = sample(
        ...     jax.random.key(0), sampler, num_chains=64, num_draws=100, num_warmup=255, adaptation=ladder()
        ... )
        >>> bool(run.state.states.betas[0, 1] < 0.01)
        True

    Reference:
        Syed, Bouchard-Cote, Deligiannidis and Doucet (2022), "Non-reversible parallel tempering", JRSS B
        84(2), section 5.2, arXiv 1905.02939.
    """
    return Adaptation(Partial(ladder_init), Partial(ladder_update))


def ladder_init(states: PyTree) -> tuple[LadderState, PyTree]:
    """Start a round."""
    if not hasattr(states, "betas"):
        raise TypeError(f"ladder moves temperatures, and {type(states).__name__} has none; take tempering")
    return empty_state(states.betas[0]), states


def ladder_update(
    state: LadderState, states: PyTree, draws: Draws, index: Array, num_warmup: Array
) -> tuple[LadderState, PyTree]:
    """Add the rejections of one step; at the end of a round move the temperatures and start another."""
    acceptance = draws.info["swap_acceptance"]  # [chain, temperature - 1]
    state = LadderState(state.rejection + (1.0 - acceptance).sum(axis=0), state.num_terms + len(acceptance))
    betas = states.betas[0]

    def end_round() -> tuple[LadderState, Array]:
        return empty_state(betas), equalise_rejection(betas, state.rejection / state.num_terms)

    state, betas = jax.lax.cond(ends_round(index, num_warmup), end_round, lambda: (state, betas))
    return state, states._replace(betas=jnp.broadcast_to(betas[None], states.betas.shape))


def empty_state(betas: Array) -> LadderState:
    """Return the state at the start of a round."""
    return LadderState(jnp.zeros_like(betas[1:]), jnp.zeros((), betas.dtype))


def ends_round(index: Array, num_warmup: Array) -> Array:
    """Return whether a round of 1, 2, 4, ... steps ends here; a remainder is joined to the last round."""
    done = index + 1
    doubles = (done & (done + 1)) == 0  # 1, 3, 7, ...
    return (doubles & (2 * done + 1 <= num_warmup)) | (done == num_warmup)


def equalise_rejection(betas: Array, rejection: Array) -> Array:
    """Return temperatures at which the barrier takes equally spaced values ``[temperature]``.

    A thousandth of the mean is added to each rejection rate, so that no two temperatures coincide.
    """
    rise = rejection + 1e-3 * jnp.mean(rejection) + jnp.finfo(rejection.dtype).tiny
    barrier = jnp.concatenate([jnp.zeros(1, rise.dtype), jnp.cumsum(rise)])
    wanted = barrier[-1] * jnp.linspace(0.0, 1.0, len(betas), dtype=rise.dtype)
    return jnp.interp(wanted, barrier, betas).at[0].set(0.0).at[-1].set(1.0)
