"""Adapt the step size and the trajectory length by ChEES."""

from typing import NamedTuple

import jax.numpy as jnp
import optax
from jax.tree_util import Partial

from jgen._internal.validation import check_positive
from jgen.sampling.adaptation.dual_averaging import DualAveraging, check_target_acceptance, iterate_average
from jgen.sampling.adaptation.tuning import acceptance_rates, set_tuning, step_size_of, tuning_of
from jgen.types import Adaptation, Array, Draws, PyTree

ADAM = optax.scale_by_adam(b1=0.0, b2=0.95)
"""Adam with the paper's decay rates: the first moment is not averaged."""


MEMORY = 20
"""Number of draws over which gains are averaged; none is judged before as many."""


class Gains(NamedTuple):
    """Averages over recent draws, of trajectories of at most half of the longest length, and of the others.

    Attributes:
        gain: What they gain ``[2]``.
        cost: Their leapfrog steps ``[2]``.
        counts: Number of draws of each kind so far ``[2]``.
    """

    gain: Array
    cost: Array
    counts: Array

    def add(self, gain: Array, cost: Array, is_long: Array) -> "Gains":
        """Add one step of all chains, whose trajectories have the same length."""
        which = jnp.stack([~is_long, is_long])
        counts = self.counts + which
        weight = which / jnp.clip(counts, 1.0, MEMORY / 2)
        mean_gain = self.gain + weight * (gain - self.gain)
        return Gains(mean_gain, self.cost + weight * (cost - self.cost), counts)

    def pay(self) -> Array:
        """Return whether all trajectories gain enough more than the short ones; True while there are few.

        Twice the cost has to gain sqrt(2) times as much: in the middle of 1, nothing, and 2, what it costs.
        Lengths of fewer than four leapfrog steps, whose halves cost hardly less, are not judged.
        """
        gain, cost = (jnp.mean(entry) / entry[0] for entry in (self.gain, self.cost))
        is_judged = (jnp.min(self.counts) >= MEMORY / 2) & (cost > 1.6)
        return ~(is_judged & (gain < jnp.sqrt(cost)))


class LengthState(NamedTuple):
    """State of the adaptation.

    Attributes:
        step: Dual averaging of the step size.
        log_length: Log of the longest trajectory length, to try next.
        log_average: Weighted average of it, for sampling.
        adam: State of Adam.
        gains: What short and long trajectories gain.
    """

    step: DualAveraging
    log_length: Array
    log_average: Array
    adam: PyTree
    gains: Gains


def chees(target_acceptance: float | Array = 0.651, *, learning_rate: float | Array = 0.025) -> Adaptation:
    r"""Maximise the change in the estimator of the expected square (ChEES), pooled over chains.

    A good trajectory decorrelates the squared distance from the centre :math:`\mu`, so the longest
    trajectory length T maximises

    .. math:: C = \tfrac14\, E \bigl(|x' - \mu'|^2 - |x - \mu|^2\bigr)^2 .

    With :math:`t = u T` the length of a trajectory from x to x', v its velocity there and :math:`\alpha` its
    acceptance probability, each step of all chains gives the gradient

    .. math:: \frac{\partial C}{\partial \log T} \approx \frac{\sum_i \alpha_i\, t_i\,
        (|x_i' - \mu'|^2 - |x_i - \mu|^2)\; (x_i' - \mu')^\top v_i}{\sum_i \alpha_i},

    along which Adam moves log T. The step size is that of dual averaging, from the harmonic mean of the
    acceptance probabilities, which is sensitive to stuck chains; sampling uses weighted averages of both.

    A few chains far out may make up the whole of C. Then T grows to their scale at the cost of all others: to
    1,000 on Neal's funnel. So T grows only while that pays for the bulk of the chains. With r the rank of the
    distance from the median, among all starts and ends, a trajectory gains :math:`E\, \alpha (r' - r)^2`. T
    falls where the gain of all trajectories over that of those shorter than T / 2, in the last 20 draws, is
    less than the square root of the ratio of their costs in leapfrog steps: twice the cost has to gain
    :math:`\sqrt2` times as much. (On a standard normal it gains 1.9 times as much at the optimum of C.)

    On a standard normal :math:`E\, C = \tfrac d2 (1 - \sin(2T) / 2T)` over u, whose first maximum is at
    :math:`\tan 2T = 2T`, T = 2.2467, less about half a step where steps are long, as lengths are rounded up.
    The mass matrix is not adapted.

    Args:
        target_acceptance: Target of the mean acceptance rate, in (0, 1).
        learning_rate: Learning rate of Adam, for log T.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of ``jittered_hmc``.

    Raises:
        ValueError: If the target is not inside (0, 1); while tracing, if there is only one chain.
        TypeError: While tracing, if the sampler has no ``trajectory_length``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import jittered_hmc
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), jittered_hmc(log_density, step_size=0.1, trajectory_length=0.1),
        ...     num_draws=10, num_chains=64, num_warmup=400, adaptation=chees(), position=jnp.ones((64, 10)),
        ... )
        >>> bool(1.0 < run.state.states.tuning.trajectory_length[0] < 2.5)
        True

    Reference:
        Hoffman, Radul and Sountsov (2021), "An adaptive-MCMC scheme for setting trajectory lengths in
        Hamiltonian Monte Carlo", AISTATS.
    """
    target = check_target_acceptance(target_acceptance)
    learning_rate = check_positive("learning_rate", learning_rate)
    return Adaptation(Partial(chees_init), Partial(chees_update, target, learning_rate))


