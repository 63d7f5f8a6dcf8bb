"""The law of invariance: a Markov kernel started from exact draws still has exact draws."""

import math
from typing import NamedTuple

import jax

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.compare_samples import distance_threshold, largest_distance
from jgen.testing.sampler_checks.stationary_chains import find_scales, stationary_chains
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


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
        num_chains: Exact draws n, a multiple of 2,500.
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
    run_key, reference_key, pilot_key = jax.random.split(key, 3)
    scales = scales or find_scales(make, target, pilot_key)
    # Other exact draws, from the program that makes the chains: their step does not matter.
    expected = stationary_chains(
        make, target, reference_key, scale=scales[0], num_chains=num_chains, num_steps=1
    ).first
    threshold = distance_threshold(num_chains, false_alarm / (len(expected) * len(scales)))
    weakest = threshold + 2 * math.sqrt(math.log(2e6) / (2 * num_chains))
    if weakest > detectable:
        raise ValueError(
            f"{num_chains} chains only see a distance of {weakest:.3f}; for {detectable} take more chains"
        )
    found = []
    for number, scale in enumerate(scales):
        met = stationary_chains(
            make,
            target,
            jax.random.fold_in(run_key, number),
            scale=scale,
            num_chains=num_chains,
            num_steps=num_steps,
        )
        distance, statistic = largest_distance(met.last, expected)
        found.append(Invariance(scale, met.acceptance_rate, distance, threshold, statistic))
    worst = max(found, key=lambda finding: finding.distance)
    if not worst.distance <= threshold:
        raise CheckFailed(
            f"the kernel does not leave {target.name} invariant: after {num_steps} steps at scale "
            f"{worst.scale:.3g} (acceptance {worst.acceptance_rate:.2f}) the {worst.statistic} is off by "
            f"{worst.distance:.4f}; for a right kernel it passes {threshold:.4f} with probability "
            f"{false_alarm:.0e}"
        )
    return found
