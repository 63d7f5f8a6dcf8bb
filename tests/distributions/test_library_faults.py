"""Check that draws which a library rounds or cuts off are flagged one by one, and that others are refused."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

from jgen.distributions import affine, joint, log_prob_of
from jgen.distributions.library_faults import checks_draws, is_misplaced
from jgen.distributions.parameters import support_of
from jgen.samplers import direct
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

NUM_DRAWS = 300
MISPLACED = {
    "gammas rounded to 0": dist.Gamma(0.01, 1.0),
    "betas cut off at both ends": dist.Beta(0.01, 0.01),
    "parts of a simplex cut off": dist.Dirichlet(jnp.array([0.01, 0.01, 1.0])),
    "counts above the largest integer": dist.Poisson(1e10),
    "infinite draws": dist.StudentT(0.01),
    "a tail that is 0": dist.TruncatedNormal(1.1, 0.005, low=-1.0, high=1.0),
    "a vector of them": dist.Gamma(jnp.array([0.01, 2.0]), 1.0).to_event(1),
    "a transformed one": affine(dist.Gamma(0.01, 1.0), 0.0, 2.0),
}
IN_PLACE = {
    "gamma": dist.Gamma(2.0, 1.0), "beta": dist.Beta(2.0, 3.0), "simplex": dist.Dirichlet(jnp.ones(3)),
    "counts": dist.Poisson(3.0), "bit": dist.Bernoulli(0.3), "sure": dist.Geometric(1.0),
    "gated": dist.HurdleProbs(dist.Gamma(2.0, 1.0), 0.3), "heavy": dist.StudentT(3.0),
    "one-sided": dist.Levy(0.0, 1.0), "flat": dist.Uniform(0.0, 1.0),
}  # fmt: skip


@jax.jit
def misplaced(member, key):
    draws = member.sample(key, (NUM_DRAWS,))
    return jax.vmap(lambda x: is_misplaced(member, x))(draws)


@pytest.mark.usefixtures("broadcasting", "unoptimised")
@pytest.mark.parametrize("name", first_of_each(MISPLACED, rest="slow"))
def test_misplaced_draws_are_flagged(name):
    member = MISPLACED[name]
    assert checks_draws(member) or isinstance(member, type(MISPLACED["a transformed one"]))
    assert misplaced(member, fresh_key()).mean() > 0.05


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", first_of_each(IN_PLACE, rest="slow"))
def test_good_draws_are_not_flagged(name):
    assert checks_draws(IN_PLACE[name])
    assert not misplaced(IN_PLACE[name], fresh_key()).any()


def test_draws_whose_faults_do_not_show_are_refused():
    """Arc cosines have 181 values where the concentration is a million."""
    direct(dist.VonMises(0.0, 1e3))
    for narrow in (dist.VonMises(0.0, 1e6), dist.VonMises(jnp.zeros(2), 1e6).to_event(1)):
        with pytest.raises(ValueError, match=r"float32 for a concentration above .* use Normal"):
            direct(narrow)
    with pytest.raises(ValueError, match="cannot rebuild"):
        direct(dist.HurdleNegativeBinomial2(0.3, 2.0, 2.0))


def test_supports_outlast_compiled_functions():
    """NumPyro forgets that of a Levy distribution, and an atom at 0 is not positive."""
    assert jax.jit(log_prob_of)(dist.Levy(2.0, 1.0), 1.0) == -jnp.inf
    gated = dist.HurdleProbs(dist.Gamma(2.0, 1.0), 0.3)
    assert support_of(gated) is constraints.nonnegative
    assert jnp.exp(log_prob_of(gated, 0.0)) == pytest.approx(0.3)
    assert joint(scale=dist.HalfNormal(1.0)).log_prob({"scale": jnp.asarray(-1.0)}) == -jnp.inf


@pytest.mark.slow
@pytest.mark.usefixtures("broadcasting", "unoptimised")
def test_a_success_that_is_certain():
    """NumPyro gives the number 0 of failures before it the probability 0."""
    found = log_prob_of(dist.Geometric(1.0), jnp.array([0, 1]))
    assert found.tolist() == [0.0, -jnp.inf]
    assert jax.grad(lambda p: log_prob_of(dist.Geometric(p), 2))(0.25) == pytest.approx(4 - 2 / 0.75)
