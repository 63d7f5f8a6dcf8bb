"""Test the evidence lower bound on a linear Gaussian model."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.objectives import elbo, iwae, kl_by_coordinate, sampled_kl
from tests.helpers.linear_gaussian import MODEL, data, encoder, exact_params, inexact_params, log_prob
from tests.helpers.many_keys import outcomes, with_gradient


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("objective", [elbo(MODEL, kl=sampled_kl), iwae(MODEL, 4)])
def test_every_draw_is_exact_with_the_exact_posterior(objective):
    params, x = exact_params(), data()
    loss, aux = outcomes(objective, params, x)
    exact = np.broadcast_to(log_prob(params, x), aux["bound"].shape)
    np.testing.assert_allclose(aux["bound"], exact, rtol=1e-12)
    np.testing.assert_allclose(loss, -exact.mean(1), rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_loss_and_bound_equal_their_formulas():
    """The bound does not depend on the options of the loss, and free bits stop the gradient."""
    params, x = inexact_params(), data()
    q = encoder(params, x).base_dist
    parts = (q.scale**2 + q.loc**2 - 1) / 2 - jnp.log(q.scale)  # [batch, coordinate]
    total, coordinates = float(parts.sum(1).mean()), parts.mean(0)
    minimum = float(jnp.sort(coordinates).mean())  # one coordinate is above it, one below
    by_coordinate = float(jnp.maximum(coordinates, minimum).sum())
    cases = [
        ({}, total),
        ({"beta": 3}, 3 * total),
        ({"beta": 0.0}, 0.0),
        ({"free_bits": 0.9 * total}, total),
        ({"free_bits": 2 * total, "beta": 0.5}, total),
        ({"capacity": 0.0}, total),
        ({"capacity": 2 * total, "beta": 10.0}, 10 * total),
        ({"free_bits": minimum, "kl": kl_by_coordinate, "capacity": 100.0}, 100.0 - by_coordinate),
    ]
    results = [with_gradient(elbo(MODEL, **options), params, x) for options, _ in cases]
    plain = results[0][0][1]
    np.testing.assert_allclose(plain["kl"], parts.sum(1), rtol=1e-12)
    for ((loss, aux), _), (_, penalty) in zip(results, cases, strict=True):
        np.testing.assert_allclose(loss, penalty - plain["reconstruction"].mean(), rtol=1e-12)
        np.testing.assert_allclose(aux["bound"], plain["bound"], rtol=1e-13)
    full, none, free = (results[case][1]["encoder"] for case in (0, 2, 4))  # free bits stop the gradient
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), free, none)
    assert not np.allclose(free["weight"], full["weight"])


def shifted_flow(params, x):
    """Return q(z | x) as a flow, exp and log of a Normal: it has intermediates, and the same distribution."""
    exp = dist.transforms.ExpTransform()
    return dist.TransformedDistribution(encoder(params, x).base_dist, [exp, exp.inv]).to_event(1)


@pytest.mark.usefixtures("x64")
def test_a_flow_posterior_is_sampled():
    params, x, key = exact_params(), data(), jax.random.key(3)
    _, aux = jax.jit(elbo(MODEL._replace(encoder=Partial(shifted_flow))))(params, x, key)
    np.testing.assert_allclose(aux["bound"], log_prob(params, x), rtol=1e-11)
