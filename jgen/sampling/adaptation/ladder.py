"""Adapting the temperatures of parallel tempering."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.types import Adaptation, Array, Draws, PyTree


class LadderMemory(NamedTuple):
    """What one round has seen.

    Attributes:
        refused: Sum over steps and chains of 1 - the chance of a swap ``[temperature - 1]``.
        seen: How many chances were summed ``[]``.
    """

    refused: Array
    seen: Array


def ladder() -> Adaptation:
    r"""Inverse temperatures between which swaps are refused equally often, all pairs alike.

    With :math:`r_k` the mean chance that a swap between the temperatures k and k + 1 is refused,

    .. math:: \Lambda(\beta_k) = \sum_{j < k} r_j

    estimates the communication barrier up to :math:`\beta_k`. At the end of a round the new temperatures are
    where :math:`\Lambda`, drawn straight between those at hand, takes equally spaced values: the ladder that
    replicas climb soonest. One with all chances alike stays as it is, so the straight lines bias nothing.
    Rounds are of 1, 2, 4, ... steps of all chains; the last is stretched to the end of warm-up. Chances that
    were not tried count too: each is known at every step.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=ladder())`` of ``tempering``. The ladder is
        then ``run.state.states.betas[0]``: log Z from the draws takes that one.

    Raises:
        TypeError: While tracing, if the sampler has no temperatures.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis, tempering
        >>> from jgen.sampling.driver import sample
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


def ladder_init(states: PyTree) -> tuple[LadderMemory, PyTree]:
    """Nothing seen yet."""
    if not hasattr(states, "betas"):
        raise TypeError(f"ladder moves temperatures, and {type(states).__name__} has none; take tempering")
    return nothing_seen(states.betas[0]), states


def ladder_update(
    memory: LadderMemory, states: PyTree, draws: Draws, index: Array, num_warmup: Array
) -> tuple[LadderMemory, PyTree]:
    """Adds the chances of one step; at the end of a round the temperatures move and all is forgotten."""
    chance = draws.info["swap_acceptance"]  # [chain, temperature - 1]
    memory = LadderMemory(memory.refused + (1.0 - chance).sum(axis=0), memory.seen + len(chance))
    betas = states.betas[0]

    def turn_over() -> tuple[LadderMemory, Array]:
        return nothing_seen(betas), equally_refused(betas, memory.refused / memory.seen)

    memory, betas = jax.lax.cond(ends_round(index, num_warmup), turn_over, lambda: (memory, betas))
    return memory, states._replace(betas=jnp.broadcast_to(betas[None], states.betas.shape))


def nothing_seen(betas: Array) -> LadderMemory:
    """The memory at the start of a round."""
    return LadderMemory(jnp.zeros_like(betas[1:]), jnp.zeros((), betas.dtype))


def ends_round(index: Array, num_warmup: Array) -> Array:
    """Whether a round of 1, 2, 4, ... steps ends here; what is left over is joined to the last one."""
    done = index + 1
    doubles = (done & (done + 1)) == 0  # 1, 3, 7, ...
    return (doubles & (2 * done + 1 <= num_warmup)) | (done == num_warmup)


def equally_refused(betas: Array, refused: Array) -> Array:
    """Where the barrier takes equally spaced values ``[temperature]``.

    A thousandth of the mean is added to each refusal, so that no two temperatures become one.
    """
    rise = refused + 1e-3 * jnp.mean(refused) + jnp.finfo(refused.dtype).tiny
    barrier = jnp.concatenate([jnp.zeros(1, rise.dtype), jnp.cumsum(rise)])
    wanted = barrier[-1] * jnp.linspace(0.0, 1.0, len(betas), dtype=rise.dtype)
    return jnp.interp(wanted, barrier, betas).at[0].set(0.0).at[-1].set(1.0)
