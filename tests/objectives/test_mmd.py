"""Test the maximum mean discrepancy against closed forms."""

import jax
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from jgen.objectives import imq, mmd, rbf
from jgen.objectives.mmd import mmd_terms
from tests.helpers.linear_gaussian import BLIND, SCALE, SHIFT, exact_params
from tests.helpers.many_keys import assert_mean, outcomes


def mean_rbf(lengths, shift, variance):
    """Compute E k(x, y) where x - y ~ N(shift, variance), in closed form."""
    squared = np.asarray(lengths) ** 2
    total = squared + variance
    return ((squared / total) ** (len(shift) / 2) * np.exp(-(shift @ shift) / (2 * total))).sum()


def exact_mmd(lengths):
    within_codes, within_prior = (mean_rbf(lengths, 0 * SHIFT, 2 * s**2) for s in (SCALE, 1.0))
    return within_codes + within_prior - 2 * mean_rbf(lengths, SHIFT, SCALE**2 + 1)


def check_unbiased(make):
    """Check the mean over keys against the closed form, in float64."""
    with jax.enable_x64(True):
        objective = make(BLIND, kernel=rbf([0.7, 1.5]))
        loss, aux = outcomes(objective, exact_params(), np.zeros((5, 6)))
        assert_mean(loss, exact_mmd([0.7, 1.5]))
        np.testing.assert_allclose(aux["mmd_squared"].mean(1), loss, rtol=1e-9, atol=1e-15)
        assert (np.asarray(loss) < 0).any()


def test_it_is_unbiased():
    check_unbiased(mmd)


@pytest.mark.usefixtures("x64")
def test_the_default_kernel_has_scales_for_the_number_of_latents():
    """c = 2 d (0.1, ..., 10), and d is 2."""
    objectives = mmd(BLIND), mmd(BLIND, kernel=imq([0.4, 0.8, 2.0, 4.0, 8.0, 20.0, 40.0]))
    inputs = exact_params(), np.zeros((5, 6)), jax.random.key(0)
    np.testing.assert_allclose(*(jax.jit(each)(*inputs)[0] for each in objectives), rtol=1e-9)


@pytest.mark.weekly
@pytest.mark.usefixtures("x64")
def test_mmd_of_an_imq_is_unbiased():
    def mean_imq(shift, sd):
        return quad(lambda u: norm.pdf(u) / (1 + (shift + sd * u) ** 2), -12, 12, epsabs=1e-12)[0]

    z, y = (np.random.default_rng(seed).normal(size=(100_000, 4, 1)) for seed in (1, 2))  # small batches
    loss = jax.jit(jax.vmap(lambda z, y: mmd_terms(imq([1.0]), z, y).mean()))(0.5 + 2.0 * z, y)
    assert_mean(loss, mean_imq(0, 8**0.5) + mean_imq(0, 2**0.5) - 2 * mean_imq(0.5, 5**0.5))
