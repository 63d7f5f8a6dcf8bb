"""Compare the acceptance rate of draws with the target of the adaptation before them."""

import numpy as np

from jgen.types import Array, Draws

ODDS = 2.0
"""Largest ratio of the odds of acceptance to those of the target that several chains have without a flag."""

ODDS_OF_ONE = 6.0
"""The same for one chain, whose rate is noise enough to move the average step."""

NUM_ERRORS = 4.0
"""Number of standard errors by which a rate may be off."""


def acceptance_flags(draws: Draws, target: Array) -> tuple[str, ...]:
    r"""Say in a sentence where the acceptance rate is far from its target.

    With m the mean rate, moved four standard errors towards the target :math:`\delta`, the rate is far where

    .. math:: \Bigl| \log \frac{m}{1 - m} - \log \frac{\delta}{1 - \delta} \Bigr| > \log c,

    with c = 2 for several chains and 6 for one. After ``step_size`` or ``window``, NUTS, MALA, random walks
    and ``jittered_hmc`` stay within 1.4 for four chains or more and within 5.2 for one; HMC of ten steps on a
    Gaussian, after ``step_size``, has 1.5 to 16. The standard error is that of batch means, of as many draws
    as there are batches in a chain.

    Args:
        draws: Draws of a run, with ``acceptance_rate`` in ``info``, ``[chain, draw]``.
        target: What the adaptation aimed at ``[]``.

    Returns:
        No sentence, or one.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import DrawKind
        >>> rates = jnp.full((4, 100), 0.95)
        >>> draws = Draws(jnp.zeros((4, 100)), {"acceptance_rate": rates}, None, DrawKind.MARKOV)
        >>> acceptance_flags(draws, jnp.array(0.8))
        ('the acceptance rate is 0.95, above the target of 0.8: ... take jittered_hmc)',)
    """
    rates = np.asarray(draws.info["acceptance_rate"], np.float64)  # [chain, draw]
    num_chains, num_draws = rates.shape
    length = int(num_draws**0.5)
    batches = rates[:, : length * length].reshape(-1, length).mean(axis=1)
    if len(batches) < 2 or not np.isfinite(rates).all():
        return ()
    mean, aim = rates.mean(), float(target)
    error = NUM_ERRORS * batches.std(ddof=1) / len(batches) ** 0.5
    nearest = np.clip(aim, mean - error, mean + error)
    nearest = np.clip(nearest, 1e-12, 1 - 1e-12)
    ratio = np.log(nearest / (1 - nearest)) - np.log(aim / (1 - aim))
    if abs(ratio) <= np.log(ODDS if num_chains > 1 else ODDS_OF_ONE):
        return ()
    if ratio > 0:
        side = "above"
        advice = (
            "it may not fall as the step size grows (trajectories of a fixed number of steps resonate: "
            "take jittered_hmc)"
        )
    else:
        side, advice = (
            "below",
            "the step is too long for where the chains are: warm up longer, or ask for more",
        )
    return (f"the acceptance rate is {mean:.3g}, {side} the target of {aim:.3g}: {advice}",)
