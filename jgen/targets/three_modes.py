"""Define three Gaussian modes (flat, upright and diagonal) and their mirror images."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Categorical, MixtureSameFamily

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import covering_scale, first_product, make_target
from jgen.types import Array, Key, Target, Trait

MEANS = ((3.0, 0.0), (-2.5, 0.0), (2.0, 3.0))
COVARIANCES = (((0.7, 0.0), (0.0, 0.05)), ((0.7, 0.0), (0.0, 0.05)), ((1.0, 0.95), (0.95, 1.0)))


def three_modes() -> Target:
    r"""Make three correlated Gaussians in the plane, mixed with their images under a swap of the axes.

    .. math:: p(x) = \tfrac16 \sum_{k=1}^3 N(x; m_k, S_k) + N(Px; m_k, S_k), \qquad P = swap

    with means (3, 0), (-2.5, 0), (2, 3) and covariances diag(.7, .05) twice and [[1, .95], [.95, 1]].
    No single inverse mass matrix suits it.

    The proposal widens every component by s = e^{1/2}, so ``log_bound = 1`` is safe (the ratio of two
    mixtures is at most the largest ratio of components); the least bound is lower.

    Returns:
        The target; its position is an array ``[2]``. log Z = 0.

    Example:
        >>> target = three_modes()
        >>> print(target.mean.round(4))
        [0.9167 0.9167]

    Reference:
        Closed form.
    """
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    means = np.array(MEANS)
    means = np.concatenate([means, means @ swap])  # [mode, axis]
    covariances = np.array(COVARIANCES)
    covariances = np.concatenate([covariances, swap @ covariances @ swap])  # [mode, axis, axis]
    factors = np.linalg.cholesky(covariances)  # [mode, axis, axis]
    mean = means.mean(0)
    second = covariances + means[:, :, None] * means[:, None, :]  # [mode, axis, axis]
    cover = MultivariateNormal(means, scale_tril=covering_scale(2) * factors)
    log_dets = np.log(np.linalg.det(covariances)) / 2
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, means, np.linalg.inv(factors), -log_dets - log(2 * pi) - log(6)),
        start=np.ones(2),
        sample=Partial(sample, means, factors),
        mean=mean,
        variance=np.diag(second.mean(0)) - mean**2,
        log_evidence=0.0,
        expectations={"x0 x1": (Partial(first_product), second.mean(0)[0, 1])},
        proposal=MixtureSameFamily(Categorical(probs=np.full(6, 1 / 6)), cover),
        log_bound=1.0,
    )


def log_density(means: Array, whiteners: Array, log_weights: Array, x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [2]``."""
    u = jnp.einsum("kij,kj->ki", whiteners, x[None] - means, precision="highest")  # [mode, axis]
    return jax.nn.logsumexp(log_weights - jnp.square(u).sum(1) / 2)


def sample(means: Array, factors: Array, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    mode_key, normal_key = jax.random.split(key)
    mode = jax.random.randint(mode_key, (), 0, len(means))
    u = jax.random.normal(normal_key, (2,), means.dtype)
    return means[mode] + jnp.matmul(factors[mode], u, precision="highest")
