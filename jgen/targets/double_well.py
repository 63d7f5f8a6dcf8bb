"""Define a tilted double well beside a Gaussian coordinate."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import check_options, first_is_positive, make_target, sample_by_rejection, sample_from
from jgen.targets.tilted_well import integrate_well
from jgen.types import Array, Key, Target, Trait

PROPOSAL_SCALES = (1.8, 1.1)
"""Standard deviations of the Gaussian proposal."""


def double_well(barrier: float = 6.0, tilt: float = 0.5) -> Target:
    r"""Make the double well -log p = x0^4 - b x0^2 - t x0 + x1^2 / 2, unnormalised.

    With barrier b and tilt t. At the default, b = 6 and t = 1/2: log Z = 10.2934797071, E x0 = 1.18796098,
    E x0^2 = 2.95980609, P(x0 > 0) = 0.84430710. The barrier between the wells is 9 nats high, so a
    local kernel finds the wells but not their weights.

    The truths are Gauss-Legendre sums over each half, which converge geometrically. The proposal is
    N(0, diag(1.8^2, 1.1^2)); the log-ratio is a quartic in x0 whose stationary points are the roots of a
    cubic, so ``log_bound`` is exact; the exact draws are by rejection from it.

    Args:
        barrier: b, not negative; the barrier is b^2/4 nats high without the tilt.
        tilt: t, positive for a deeper right-hand well.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``barrier`` is negative or above 20, or ``tilt`` is beyond 10 in size: the integral
            and the proposal hold for that range.

    Example:
        >>> target = double_well()
        >>> round(target.log_evidence, 6)
        10.29348

    Reference:
        Midgley et al., "Flow annealed importance sampling bootstrap", ICLR 2023. Quadrature.
    """
    needs, fulfilled = "0 <= barrier <= 20 and |tilt| <= 10", 0 <= barrier <= 20 and abs(tilt) <= 10
    check_options("double_well", needs, fulfilled, barrier=barrier, tilt=tilt)
    one = integrate_well(barrier, tilt)
    wide, other = PROPOSAL_SCALES
    stationary = np.roots([-4, 0, 2 * barrier + 1 / wide**2, tilt])
    stationary = stationary.real[np.abs(stationary.imag) < 1e-6]
    ratios = -(stationary**4) + (barrier + 1 / (2 * wide**2)) * stationary**2 + tilt * stationary
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, barrier, tilt),
        start=np.ones(2),
        sample=Partial(sample, barrier, tilt, ratios.max()),
        mean=np.array([one.mean, 0.0]),
        variance=np.array([one.square - one.mean**2, 1.0]),
        log_evidence=one.log_evidence + log(2 * pi) / 2,
        expectations={
            "x0 > 0": (Partial(first_is_positive), one.right),
            "x0^2": (Partial(first_square), one.square),
        },
        proposal=Normal(np.zeros(2), np.array(PROPOSAL_SCALES)).to_event(1),
        log_bound=ratios.max() + log(2 * pi * wide * other),
        source="quadrature",
    )


def log_density(barrier: float, tilt: float, x: Array) -> Array:
    """Evaluate the unnormalised log-density of ``x [2]``."""
    square = x[0] ** 2
    return square * (barrier - square) + tilt * x[0] - x[1] ** 2 / 2


def first_square(x: Array) -> Array:
    """Return x0^2."""
    return x[0] ** 2


def sample(barrier: float, tilt: float, top: float, key: Key) -> Array:
    """Draw one exact sample ``[2]``: x0 by rejection (one acceptance in twelve), x1 normal."""
    well_key, normal_key = jax.random.split(key)
    propose = Partial(sample_from, Normal(0.0, PROPOSAL_SCALES[0]))
    x0 = sample_by_rejection(propose, Partial(log_accept, barrier, tilt, top), well_key)
    return jnp.stack([x0, jax.random.normal(normal_key)])


def log_accept(barrier: float, tilt: float, top: float, x0: Array) -> Array:
    """Evaluate the log-probability of accepting ``x0 []``."""
    return x0**2 * (barrier + 1 / (2 * PROPOSAL_SCALES[0] ** 2) - x0**2) + tilt * x0 - top
