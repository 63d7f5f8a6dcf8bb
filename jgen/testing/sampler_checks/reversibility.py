"""The law of reversibility: a chain seen backwards looks the same."""

from typing import NamedTuple

import jax

from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.exchangeability import asymmetry
from jgen.testing.sampler_checks.stationary_chains import find_scales, stationary_chains
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import Key, Target


class Reversibility(NamedTuple):
    """What the law found at one step size, after one step or after all."""

    scale: float
    num_steps: int
    deviation: float
    threshold: float
    between: str


def reversibility(
    make: Make,
    target: Target,
    key: Key,
    *,
    num_chains: int = 20_000,
    num_steps: int = 3,
    scales: tuple[float, ...] | None = None,
    false_alarm: float = 1e-6,
) -> list[Reversibility]:
    r"""An exact draw and where the kernel takes it may be swapped: :math:`p(x) T(x, y) = p(y) T(y, x)`.

    Pairs of an exact draw and the draw after it, and after some more, are held against the same pairs
    swapped, in every two statistics and at three step sizes (see ``asymmetry``; the bound is exact). It
    sees a current round and round, which leaves every distribution as it is; and, since it compares each
    draw with the very one it came from, it sees small errors of a kernel that moves little.

    With n chains, statistics whose correlation differs by :math:`\Delta` between the way there and the way
    back are caught with probability above :math:`1 - 10^{-6}` once
    :math:`\Delta \ge (t + 5.3) \sqrt{2 / n}`, 0.12.

    Args:
        make: Makes the sampler.
        target: A target with exact draws.
        key: Any key; nothing is chosen by its outcome.
        num_chains: Pairs, a multiple of 2,500.
        num_steps: Transitions of the longer pairs.
        scales: Step scales; None finds them, as invariance does.
        false_alarm: Probability that a right kernel fails.

    Returns:
        What was found at each step size.

    Raises:
        LawBroken: If the kernel prefers a direction.
        ValueError: If there are no exact draws, or the sampler is no Markov kernel.

    Reference:
        Hoeffding (1963), JASA 58; Geyer (1992), "Practical Markov chain Monte Carlo", Statistical Science 7.
    """
    run_key, pilot_key = jax.random.split(key)
    scales = scales or find_scales(make, target, pilot_key)
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
        for steps, ends in ((1, met.second), (num_steps, met.last)):
            found.append(
                Reversibility(scale, steps, *asymmetry(met.first, ends, false_alarm / (2 * len(scales))))
            )
    worst = max(found, key=lambda finding: finding.deviation)
    if not worst.deviation <= worst.threshold:
        raise CheckFailed(
            f"the kernel is not reversible on {target.name}: at scale {worst.scale:.3g} {worst.num_steps} "
            f"steps there and back differ in {worst.between} by {worst.deviation:.1f} standard deviations; "
            f"chance allows {worst.threshold:.1f}"
        )
    return found