def chees_init(states: PyTree) -> tuple[LengthState, PyTree]:
    """Start from the present tuning of the chains."""
    lengths = getattr(tuning_of(states), "trajectory_length", None)
    if lengths is None:
        raise TypeError(
            f"chees adapts a trajectory_length, and the tuning of {type(states).__name__} has none; "
            "take jittered_hmc, or adapt by window"
        )
    if len(lengths) < 2:
        raise ValueError("chees compares chains; one chain cannot be compared: take 2 or more")
    step_size, log_length = step_size_of(states), jnp.mean(jnp.log(lengths))
    gains = Gains(*jnp.zeros((3, 2), log_length.dtype))
    state = LengthState(DualAveraging.start(step_size), log_length, log_length, ADAM.init(log_length), gains)
    return state, set_tuning(states, step_size=step_size, trajectory_length=jnp.exp(log_length))


def chees_update(
    target: Array,
    learning_rate: Array,
    state: LengthState,
    states: PyTree,
    draws: Draws,
    index: Array,
    num_warmup: Array,
) -> tuple[LengthState, PyTree]:
    """Make one step of dual averaging and one of Adam; the last one sets both averages."""
    rates = acceptance_rates(draws)
    harmonic_mean = len(rates) / jnp.sum(1.0 / jnp.maximum(rates, jnp.finfo(rates.dtype).tiny))
    step = state.step.update(harmonic_mean, target)
    last, tuning = states.last_trajectory, tuning_of(states)
    cost = jnp.ceil(last.length[0] / tuning.step_size[0])
    is_long = last.length[0] > 0.5 * tuning.trajectory_length[0]
    gains = state.gains.add(gain(last, rates), cost, is_long)
    ascent, adam_state = ADAM.update(slope(last, rates), state.adam)
    ascent = jnp.where(gains.pay(), ascent, jnp.minimum(ascent, -1.0))
    log_length = state.log_length + learning_rate.astype(rates.dtype) * ascent
    log_average = iterate_average(state.log_average, log_length, step.updates)
    state = LengthState(step, log_length, log_average, adam_state, gains)
    step_size = jnp.exp(step.log_step_after(index, num_warmup))
    length = jnp.exp(jnp.where(index + 1 == num_warmup, log_average, log_length))
    return state, set_tuning(states, step_size=step_size, trajectory_length=length)


def slope(trajectory: PyTree, rates: Array) -> Array:
    """Estimate the gradient of the criterion in log T ``[]``; diverged trajectories have weight zero.

    Args:
        trajectory: The last trajectories, ``start``, ``end``, ``velocity`` ``[chain, dim]``, ``length``
            ``[chain]``.
        rates: Their acceptance probabilities ``[chain]``.
    """
    usable = jnp.all(jnp.isfinite(trajectory.end) & jnp.isfinite(trajectory.velocity), axis=1)
    weights = jnp.where(usable, rates, 0.0)
    weights = weights / jnp.maximum(jnp.sum(weights), jnp.finfo(rates.dtype).tiny)  # [chain]
    end = jnp.where(usable[:, None], trajectory.end, 0.0)
    velocity = jnp.where(usable[:, None], trajectory.velocity, 0.0)
    start = trajectory.start - jnp.mean(trajectory.start, axis=0)[None]
    end = end - (weights @ end)[None]
    change = jnp.sum(end**2, axis=1) - jnp.sum(start**2, axis=1)
    slopes = trajectory.length * change * jnp.sum(end * velocity, axis=1)
    return weights @ jnp.where(jnp.isfinite(slopes), slopes, 0.0)


def gain(trajectory: PyTree, rates: Array) -> Array:
    """Estimate the expected square of the change in rank of the distance from the centre ``[]``.

    Ranks, and medians as centre, are not moved by a few chains far out, which may make up the whole of the
    criterion. A trajectory that is rejected, or diverged, gains nothing.

    Args:
        trajectory: The last trajectories.
        rates: Their acceptance probabilities ``[chain]``.
    """
    ends = jnp.concatenate([trajectory.start, trajectory.end])
    ends = jnp.where(jnp.isfinite(ends), ends, jnp.inf)
    distances = jnp.sum((ends - jnp.median(ends, axis=0)[None]) ** 2, axis=1)
    ranks = jnp.argsort(jnp.argsort(distances)) / len(distances)
    start, end = jnp.split(ranks.astype(rates.dtype), 2)
    usable = jnp.all(jnp.isfinite(trajectory.end), axis=1)
    return jnp.mean(jnp.where(usable, rates * (end - start) ** 2, 0.0))
