"""Count the modes of a distribution that a generator covers."""

import math
from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

CHUNK = 4096


class ModeCoverage(NamedTuple):
    """Modes that a set of draws covers.

    Attributes:
        num_covered: Modes with at least ``min_draws`` draws near.
        share_near: Share of the draws that lie near any mode, between 0 and 1.
        counts: Draws near each mode ``[mode]``.
        rule: Definition of "near" and "covered"; compare counts only if rule and number of draws are equal.
    """

    num_covered: int
    share_near: float
    counts: np.ndarray
    rule: str


def mode_coverage(
    draws: ArrayLike, centres: ArrayLike, radius: float, *, min_draws: int | None = None
) -> ModeCoverage:
    r"""Count the modes that have their share of the draws near their centres.

    A draw is near the nearest centre if it lies within ``radius`` of it; a mode is covered if at least
    ``min_draws`` draws are near. For normals in two dimensions of standard deviation s the usual radius is 3
    s, within which :math:`1 - e^{-9/2}`, 98.9 %, of their own draws lie.

    Published counts require one draw per mode, which many draws satisfy by accident: of 10,000 uniform draws
    on a square around the 25 modes of ``grid25``, some are near each mode, though only 2 % are near any. So
    by default a mode must have a tenth of its equal share.

    Args:
        draws: Of the generator ``[draw, dim]``.
        centres: Of the modes ``[mode, dim]``.
        radius: In the units of the draws, above 0.
        min_draws: Least number of draws near a covered mode, from 1; None for a tenth of draws / modes.

    Returns:
        The counts, and their rule.

    Raises:
        ValueError: For arrays that do not fit each other, no draw or mode, a radius of 0, ``min_draws`` below
            1.

    Example:
        >>> import numpy as np
        >>> found = mode_coverage([[0.1, 0.0], [0.0, 0.2], [9.0, 9.0]], [[0.0, 0.0], [5.0, 5.0]], radius=0.3)
        >>> found.num_covered, found.counts.tolist(), round(found.share_near, 3)
        (1, [2, 0], 0.667)

    Reference:
        Srivastava et al. (2017), "VEEGAN: reducing mode collapse in GANs using implicit variational
        learning", NeurIPS: the same rule with ``min_draws=1``.
    """
    draws, centres = np.asarray(draws, np.float64), np.asarray(centres, np.float64)
    fitting = draws.ndim == centres.ndim == 2 and draws.shape[1] == centres.shape[1]
    if not fitting or draws.size == 0 or centres.size == 0:
        raise ValueError(
            "mode_coverage takes draws [draw, dim] and centres [mode, dim], at least one of each; got "
            f"shapes {draws.shape} and {centres.shape}"
        )
    min_draws = max(1, math.ceil(len(draws) / len(centres) / 10)) if min_draws is None else min_draws
    if not radius > 0 or min_draws < 1:
        raise ValueError(f"radius must be above 0 and min_draws at least 1, got {radius} and {min_draws}")
    counts = np.zeros(len(centres), int)
    for start in range(0, len(draws), CHUNK):
        with np.errstate(invalid="ignore"):  # a draw or a centre that is not finite is near to nothing
            distance = np.linalg.norm(draws[start : start + CHUNK, None] - centres, axis=-1)  # [draw, mode]
        near = distance.min(1) <= radius
        counts += np.bincount(distance[near].argmin(1), minlength=len(centres))
    rule = f"at least {min_draws} of {len(draws)} draws within {radius:g} of the nearest centre"
    return ModeCoverage(int((counts >= min_draws).sum()), float(counts.sum() / len(draws)), counts, rule)
