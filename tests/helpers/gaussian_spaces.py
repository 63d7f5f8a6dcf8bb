"""Gaussians on R^3 and mixtures of them, in every class, with their parameters in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import scipy.special
import scipy.stats

from jgen.distributions import gaussian, log_prob_of, mixture
from tests.helpers.marking import first_of_each

RNG = np.random.default_rng(1)
DIM = 3


def random_factor(dim=DIM, batch=()):
    factor = np.tril(RNG.normal(size=(*batch, dim, dim)))
    factor[..., range(dim), range(dim)] = 0.5 + RNG.uniform(size=(*batch, dim))
    return factor


MEANS, FACTORS = RNG.normal(size=(4, DIM)), random_factor(batch=(4,))
SCALES, WEIGHTS = RNG.uniform(0.5, 2.0, size=(4, DIM)), RNG.dirichlet(np.ones(4))
TWO = WEIGHTS[:2] / WEIGHTS[:2].sum()
POINTS = RNG.normal(size=(5, DIM))


def spaces():
    """Make every kind of Gaussian on R^3, and of mixture of them."""
    return {
        "diagonal": gaussian(MEANS[0], scale=SCALES[0]),
        "full": gaussian(MEANS[1], scale_tril=FACTORS[1]),
        "mixture of diagonals": mixture(WEIGHTS, gaussian(MEANS, scale=SCALES)),
        "mixture of fulls": mixture(WEIGHTS, gaussian(MEANS, scale_tril=FACTORS)),
        "general mixture": mixture(
            TWO, [gaussian(MEANS[0], scale=SCALES[0]), gaussian(MEANS[1], scale_tril=FACTORS[1])]
        ),
        "NumPyro's own": dist.MixtureSameFamily(
            dist.Categorical(jnp.asarray(WEIGHTS)), gaussian(MEANS, scale_tril=FACTORS)
        ),
    }


NAMES = list(spaces())
BY_KIND = first_of_each(NAMES, family=lambda name: {"diagonal": 0, "full": 1}.get(name, 2))
"""One diagonal, one full Gaussian and one mixture by default; the rest weekly."""


def parts(name):
    """Return weights, means and covariances from the numbers above, not from the code under test."""
    covariances = FACTORS @ np.swapaxes(FACTORS, 1, 2)
    diagonals = SCALES[:, :, None] ** 2 * np.eye(DIM)
    return {
        "diagonal": (np.ones(1), MEANS[:1], diagonals[:1]),
        "full": (np.ones(1), MEANS[1:2], covariances[1:2]),
        "mixture of diagonals": (WEIGHTS, MEANS, diagonals),
        "mixture of fulls": (WEIGHTS, MEANS, covariances),
        "general mixture": (TWO, MEANS[:2], np.stack([diagonals[0], covariances[1]])),
        "NumPyro's own": (WEIGHTS, MEANS, covariances),
    }[name]


def log_density(weights, means, covariances, point):
    components = [scipy.stats.multivariate_normal(m, c) for m, c in zip(means, covariances, strict=True)]
    return scipy.special.logsumexp([component.logpdf(point) for component in components], b=weights)


@jax.jit
def evaluate(distribution, points):
    """Evaluate log densities at points ``[point, dim]``, in one program."""
    return jax.vmap(lambda x: log_prob_of(distribution, x))(points)


def check_density(made, truth, points):
    np.testing.assert_allclose(evaluate(made, points), [truth(x) for x in points], rtol=1e-8, atol=1e-8)
