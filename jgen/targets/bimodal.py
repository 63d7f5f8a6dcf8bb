"""Define a mixture of two Gaussians of unequal weight and width in many dimensions."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, MixtureSameFamily, Normal

from jgen.targets.parts import check_options, coordinate_powers, covering_scale, make_target
from jgen.types import Array, Key, Target, Trait

WEIGHTS = (0.75, 0.25)
SHIFT = 4.0
NARROW = 0.6


def bimodal(dim: int = 50) -> Target:
    r"""Make the mixture 3/4 N(0, I) + 1/4 N(4 e_1, 0.6^2 I), normalised.

    .. math:: E x_1 = 1, \quad Var x_1 = 3.84, \quad Var x_i = 0.84 \; (i > 1), \quad \log Z = 0

    The narrow mode holds a quarter of the mass, in a volume 0.6^dim times smaller: at temperature 2
    or more it almost vanishes, which defeats plain tempering.

    The proposal widens both components by s, s^dim = e, so ``log_bound = 1`` is safe (the ratio of
    two mixtures is at most the largest ratio of components); the least bound is a little lower.

    Args:
        dim: Number of coordinates, at least 1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1.

    Example:
        >>> target = bimodal(dim=2)
        >>> print(target.mean, target.variance.round(2))
        [1. 0.] [3.84 0.84]

    Reference:
        Woodard, Schmidler and Huber, "Sufficient conditions for torpid mixing of parallel and simulated
        tempering", EJP 14, 2009 (modes of unequal width). Moments in closed form.
    """
    check_options("bimodal", "dim >= 1", dim >= 1, dim=dim)
    wide, narrow = WEIGHTS
    first = np.eye(1, dim)[0]  # [dim]
    mean = narrow * SHIFT * first
    within = wide + narrow * NARROW**2
    squares = within + narrow * SHIFT**2 * first  # [dim]
    fourth = 3 * (wide + narrow * NARROW**4)
    shifted = narrow * (6 * SHIFT**2 * NARROW**2 + SHIFT**4)
    scales = covering_scale(dim) * np.repeat([[1.0], [NARROW]], dim, 1)  # [component, dim]
    means = np.stack([0 * first, SHIFT * first])  # [component, dim]
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density),
        start=np.ones(dim),
        sample=Partial(sample, np.zeros(dim)),
        mean=mean,
        variance=squares - mean**2,
        log_evidence=0.0,
        expectations={
            "x^4": (Partial(coordinate_powers, 4), fourth + shifted * first),
            "narrow": (Partial(responsibility), narrow),
        },
        proposal=MixtureSameFamily(Categorical(probs=np.array(WEIGHTS)), Normal(means, scales).to_event(1)),
        log_bound=1.0,
    )


def components(x: Array) -> tuple[Array, Array]:
    """Return log-densities of the two weighted components at ``x [dim]``."""
    dim = len(x)
    squares = x @ x
    shifted = squares - 2 * SHIFT * x[0] + SHIFT**2
    constant = dim * log(2 * pi) / 2
    wide = log(WEIGHTS[0]) - squares / 2 - constant
    narrow = log(WEIGHTS[1]) - shifted / (2 * NARROW**2) - constant - dim * log(NARROW)
    return wide, narrow


def log_density(x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``."""
    return jnp.logaddexp(*components(x))


def responsibility(x: Array) -> Array:
    """Return the probability that ``x [dim]`` came from the narrow component; its mean is 1/4."""
    wide, narrow = components(x)
    return jax.nn.sigmoid(narrow - wide)


def sample(zeros: Array, key: Key) -> Array:
    """Draw one exact sample ``[dim]``."""
    which_key, normal_key = jax.random.split(key)
    u = jax.random.normal(normal_key, zeros.shape, zeros.dtype)  # [dim]
    is_narrow = jax.random.bernoulli(which_key, WEIGHTS[1])
    return jnp.where(is_narrow, (NARROW * u).at[0].add(SHIFT), u)
