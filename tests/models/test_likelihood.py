"""Check lower bounds against exact log p(x), and bits per dimension under scaling."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy import stats

from jgen.evaluation.results import compare, mean_result
from jgen.models import Network, autoencoder, bits_per_dimension, linear_vae, log_prob_bound, ppca
from jgen.models.linear_gaussian import exact_posterior, linear_log_prob
from jgen.testing import count_compilations
from tests.helpers.model_parts import nothing, random_params, unit_normal

KEY = jax.random.key(0)
MODEL = linear_vae(4, 2)
WIDTH = 1.5


def wide(params, x):
    exact = exact_posterior(params, x)
    return dist.MultivariateNormal(exact.mean, scale_tril=WIDTH * exact.scale_tril)


WIDE = MODEL._replace(encoder=Partial(wide))


def some_params():
    return random_params(MODEL.init)


def some_rows(count=50):
    return jax.random.normal(jax.random.key(1), (count, 4))


def bounds(num_particles, x=None, **options):
    return log_prob_bound(WIDE, some_params(), some_rows() if x is None else x, KEY, num_particles, **options)


@pytest.mark.slow
def test_under_the_exact_posterior_every_bound_is_log_p(x64, digits):  # noqa: ARG001
    """So the bound is log p(x) whatever the draws: a term dropped, or a particle counted twice, shows."""
    fit, x = ppca(digits, 5), jnp.asarray(digits[:5])
    found = log_prob_bound(fit.model, fit.params, x, KEY, 7, batch_size=3, chunk_size=3)
    np.testing.assert_allclose(found.values, linear_log_prob(fit.params, x), rtol=1e-9)


def test_without_encoder_the_prior_is_the_proposal_and_weights_are_unbiased(x64):  # noqa: ARG001
    """E[exp(L_1 - log p(x))] = 1: 5 standard errors are two false alarms in a million."""
    x = jnp.broadcast_to(some_rows(1), (4000, 4))
    found = log_prob_bound(MODEL._replace(encoder=None), some_params(), x, KEY, 1)
    ratio = np.exp(found.values - np.asarray(linear_log_prob(some_params(), x)))
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(len(ratio))
    assert found.values.std() > 0.05  # the prior is not the posterior
    assert found.protocol["proposal"] == "prior"


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
def test_bounds_rise_to_the_exact_value_at_the_expected_rate(x64):  # noqa: ARG001
    r"""q is the posterior, 1.5 times as wide in each of two directions.

    So :math:`L_1` is off by KL(q, p) = 2 ((c^2 - 1)/2 - log c), and :math:`L_K` by var(w) / 2K + O(1/K^2)
    with var(w) = (c^2 / sqrt(2 c^2 - 1))^2 - 1 (delta method); 5 standard errors are two false alarms in a
    million.
    """
    x = some_rows(2000)
    exact = np.asarray(linear_log_prob(some_params(), x))
    gaps = [bounds(count, x).values - exact for count in (1, 16)]
    with count_compilations() as compiled:
        gaps.append(bounds(256, x).values - exact)
    assert compiled == []
    variance = WIDTH**4 / (2 * WIDTH**2 - 1) - 1
    truths = 2 * np.log(WIDTH) + 1 - WIDTH**2, -variance / 32, -variance / 512
    for gap, truth, rest in zip(gaps, truths, (0.0, 1 / 16**2, 1 / 256**2), strict=True):
        assert abs(gap.mean() - truth) < 5 * gap.std() / np.sqrt(len(gap)) + rest


def test_chunks_do_not_matter_and_particles_are_reused(x64):  # noqa: ARG001
    np.testing.assert_allclose(bounds(16, chunk_size=5).values, bounds(16).values, rtol=1e-12)
    one, two = bounds(1).values, bounds(2, chunk_size=1).values
    assert (two >= one - np.log(2)).all()  # the first of the two is the one of before
    assert (two != one).all()


def test_bounds_are_results_with_protocols(x64):  # noqa: ARG001
    few, many = (mean_result(*bounds(count, chunk_size=1)) for count in (2, 4))
    assert (few.n, few.protocol["bound"]) == (50, "lower")
    with pytest.raises(ValueError, match="num_particles is 4 and 2"):
        compare(many, few)


POINTS = autoencoder(Network(nothing, unit_normal), Network(nothing, unit_normal), 4, (4,))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bounds(0), "at least 1"),
        (lambda: bounds(1, chunk_size=0), "at least 1"),
        (lambda: bounds(1, some_rows(0)), "at least one example"),
        (lambda: log_prob_bound(POINTS, POINTS.init(KEY), some_rows(), KEY, 1), "point"),
        (lambda: bits_per_dimension(0.0, 0), "at least 1"),
        (lambda: bits_per_dimension(0.0, 3, step=0.0), "positive"),
        (lambda: bits_per_dimension(0.0, 3, step=np.ones(2)), "num_dims"),
    ],
)
def test_invalid_arguments_are_rejected(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_bits_do_not_depend_on_the_scaling(x64, rng):  # noqa: ARG001
    """A Gaussian model of dequantised values, and the same model of the values scaled and moved."""
    values = rng.integers(0, 17, (20, 5)) + rng.random((20, 5))
    mean, scale, step = rng.normal(8, 2, 5), 1 + rng.random(5), 0.01 + rng.random(5)
    raw = stats.norm(mean, scale).logpdf(values).sum(1)
    moved = stats.norm(step * mean - 3, step * scale).logpdf(step * values - 3).sum(1)
    one = stats.norm(mean / 17, scale / 17).logpdf(values / 17).sum(1)
    found = [bits_per_dimension(moved, 5, step=step), bits_per_dimension(one, 5, step=1 / 17)]
    np.testing.assert_allclose(found, 2 * [bits_per_dimension(raw, 5)], rtol=1e-12)


def test_bits_of_discrete_values_are_their_entropy_and_of_densities_no_fewer(x64, rng):  # noqa: ARG001
    """A density flat on each bin has the bits of the bins; one that is not has more, by Jensen."""
    probabilities = np.array([0.5, 0.25, 0.125, 0.125])
    values = rng.choice(4, 100_000, p=probabilities)
    entropy = -(probabilities * np.log2(probabilities)).sum()  # 1.75 bits
    flat = bits_per_dimension(np.log(probabilities * 4)[values], 1, step=1 / 4)  # as a density on [0, 1)
    assert abs(flat.mean() - entropy) < 5 * flat.std() / np.sqrt(len(values))
    np.testing.assert_allclose(bits_per_dimension(np.log(probabilities), 1), -np.log2(probabilities))
    tilted = np.log(probabilities * 4)[values] + np.log(2 * rng.random(100_000))  # density 2u within each bin
    assert bits_per_dimension(tilted, 1, step=1 / 4).mean() > entropy
