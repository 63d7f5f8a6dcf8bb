"""Check that the rank of the exact start in a stationary reversible chain is uniform."""

import math

from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.compare_samples import statistic_names
from jgen.testing.sampler_checks.rank_uniformity import farthest_from_uniform
from jgen.testing.sampler_checks.stationary_chains import chains_at_scales
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


def rank(
    make: Make,
    target: Target,
    key: Key,
    *,
    num_chains: int = 10_000,
    num_steps: int = 15,
    scales: tuple[float, ...] | None = None,
    false_alarm: float = 1e-6,
) -> list[Measurement]:
    r"""Test that an exact draw has a uniform rank in a chain run both ways from it.

    The steps are divided at random into a future and a past of the exact draw; the past of a reversible
    kernel is simulated like its future. The whole is a stationary chain :math:`x_0, \dots, x_k` for any
    index L of the exact draw, so the rank of :math:`f(x_L)` among the :math:`f(x_i)`, ties in random order,
    is uniform on 0 .. k: exactly, for any k, any f, and however badly the chain mixes. Compared with
    invariance, errors add up over many steps, and there is no second sample whose noise would be added.

    The ranks, and their distances from the middle (where f spreads too little or too much), are compared
    with their distributions by the Dvoretzky-Kiefer-Wolfowitz bound, for every statistic and at three step
    sizes. A deviation of :math:`\Delta` is caught with probability :math:`1 - 10^{-6}` once it is
    :math:`\epsilon + \sqrt{\log(2 \cdot 10^6) / 2n}` (0.06), with :math:`\epsilon` the threshold.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any random key.
        num_chains: Chains n, a multiple of 2,500.
        num_steps: Transitions k of each.
        scales: Step scales; None finds them, as invariance does.
        false_alarm: Probability that a correct kernel fails.

    Returns:
        The largest distance from uniform at each step size.

    Raises:
        CheckFailed: If the ranks are not uniform.
        ValueError: If there are no exact draws, or the sampler is no Markov kernel.

    Reference:
        Gandy and Scott (2020), "Unit testing for MCMC and other Monte Carlo methods", arXiv 2001.06465;
        Besag and Clifford (1989), "Generalized Monte Carlo significance tests", Biometrika 76(4).
    """
    size = {"num_chains": num_chains, "num_steps": num_steps}
    found = []
    chains = chains_at_scales(make, target, key, scales, **size, both_ways=True)
    for scale, one in chains.items():
        names = statistic_names(len(one.rank))
        share = false_alarm / (2 * len(names) * len(chains))
        distance, worst = farthest_from_uniform(one.rank, num_steps)
        quantity = f"distance from uniform of the ranks of the {names[worst]} at scale {scale:.3g}"
        threshold = math.sqrt(math.log(2 / share) / (2 * num_chains))
        found.append(Measurement(distance, threshold, quantity, one.acceptance_rate))
    require_within(
        found,
        f"on {target.name} exact draws are not distributed like the chains through them (false-alarm "
        f"probability {false_alarm:.0e} for a correct, reversible kernel)",
        "an acceptance ratio that is slightly wrong, or a kernel that is not reversible (then say so by "
        "reversible=False)",
    )
    return found
