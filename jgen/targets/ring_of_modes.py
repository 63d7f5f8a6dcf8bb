"""Define a mixture of eight Gaussians on a circle, used to study mode collapse."""

from math import inf, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, MixtureSameFamily, Normal

from jgen.targets.parts import check_options, covering_scale, make_target, norm_to_the_fourth
from jgen.types import Array, Key, Target, Trait


def ring_of_modes(modes: int = 8, radius: float = 3.0, scale: float = 0.3) -> Target:
    r"""Make an equal mixture of N(R (cos, sin)(2 pi k / K), s^2 I), k = 1 .. K, normalised.

    .. math:: E x = 0, \quad Var x_i = R^2 / 2 + s^2, \quad E |x|^4 = R^4 + 8 R^2 s^2 + 8 s^4, \quad
        \log Z = 0

    At the default neighbouring modes are 7.6 standard deviations apart.

    The proposal widens every component by s = e^{1/2}, so ``log_bound = 1`` is safe (the ratio of two
    mixtures is at most the largest ratio of components), and close to the least while the modes are apart.

    Args:
        modes: K, at least 3: with two, the variances along and across their line differ.
        radius: R, not negative.
        scale: s, the standard deviation of each mode, above 0.

    Returns:
        The target; its position is an array ``[2]``.

    Raises:
        ValueError: There are fewer than 3 modes, ``radius`` is negative or ``scale`` not positive.

    Example:
        >>> round(float(ring_of_modes().variance[0]), 2)
        4.59

    Reference:
        Metz et al., "Unrolled generative adversarial networks", ICLR 2017 (the ring). Closed form.
    """
    needs = "modes >= 3, radius >= 0 and scale > 0"
    fulfilled = modes >= 3 and 0 <= radius < inf and 0 < scale < inf
    check_options("ring_of_modes", needs, fulfilled, modes=modes, radius=radius, scale=scale)
    angle = 2 * pi * np.arange(1, modes + 1) / modes
    means = radius * np.stack([np.cos(angle), np.sin(angle)], 1)  # [mode, axis]
    wide = Normal(means, np.full((modes, 2), covering_scale(2) * scale)).to_event(1)
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, means, scale),
        start=means[-1],
        sample=Partial(sample, means, scale),
        mean=np.zeros(2),
        variance=np.full(2, radius**2 / 2 + scale**2),
        log_evidence=0.0,
        expectations={
            "|x|^4": (Partial(norm_to_the_fourth), radius**4 + 8 * radius**2 * scale**2 + 8 * scale**4),
            "weights": (Partial(responsibilities, means, scale), np.full(modes, 1 / modes)),
        },
        proposal=MixtureSameFamily(Categorical(probs=np.full(modes, 1 / modes)), wide),
        log_bound=1.0,
        source="Metz et al. 2017; closed form",
    )


def logits(means: Array, scale: float, x: Array) -> Array:
    """Return the log-density of every component at ``x [2]``, but for a constant, ``[mode]``."""
    return -jnp.square((x[None] - means) / scale).sum(1) / 2


def log_density(means: Array, scale: float, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [2]``."""
    return jax.nn.logsumexp(logits(means, scale, x)) - log(2 * pi * len(means)) - 2 * jnp.log(scale)


def responsibilities(means: Array, scale: float, x: Array) -> Array:
    """Return the probability of each mode given ``x [2]``, ``[mode]``; 1/K each on average."""
    return jax.nn.softmax(logits(means, scale, x))


def sample(means: Array, scale: float, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    mode_key, normal_key = jax.random.split(key)
    mode = jax.random.randint(mode_key, (), 0, len(means))
    return means[mode] + scale * jax.random.normal(normal_key, (2,), means.dtype)
