"""Define independent skew-normal coordinates (Azzalini's family)."""

from collections.abc import Sequence
from math import log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import check_options, coordinate_powers, make_target
from jgen.types import Array, Key, Target

SHAPES = (1.0, -2.0, 5.0, 20.0)


def skew_normal(shapes: Sequence[float] = SHAPES) -> Target:
    r"""Make the density p(x) = prod 2 phi(x_i) Phi(a_i x_i), normalised.

    .. math:: E x = \delta \sqrt{2/\pi}, \quad Var x = 1 - 2 \delta^2 / \pi, \quad E x^2 = 1, \quad
        E x^3 = (3 \delta - \delta^3) \sqrt{2/\pi}, \quad \delta = a / \sqrt{1 + a^2}, \quad \log Z = 0

    With a = 20 the left half has almost no mass: the force there grows like a^2 |x|. An exact draw is
    delta |u| + sqrt(1 - delta^2) v with u and v standard normal. The proposal is N(0, I), and no Phi
    exceeds 1, so ``log_bound`` = dim log 2.

    Args:
        shapes: a ``[dim]``, none of them 0 (which would be a plain normal).

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: There is no shape, or one is 0 or not finite.

    Example:
        >>> print(skew_normal(shapes=(1.0,)).mean.round(4))  # 1 / sqrt(pi)
        [0.5642]

    Reference:
        Azzalini, "A class of distributions which includes the normal ones", Scandinavian Journal of
        Statistics 12, 1985.
    """
    a = np.asarray(shapes, np.float64)
    fulfilled = a.ndim == 1 and a.size > 0 and bool((np.isfinite(a) & (a != 0)).all())
    check_options("skew_normal", "shapes [dim], finite and none 0", fulfilled, shapes=shapes)
    delta = a / np.sqrt(1 + a**2)
    zeros, ones = np.zeros(len(a)), np.ones(len(a))
    return make_target(
        log_density=Partial(log_density, a),
        start=np.sign(a) / 2,
        sample=Partial(sample, delta, 1 / np.sqrt(1 + a**2)),
        mean=delta * sqrt(2 / pi),
        variance=1 - 2 * delta**2 / pi,
        log_evidence=0.0,
        expectations={
            "x^2": (Partial(coordinate_powers, 2), ones),
            "x^3": (Partial(coordinate_powers, 3), (3 * delta - delta**3) * sqrt(2 / pi)),
        },
        proposal=Normal(zeros, ones).to_event(1),
        log_bound=len(a) * log(2),
        source="Azzalini 1985; closed form",
    )


def log_density(a: Array, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``."""
    return norm.logcdf(a * x).sum() - x @ x / 2 + len(x) * (log(2) - log(2 * pi) / 2)


def sample(delta: Array, rest: Array, key: Key) -> Array:
    """Draw one exact sample ``[dim]``."""
    u, v = jax.random.normal(key, (2, *delta.shape), delta.dtype)
    return delta * jnp.abs(u) + rest * v
