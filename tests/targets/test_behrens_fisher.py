"""Check the Behrens-Fisher posterior on a grid and by its two Student distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from jgen.targets import behrens_fisher
from tests.helpers.quadrature import TOLERANCE, line

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
def test_moments_on_a_grid():
    """Integrate each sample apart, as their posteriors are independent, over a mean and a log-scale."""
    target = behrens_fisher()
    (y,) = target.log_density.args
    axes = [jnp.asarray(a.ravel()) for a in np.meshgrid(line(-15, 19, 0.05), line(-2, 4.5, 0.05))]

    @jax.jit
    def weigh(mean, log_scale):
        half = jnp.stack([mean, mean, log_scale, log_scale])
        alone = [y.at[k].set(0.0) for k in (1, 0)]  # the other sample is all 0, so that it only adds
        rest = target.log_density.func(jnp.zeros_like(y), half) / 2
        return jnp.stack([target.log_density.func(each, half) - rest for each in alone])

    log_weights = np.asarray(jax.vmap(weigh)(*axes))  # [node, sample]
    weights = np.exp(log_weights) * 0.05**2
    mass = weights.sum(0)
    np.testing.assert_allclose(target.log_evidence, np.log(mass).sum(), atol=TOLERANCE)
    weights /= mass
    rows = np.stack(axes, 1)
    mean = rows.T @ weights  # [mean or log-scale, sample]
    np.testing.assert_allclose(target.mean, mean.ravel(), atol=1e-6)  # tails of t_9
    np.testing.assert_allclose(np.exp(2 * rows[:, 1]) @ weights, target.expectations["sigma^2"][1], atol=1e-6)


def test_probability_by_two_student_distributions():
    """Integrate a t distribution function under a t density: the probability of the larger mean."""
    target = behrens_fisher()
    (y,) = (np.asarray(each) for each in target.log_density.args)
    first, second = (stats.t(9, each.mean(), each.std(ddof=1) / np.sqrt(10)) for each in y)
    found = integrate.quad(lambda x: second.sf(x) * first.pdf(x), -40, 40, points=[0, 2], limit=200)[0]
    np.testing.assert_allclose(target.expectations["second is better"][1], found, atol=TOLERANCE)
    np.testing.assert_allclose(target.variance[:2], [first.var(), second.var()], rtol=TOLERANCE)
