"""Adapt the step size alone."""

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen.sampling.adaptation.dual_averaging import DualAveraging, check_target_acceptance
from jgen.sampling.adaptation.tuning import mean_acceptance, set_tuning, step_size_of
from jgen.types import Adaptation, Array, Draws, PyTree


def step_size(target_acceptance: float | Array = 0.8) -> Adaptation:
    r"""Adapt one step size, shared by all chains, by dual averaging.

    After each step of all chains, with :math:`\bar\alpha_t` its mean acceptance rate and
    :math:`\delta` the target,

    .. math:: \log \epsilon_{t+1} = \mu - \frac{\sqrt t}{\gamma} \frac{1}{t + t_0}
        \sum_{i \le t} (\delta - \bar\alpha_i), \quad
        \log \bar\epsilon_t = t^{-\kappa} \log \epsilon_t + (1 - t^{-\kappa}) \log \bar\epsilon_{t-1},

    with :math:`\gamma = 0.05, t_0 = 10, \kappa = 0.75` and :math:`\mu` the log of the first step size. It is
    updated once per step, however many chains there are; sampling uses :math:`\bar\epsilon`.

    It takes an acceptance rate that falls as the step grows. That of ``hmc`` with a fixed number of steps
    need not: on a Gaussian a trajectory of long steps may return to its start, and is accepted. There the
    rate ends above the target, at a step that depends on the start, and ``Run.flags`` says so;
    ``jittered_hmc`` has no such resonance.

    Args:
        target_acceptance: Target of the mean acceptance rate, in (0, 1).

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: If the target is not inside (0, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling import sample
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
    target = check_target_acceptance(target_acceptance)
    return Adaptation(Partial(step_size_init), Partial(step_size_update, target), target)


def step_size_init(states: PyTree) -> tuple[DualAveraging, PyTree]:
    """Start from the present step size of the chains."""
    return DualAveraging.start(step_size_of(states)), states


def step_size_update(
    target: Array, state: DualAveraging, states: PyTree, draws: Draws, index: Array, num_warmup: Array
) -> tuple[DualAveraging, PyTree]:
    """Make one update; the last one sets the average."""
    state = state.update(mean_acceptance(draws), target)
    return state, set_tuning(states, step_size=jnp.exp(state.log_step_after(index, num_warmup)))
