"""Test sums of objectives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jgen.objectives import elbo, kl, reconstruction, sampled_kl, scheduled, weighted
from jgen.objectives.scheduled_objective import Scheduled
from tests.helpers.linear_gaussian import MODEL, data, inexact_params
from tests.helpers.many_keys import with_gradient

KEY = jax.random.key(0)


@pytest.mark.usefixtures("x64")
def test_reconstruction_and_divergence_add_up_to_the_elbo():
    params, x = inexact_params(), data()
    parts = weighted(reconstruction=(1, reconstruction(MODEL)), kl=(0.3, kl(MODEL, by=sampled_kl)))
    (loss, aux), gradient = with_gradient(parts, params, x)
    (whole, exact), of_whole = with_gradient(elbo(MODEL, beta=0.3, kl=sampled_kl), params, x)
    np.testing.assert_allclose(loss, whole, rtol=1e-13)
    for name in ("kl", "reconstruction"):
        np.testing.assert_allclose(aux[name], exact[name], rtol=1e-13)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13), gradient, of_whole)


def linear(weight, params, batch, key):  # noqa: ARG001
    return weight * params, {"bound": batch * params, "mine": batch}


def bare(params, batch, key):  # noqa: ARG001
    return 10.0 * params, {"other": batch}


def ramp(top, step):
    return top * jnp.minimum(step / 10, 1.0)


def scaled(*, scale):
    return Partial(linear, scale)


def test_names_that_several_parts_use_get_a_prefix():
    x = jnp.ones(3)
    _, aux = weighted(a=(1.0, Partial(linear, 1.0)), b=(2.0, bare))(1.0, x, KEY)
    assert sorted(aux) == ["bound", "mine", "other"]
    three = weighted(a=(1.0, Partial(linear, 1.0)), b=(2, bare), c=(-1.0, Partial(linear, 5.0)))
    loss, aux = three(2.0, x, KEY)
    assert sorted(aux) == ["a/bound", "a/mine", "c/bound", "c/mine", "other"]
    assert float(loss) == 2.0 + 40.0 - 10.0
    np.testing.assert_array_equal(aux["c/bound"], 2 * x)  # unweighted


def test_schedules_in_weights_or_parts_make_a_scheduled_sum():
    inner = scheduled(Partial(scaled), scale=Partial(ramp, 4.0))
    objective = weighted(a=(Partial(ramp, 1.0), bare), b=(1.0, inner), c=(3.0, bare))
    assert isinstance(objective, Scheduled)
    losses = [each(1.0, jnp.ones(2), KEY)[0] for each in (*map(objective.at, (0, 5, 1000)), objective)]
    assert losses == [30.0, 37.0, 44.0, 44.0]
    nested = weighted(whole=(2.0, objective), bare=(1.0, bare))
    assert isinstance(nested, Scheduled)
    assert float(nested.at(5)(1.0, jnp.ones(2), KEY)[0]) == 84.0


def test_parts_that_do_not_fit_are_refused():
    for parts, error, complaint in [
        ({"a": bare}, TypeError, "pair"),
        ({}, ValueError, "at least one part"),
        ({"a": (float("nan"), bare)}, ValueError, "weight of a"),
    ]:
        with pytest.raises(error, match=complaint):
            weighted(**parts)
