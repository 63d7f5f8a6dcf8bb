"""The law of rank: nobody can tell which draw of a reversible chain was the exact one it was made from."""

import math
from typing import NamedTuple

import jax

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.compare_samples import statistic_names
from jgen.testing.sampler_checks.rank_uniformity import farthest_from_uniform
from jgen.testing.sampler_checks.stationary_chains import find_scales, stationary_chains
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


class Rank(NamedTuple):
    """What the law found at one step size."""

    scale: float
    distance: float
    threshold: float
    statistic: str


def rank(
    make: Make,
    target: Target,
    key: Key,
    *,
    num_chains: int = 10_000,
    num_steps: int = 15,
    scales: tuple[float, ...] | None = None,
    false_alarm: float = 1e-6,
) -> list[Rank]:
    r"""An exact draw at a random place of a chain run both ways from it has a uniform rank in the chain.

    The steps are divided at random into a future and a past of the exact draw, which for a reversible kernel
    is made as the future is. The whole is then a stationary chain :math:`x_0, \dots, x_k`, whatever the
    place L of the exact draw, so the rank of :math:`f(x_L)` among the :math:`f(x_i)`, equals in random order,
    is uniform on 0 .. k: exactly, for any k, any f, and however badly the chain mixes. Compared with
    invariance, errors add up over many steps, and there is no second sample whose noise would be added.

    The ranks, and how far they lie from the middle (where f spreads too little or too much), are compared
    with their law by the Dvoretzky-Kiefer-Wolfowitz bound, for every statistic and at three step sizes. A
    deviation of :math:`\Delta` is caught with probability :math:`1 - 10^{-6}` once it is
    :math:`\epsilon + \sqrt{\log(2 \cdot 10^6) / 2n}` (0.06), with :math:`\epsilon` the threshold.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any key; nothing is chosen by its outcome.
        num_chains: Chains n, a multiple of 2,500.
        num_steps: Transitions k of each.
        scales: Step scales; None finds them, as invariance does.
        false_alarm: Probability that a right kernel fails.

    Returns:
        What was found at each step size.

    Raises:
        LawBroken: If exact draws stand out.
        ValueError: If there are no exact draws, or the sampler is no Markov kernel.

    Reference:
        Gandy and Scott (2020), "Unit testing for MCMC and other Monte Carlo methods", arXiv 2001.06465;
        Besag and Clifford (1989), "Generalized Monte Carlo significance tests", Biometrika 76(4).
    """
    run_key, pilot_key = jax.random.split(key)
    scales = scales or find_scales(make, target, pilot_key)
    found = []
    for number, scale in enumerate(scales):
        ranks = stationary_chains(
            make,
            target,
            jax.random.fold_in(run_key, number),
            scale=scale,
            num_chains=num_chains,
            num_steps=num_steps,
            both_ways=True,
        ).rank
        names = statistic_names(len(ranks))
        share = false_alarm / (2 * len(names) * len(scales))
        threshold = math.sqrt(math.log(2 / share) / (2 * num_chains))
        distance, worst = farthest_from_uniform(ranks, num_steps)
        found.append(Rank(scale, distance, threshold, names[worst]))
    finding = max(found, key=lambda finding: finding.distance)
    if not finding.distance <= finding.threshold:
        raise CheckFailed(
            f"on {target.name} exact draws stand out from the chains made from them: at scale "
            f"{finding.scale:.3g} the ranks of the {finding.statistic} are {finding.distance:.4f} off "
            f"uniform; for a right, reversible kernel they pass {finding.threshold:.4f} with probability "
            f"{false_alarm:.0e}"
        )
    return found
