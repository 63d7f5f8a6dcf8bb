"""Check that a Markov kernel started from exact draws still has exact draws."""

import math

import jax

from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.compare_samples import distance_threshold, largest_distance
from jgen.testing.sampler_checks.stationary_chains import chains_at_scales, stationary_chains
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


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
) -> list[Measurement]:
    r"""Compare exact draws after ``num_steps`` transitions with other exact draws, at three step sizes.

    The last draws of the chains are compared with other exact draws by the two-sample
    Dvoretzky-Kiefer-Wolfowitz bound on every coordinate (eight at most), four projections and the log
    density, with a total false-alarm probability of ``false_alarm``. A small step has no power: every wrong
    acceptance ratio is correct to first order. So the step sizes are those at which the kernel accepts 0.9,
    0.6 and 0.3 of its proposals, found on a grid of scales with a separate key.

    The power is checked too: a kernel whose last draws are off by a distance :math:`\Delta` is caught
    with probability :math:`1 - 10^{-6}` once :math:`\Delta \ge \epsilon + 2\sqrt{\log(2 \cdot 10^6) / 2n}`
    (each empirical distribution is within its own DKW bound of the truth), and this must not exceed
    ``detectable``.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any random key.
        num_chains: Exact draws n, a multiple of 2,500.
        num_steps: Transitions of each.
        scales: Step scales; None finds them.
        false_alarm: Probability that a correct kernel fails.
        detectable: Largest distance that may go undetected.

    Returns:
        The largest distance at each step size.

    Raises:
        CheckFailed: If the kernel changes the distribution.
        ValueError: If ``num_chains`` is too small for the power, or the sampler is no Markov kernel.

    Reference:
        Massart (1990), Annals of Probability 18(3); Wei and Dudley (2012), Statistics and Probability
        Letters 82(3).
    """
    run_key, reference_key = jax.random.split(key)
    chains = chains_at_scales(make, target, run_key, scales, num_chains=num_chains, num_steps=num_steps)
    # Other exact draws, from the program that makes the chains: their step does not matter.
    size = {"scale": next(iter(chains)), "num_chains": num_chains, "num_steps": 1}
    expected = stationary_chains(make, target, reference_key, **size).first
    threshold = distance_threshold(num_chains, false_alarm / (len(expected) * len(chains)))
    weakest = threshold + 2 * math.sqrt(math.log(2e6) / (2 * num_chains))
    if weakest > detectable:
        raise ValueError(
            f"{num_chains} chains only detect a distance of {weakest:.3f}; for {detectable} take more chains"
        )
    found = []
    for scale, one in chains.items():
        distance, statistic = largest_distance(one.last, expected)
        quantity = f"distance of the {statistic} after {num_steps} steps at scale {scale:.3g}"
        found.append(Measurement(distance, threshold, quantity, one.acceptance_rate))
    require_within(
        found,
        f"the kernel does not leave {target.name} invariant (false-alarm probability {false_alarm:.0e})",
        "an acceptance ratio that is reversed or lacks the density of the proposal or a log-Jacobian, no "
        "accept step, a key used twice, the gradient of a rejected proposal",
    )
    return found
