"""Adapting the step size alone."""

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.adaptation.dual_averaging import DualAverage, average, checked_target, start_average
from jgen.sampling.adaptation.tuning import mean_acceptance, retune, step_size_of
from jgen.types import Adaptation, Array, Draws, PyTree


def step_size(target_acceptance: float | Array = 0.8) -> Adaptation:
    r"""Dual averaging of one step size, shared by all chains.

    After each step of the whole population, with :math:`\bar\alpha_t` its mean acceptance rate and
    :math:`\delta` the target,

    .. math:: \log \epsilon_{t+1} = \mu - \frac{\sqrt t}{\gamma} \frac{1}{t + t_0}
        \sum_{i \le t} (\delta - \bar\alpha_i), \quad
        \log \bar\epsilon_t = t^{-\kappa} \log \epsilon_t + (1 - t^{-\kappa}) \log \bar\epsilon_{t-1},

    with :math:`\gamma = 0.05, t_0 = 10, \kappa = 0.75` and :math:`\mu` the log of the first step size. It is
    updated once per step, however many chains there are; sampling uses :math:`\bar\epsilon`.

    Args:
        target_acceptance: What the mean acceptance rate is to become, in (0, 1).

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: If the target is not inside (0, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), mala(log_density, step_size=1e-3), num_draws=100, num_chains=16,
        ...     num_warmup=300, adaptation=step_size(0.574), position=jnp.zeros((16, 2)),
        ... )
        >>> bool(0.45 < run.draws.info["acceptance_rate"].mean() < 0.7)
        True

    Reference:
        Hoffman and Gelman (2014), "The No-U-Turn sampler", JMLR 15.
    """
    return Adaptation(Partial(step_size_init), Partial(step_size_update, checked_target(target_acceptance)))


def step_size_init(states: PyTree) -> tuple[DualAverage, PyTree]:
    """Begins at the step size the chains have."""
    return start_average(step_size_of(states)), states


def step_size_update(
    target: Array, memory: DualAverage, states: PyTree, draws: Draws, index: Array, num_warmup: Array
) -> tuple[DualAverage, PyTree]:
    """One update; the last one hands the average over to sampling."""
    memory = average(memory, mean_acceptance(draws), target)
    log_step = jnp.where(index + 1 == num_warmup, memory.log_average, memory.log_step)
    return memory, retune(states, step_size=jnp.exp(log_step))
