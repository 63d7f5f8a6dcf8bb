"""Test Rényi's bound against its limits."""

import jax
import numpy as np
import pytest

from jgen.objectives import iwae, renyi
from jgen.objectives.renyi import log_power_mean
from tests.helpers.linear_gaussian import MODEL, inexact_params
from tests.helpers.many_keys import outcomes


@pytest.mark.weekly
@pytest.mark.usefixtures("x64")
def test_it_falls_with_alpha_from_iwae_to_elbo():
    params, x = inexact_params(1, 1), np.array([[0.7], [-1.5]])
    alphas = (-50.0, -1.0, 0.0, 0.5, 1.0, 2.0)
    run = {alpha: outcomes(renyi(MODEL, 2, alpha=alpha), params, x) for alpha in alphas}
    loss, aux = outcomes(iwae(MODEL, 2), params, x)
    for _, other in run.values():
        np.testing.assert_allclose(other["bound"], aux["bound"], rtol=1e-12)  # whatever alpha
    values = np.stack([other["renyi"] for _, other in run.values()])  # [alpha, key, batch]
    assert (np.diff(values, axis=0) < 0).all()  # a power mean falls with alpha, draw by draw
    np.testing.assert_allclose(run[0.0][0], loss, rtol=1e-12)
    np.testing.assert_allclose(run[1.0][1]["renyi"], aux["elbo"], rtol=1e-12)


def test_power_means_keep_digits_near_the_limit():
    log_weight = np.array([[-1e4, 3.0], [-1e4 + 1, 5.0], [-1e4 + 3, -40.0]])
    middle, variance = log_weight.mean(0), log_weight.var(0)
    run = jax.jit(log_power_mean)
    for power in (0.0, 1e-12, -1e-6, 1e-4):
        skew = power**2 * ((log_weight - middle) ** 3).mean(0) / 6
        truth = middle + power * variance / 2 + skew  # the next term is below 1e-7
        np.testing.assert_allclose(run(log_weight, power), truth, rtol=4e-7)
    for power in (1.0, -3.0):
        truth = middle + np.log(np.exp(power * (log_weight - middle)).mean(0)) / power
        np.testing.assert_allclose(run(log_weight, power), truth, rtol=4e-7)
    gradient = jax.jit(jax.grad(lambda logs, power: log_power_mean(logs, power).sum()))
    for power in (0.0, 1e-20):
        np.testing.assert_allclose(gradient(log_weight, power), 1 / 3, rtol=1e-6)
