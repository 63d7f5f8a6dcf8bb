"""Check that a chain has the same distribution backwards in time."""

from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.exchangeability import asymmetry
from jgen.testing.sampler_checks.stationary_chains import chains_at_scales
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


def reversibility(
    make: Make,
    target: Target,
    key: Key,
    *,
    num_chains: int = 20_000,
    num_steps: int = 3,
    scales: tuple[float, ...] | None = None,
    false_alarm: float = 1e-6,
) -> list[Measurement]:
    r"""Test detailed balance, :math:`p(x) T(x, y) = p(y) T(y, x)`, on pairs of draws.

    Pairs of an exact draw and the draw after it, and after some more, are compared with the same pairs
    swapped, in every two statistics and at three step sizes (see ``asymmetry``; the bound is exact). It
    detects a stationary current, which leaves every distribution unchanged; and, since it compares each
    draw with the one that it came from, it detects small errors of a kernel that moves little.

    With n chains, statistics whose correlation differs by :math:`\Delta` between the two directions
    are caught with probability above :math:`1 - 10^{-6}` once
    :math:`\Delta \ge (t + 5.3) \sqrt{2 / n}`, 0.12.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any random key.
        num_chains: Pairs, a multiple of 2,500.
        num_steps: Transitions of the longer pairs.
        scales: Step scales; None finds them, as invariance does.
        false_alarm: Probability that a correct kernel fails.

    Returns:
        The largest asymmetry at each step size, after one step and after all.

    Raises:
        CheckFailed: If the kernel prefers a direction.
        ValueError: If there are no exact draws, or the sampler is no Markov kernel.

    Reference:
        Hoeffding (1963), JASA 58; Geyer (1992), "Practical Markov chain Monte Carlo", Statistical Science 7.
    """
    size = {"num_chains": num_chains, "num_steps": num_steps}
    found = []
    chains = chains_at_scales(make, target, key, scales, **size)
    for scale, one in chains.items():
        for steps, ends in ((1, one.second), (num_steps, one.last)):
            deviation, threshold, between = asymmetry(one.first, ends, false_alarm / (2 * len(chains)))
            move = f"{steps} step{'s' * (steps > 1)} and back"
            quantity = f"standard deviations between {move} in {between} at scale {scale:.3g}"
            found.append(Measurement(deviation, threshold, quantity, one.acceptance_rate))
    require_within(
        found,
        f"the kernel is not reversible on {target.name} (false-alarm probability {false_alarm:.0e})",
        "an acceptance ratio that is slightly wrong, or a kernel that is not reversible by design, such as a "
        "lasting momentum, a cycle or a sweep in a fixed order (then say so by reversible=False)",
    )
    return found
