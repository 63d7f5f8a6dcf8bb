"""Define a mixture of 25 narrow Gaussians on a grid."""

from math import erf, inf, log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, MixtureSameFamily, Normal

from jgen.targets.parts import check_options, covering_scale, make_target
from jgen.types import Array, Key, Target, Trait

CENTRES = (-4.0, -2.0, 0.0, 2.0, 4.0)


def grid25(scale: float = 0.05) -> Target:
    r"""Make equal Gaussians of standard deviation ``scale`` about {-4, -2, 0, 2, 4}^2, normalised.

    .. math:: E x = 0, \quad Var x_i = 8 + scale^2, \quad \log Z = 0

    At the default the modes are 40 standard deviations apart: no local kernel crosses.

    The proposal widens every component by s = e^{1/2}, so ``log_bound = 1`` is safe (the ratio of two
    mixtures is at most the largest ratio of components), and close to the least while the modes are apart.

    Args:
        scale: Standard deviation of each mode, above 0.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: ``scale`` is not positive and finite.

    Example:
        >>> target = grid25()
        >>> print(target.variance.round(4))
        [8.0025 8.0025]

    Reference:
        The 25-Gaussian grid of Dumoulin et al., "Adversarially learned inference", ICLR 2017.
    """
    check_options("grid25", "scale > 0, the standard deviation of a mode", 0 < scale < inf, scale=scale)
    edges = (-inf, -3.0, -1.0, 1.0, 3.0, inf)
    below = [sum((1 + erf((edge - m) / scale / sqrt(2))) / 10 for m in CENTRES) for edge in edges]
    cells = np.diff(below)  # [cell]
    means = np.stack(np.meshgrid(CENTRES, CENTRES, indexing="ij"), -1).reshape(25, 2)  # [mode, axis]
    modes = Normal(means, np.full((25, 2), covering_scale(2) * scale)).to_event(1)
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, scale),
        start=np.zeros(2),
        sample=Partial(sample, scale),
        mean=np.zeros(2),
        variance=np.full(2, 8 + scale**2),
        log_evidence=0.0,
        expectations={"weights": (Partial(nearest), np.outer(cells, cells))},
        proposal=MixtureSameFamily(Categorical(probs=np.full(25, 1 / 25)), modes),
        log_bound=1.0,
        source="Dumoulin et al. 2017; closed form",
    )


def log_density(scale: float, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [2]``, a product of two five-mode mixtures."""
    u = (x[:, None] - jnp.array(CENTRES, x.dtype)[None]) / scale  # [axis, mode]
    return jax.nn.logsumexp(-(u**2) / 2, axis=1).sum() - 2 * (log(5) + log(2 * pi) / 2 + jnp.log(scale))


def nearest(x: Array) -> Array:
    """Return the one-hot code ``[5, 5]`` of the mode nearest to ``x [2]``.

    Its mean is 1/25 each while the modes are well separated.
    """
    centres = jnp.array(CENTRES, x.dtype)
    hot = jax.nn.one_hot(jnp.abs(x[:, None] - centres[None]).argmin(1), 5, dtype=x.dtype)  # [axis, mode]
    return hot[0][:, None] * hot[1][None]


def sample(scale: float, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    mode_key, normal_key = jax.random.split(key)
    mode = jax.random.randint(mode_key, (2,), 0, 5)
    return jnp.array(CENTRES)[mode] + scale * jax.random.normal(normal_key, (2,))
