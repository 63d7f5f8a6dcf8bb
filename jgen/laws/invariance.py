"""The law of invariance: a Markov kernel started from exact draws still has exact draws."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen.laws.base import LawBroken, Make, distance_threshold, exact_draws, largest_distance, statistics
from jgen.targets.base import Target
from jgen.transforms.thin import thin
from jgen.types import Array, Draws, Key, Law, PyTree

ACCEPTANCES = (0.9, 0.6, 0.3)


class Invariance(NamedTuple):
    """What the law found at one step size."""

    scale: float
    acceptance_rate: float
    distance: float
    threshold: float
    statistic: str


def invariance(
    make: Make,
    target: Target,
    key: Key,
    *,
    num_chains: int = 40_000,
    num_steps: int = 3,
    scales: tuple[float, ...] | None = None,
    false_alarm: float = 1e-6,
    detectable: float = 0.05,
) -> list[Invariance]:
    r"""Exact draws, ``num_steps`` transitions, exact draws again: at three step sizes, one of them large.

    The chains' ends are compared with fresh exact draws by the two-sample Dvoretzky-Kiefer-Wolfowitz
    bound on every coordinate (eight at most), four projections and the log density, with a total
    false-alarm rate of ``false_alarm``. A small step has no power: every wrong acceptance ratio is
    right to first order. So the step sizes are those at which the kernel accepts 0.9, 0.6 and 0.3 of its
    proposals, found on a grid of scales with a key of their own.

    The power is asserted too: a kernel whose ends are off by a distance :math:`\Delta` is caught
    with probability :math:`1 - 10^{-6}` once :math:`\Delta \ge \epsilon + 2\sqrt{\log(2 \cdot 10^6) / 2n}`
    (each empirical distribution is within its own DKW bound of the truth), and this must not exceed
    ``detectable``.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any key; nothing is chosen by its outcome.
        num_chains: Exact draws n.
        num_steps: Transitions of each.
        scales: Step scales; None finds them.
        false_alarm: Probability that a right kernel fails.
        detectable: Largest distance that may go unnoticed.

    Returns:
        What was found at each step size.

    Raises:
        LawBroken: If the kernel moves the distribution.
        ValueError: If ``num_chains`` is too few for the power asked, or the sampler is no Markov kernel.

    Reference:
        Massart (1990), Annals of Probability 18(3); Wei and Dudley (2012), Statistics and Probability
        Letters 82(3).
    """
    begin_key, end_key, run_key, pilot_key = jax.random.split(key, 4)
    beginning, reference = (
        exact_draws(begin_key, target, num_chains),
        exact_draws(end_key, target, num_chains),
    )
    expected = np.asarray(statistics(target, reference))
    scales = scales or find_scales(make, target, pilot_key)
    threshold = distance_threshold(num_chains, false_alarm / (len(expected) * len(scales)))
    weakest = threshold + 2 * math.sqrt(math.log(2e6) / (2 * num_chains))
    if weakest > detectable:
        raise ValueError(
            f"{num_chains} chains only see a distance of {weakest:.3f}; for {detectable} take more chains"
        )

    @jax.jit
    def run(scale: Array) -> Draws:
        kernel = thin(make(target, scale), num_steps)
        keys = jax.random.split(run_key, (2, num_chains))
        return jax.vmap(kernel.step)(keys[1], jax.vmap(kernel.init)(keys[0], beginning))[1]

    found = []
    for scale in scales:
        draws = run(jnp.float32(scale))
        if draws.law is not Law.MARKOV:
            raise ValueError(f"invariance is a law of Markov kernels; these draws are {draws.law.value}")
        refuse_dead_coordinates(beginning, draws.value)
        distance, statistic = largest_distance(np.asarray(statistics(target, draws.value)), expected)
        rate = float(jnp.mean(draws.info.get("acceptance_rate", jnp.nan)))
        found.append(Invariance(scale, rate, distance, threshold, statistic))
    worst = max(found, key=lambda finding: finding.distance)
    if not worst.distance <= threshold:
        raise LawBroken(
            f"the kernel does not leave {target.name} invariant: after {num_steps} steps at scale "
            f"{worst.scale:.3g} (acceptance {worst.acceptance_rate:.2f}) the {worst.statistic} is off by "
            f"{worst.distance:.4f}; for a right kernel it passes {threshold:.4f} with probability "
            f"{false_alarm:.0e}"
        )
    return found


def refuse_dead_coordinates(beginning: PyTree, ends: PyTree) -> None:
    """Invariance alone does not see a kernel that leaves a coordinate where it was, or breaks it."""
    before, after = (
        np.concatenate([np.asarray(leaf).reshape(len(leaf), -1) for leaf in jax.tree.leaves(values)], axis=1)
        for values in (beginning, ends)
    )
    if not np.isfinite(after).all():
        raise LawBroken("draws are not finite: guard NaN where a proposal is accepted")
    still = np.flatnonzero((before == after).all(axis=0))
    if still.size:
        raise LawBroken(f"coordinate {still[0]} never moves, in any of {len(before)} chains: it is left out")


def find_scales(make: Make, target: Target, key: Key, *, num_chains: int = 256) -> tuple[float, ...]:
    """Step scales at which the kernel accepts 0.9, 0.6 and 0.3 of its proposals, between 2^-5 and 2^6.

    A kernel that does not say, or that accepts more than that however long its steps, gets 1, 2 and 4.
    """
    draw_key, init_key, step_key = jax.random.split(key, 3)
    beginning = exact_draws(draw_key, target, num_chains)
    log2_scales = jnp.arange(-5.0, 6.5, 0.5)

    @jax.jit
    @jax.vmap
    def acceptance(log2_scale: Array) -> Array:
        kernel = make(target, 2.0**log2_scale)
        states = jax.vmap(kernel.init)(jax.random.split(init_key, num_chains), beginning)
        _, draws = jax.vmap(kernel.step)(jax.random.split(step_key, num_chains), states)
        return jnp.nanmean(draws.info.get("acceptance_rate", jnp.ones(num_chains)))

    falling = np.minimum.accumulate(np.asarray(acceptance(log2_scales)))
    if not falling[-1] <= min(ACCEPTANCES):  # NaN included
        return (1.0, 2.0, 4.0)
    return tuple(float(2.0 ** np.interp(-wanted, -falling, log2_scales)) for wanted in ACCEPTANCES)
