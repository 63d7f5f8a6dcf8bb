"""Check densities, gradients, paths and indices at edges: outside a support, at probabilities of 0 and 1."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

import jgen.distributions as d
from jgen.distributions.parameters import map_parameters

POSITIVE, UNIT = (-1.0, 2.0), (-0.5, 0.3)  # outside and inside a support
FAMILIES = {
    dist.Normal: ((0.3, 1.2), (4.0, -2.0)), dist.Laplace: ((0.3, 1.2), (4.0, -2.0)),
    dist.Cauchy: ((0.3, 1.2), (4.0, -2.0)), dist.StudentT: ((3.0, 0.3, 1.2), (4.0, -2.0)),
    dist.Logistic: ((0.3, 1.2), (4.0, -2.0)), dist.Gumbel: ((0.3, 1.2), (4.0, -2.0)),
    dist.HalfNormal: ((1.2,), POSITIVE), dist.LogNormal: ((0.3, 1.2), POSITIVE),
    dist.Gamma: ((2.0, 1.5), POSITIVE), dist.Exponential: ((1.5,), POSITIVE), dist.Beta: ((2.0, 1.5), UNIT),
    dist.HalfCauchy: ((1.2,), POSITIVE), dist.InverseGamma: ((2.0, 1.5), POSITIVE),
    dist.Weibull: ((1.2, 1.5), POSITIVE), dist.Uniform: ((0.0, 1.0), UNIT), dist.Chi2: ((3.0,), POSITIVE),
    dist.Kumaraswamy: ((2.0, 3.0), UNIT), dist.Pareto: ((0.5, 2.0), POSITIVE),
}  # fmt: skip
"""Family -> its parameters, and one point outside of its support, if there is one, and one inside."""


def test_families_are_those_that_jgen_rebuilds():
    """Detect a continuous family on the line that is registered and has no row."""
    known = {family for family in map_parameters.registry if isinstance(family, type)} - {object}
    vectors = {dist.MultivariateNormal, dist.Independent, dist.Dirichlet}
    discrete = {
        family for family in known if "Bernoulli" in family.__name__ or "Categorical" in family.__name__
    }
    assert known - vectors - discrete - {dist.Poisson} <= set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.usefixtures("x64")
def test_gradients_of_a_mixture_are_those_of_the_components_that_reach_the_point(family):
    """Mix with a normal: outside the family's support only the normal counts, in x and in each parameter.

    Inside, gradients are compared with central differences.
    """
    parameters, points = FAMILIES[family]

    def log_density(parameters, x):
        both = d.mixture([0.25, 0.75], [family(*parameters, validate_args=False), dist.Normal(0.5, 2.0)])
        return d.log_prob_of(both, x)

    gradient = jax.jit(jax.grad(log_density, argnums=(0, 1)))
    for x in points:
        inside = bool(family(*parameters).support(x))
        found = jnp.array(jax.tree.leaves(gradient(parameters, x)))
        values = np.array([*parameters, x])

        def at(values):
            return float(log_density(tuple(values[:-1]), values[-1]))

        step = 1e-6 * np.eye(len(values))
        numeric = [(at(values + h) - at(values - h)) / 2e-6 for h in step]
        np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-7)
        if not inside:
            exact = np.log(0.75) + dist.Normal(0.5, 2.0).log_prob(x)
            np.testing.assert_allclose(at(values), exact, rtol=1e-12)
            np.testing.assert_array_equal(found[:-1], 0.0)


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_nan_has_no_density_and_events_have_their_shape(family):
    """NaN data are no data outside the support; a value that lacks the axes of an event is no event."""
    parameters, points = FAMILIES[family]
    each = family(*parameters)
    assert jnp.isnan(d.log_prob_of(each, jnp.nan))
    three = each.expand((3,)).to_event(1)
    assert jnp.isnan(d.log_prob_of(three, jnp.array([points[1], jnp.nan, points[1]])))
    for shape in ((), (1,), (3, 1)):
        with pytest.raises(ValueError, match=r"ends with the axes of an event, \(3,\)"):
            d.log_prob_of(three, jnp.full(shape, points[1]))


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize(
    ("family", "size"),
    [
        (dist.Normal, 3),
        (dist.Normal, 12),  # more than a chain of selects
        (partial(dist.TruncatedNormal, low=-9.0), 3),
    ],
    ids=["three", "many", "of a function"],
)
def test_indices_count_from_either_end_and_stay_in_range(family, size):
    rows = family(jnp.arange(float(size)), 1.0)
    picked = d.gather(rows, jnp.array([-1, -size, 1]))
    truth = rows.log_prob(0.5)[np.array([-1, -size, 1])]
    np.testing.assert_allclose(d.log_prob_of(picked, 0.5), truth, rtol=1e-6)
    for index in ([size], [-size - 1]):
        with pytest.raises(IndexError, match="between"):
            d.gather(rows, jnp.array(index))
    with pytest.raises(TypeError, match="integer"):
        d.gather(rows, jnp.array([0.7]))
    with pytest.raises(TypeError, match="known integers"):
        d.marginal(rows.to_event(1), [True])


SURE, FAIR, NEVER = (dist.Bernoulli(probs=p) for p in (1.0, 0.5, 0.0))


def test_paths_keep_probabilities_of_zero_and_one():
    """What is impossible at one end is so on the whole path; ends without a common outcome have none."""
    assert [float(d.interpolate(p, FAIR, 0.5).probs) for p in (SURE, NEVER)] == [1.0, 0.0]
    assert float(d.interpolate(SURE, FAIR, 1.0).probs) == 0.5
    tokens = [d.categorical(probs=p) for p in ([0.5, 0.5, 0.0], [0.2, 0.0, 0.8], [0.0, 0.0, 1.0])]
    np.testing.assert_array_equal(d.interpolate(*tokens[:2], 0.3).probs, [1.0, 0.0, 0.0])
    for pair in ((SURE, NEVER), tokens[::2]):
        with pytest.raises(ValueError, match="no outcome is possible"):
            d.interpolate(*pair, 0.5)
        assert np.isnan(jax.jit(d.interpolate)(*pair, 0.5).probs).any()


def test_powers_of_probabilities_do_not_underflow():
    """p^149 of one half is no float32; the tempered distribution is the same coin."""
    assert float(d.temper(FAIR, 149.0).probs) == 0.5
    assert float(jax.jit(d.temper)(FAIR, 149.0).probs) == 0.5
    np.testing.assert_allclose(
        d.temper(dist.Bernoulli(probs=1e-3), 8.0).logits, 8 * np.log(1e-3 / 0.999), rtol=1e-5
    )


@pytest.mark.parametrize("settings", [{"top_p": 0.9}, {"top_k": 2}, {"temperature": 0.5}], ids=str)
def test_a_nan_logit_leaves_no_token(settings):
    """It would sort last, and a broken network look greedy."""
    logits = jnp.array([[0.0, jnp.nan, 1.0, 0.5], [0.0, 2.0, 1.0, 0.5]])
    found = d.truncation(**settings)(logits)
    assert jnp.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], d.truncation(**settings)(logits[1]))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_nuclei_have_their_size_in_half_precision(dtype):
    """Sums of a thousand probabilities are taken in float32: 900 of 1,000 equal tokens make 90 %."""
    found = d.truncation(top_p=0.9)(jnp.zeros(1000, dtype))
    assert found.dtype == dtype
    assert int((found > -jnp.inf).sum()) == 900


GAUSSIANS = {
    "diagonal": (d.gaussian(np.array([1.0, -2.0]), scale=np.array([0.5, 3.0])),
                 d.gaussian(np.array([0.0, 1.0]), scale=np.array([2.0, 1.0]))),
    "full": (d.gaussian(np.array([1.0, -2.0]), covariance=np.array([[2.0, 0.6], [0.6, 1.0]])),
             d.gaussian(np.array([0.0, 1.0]), covariance=np.array([[1.0, -0.2], [-0.2, 0.5]]))),
}  # fmt: skip


@pytest.mark.parametrize("exponent", [-80, 80])
@pytest.mark.parametrize("name", GAUSSIANS)
def test_operations_on_gaussians_have_the_unit_of_the_variable(name, exponent):
    """Distances, products and paths of Gaussians at 2^-80: squares of that are no float32."""
    c = 2.0**exponent
    pair = GAUSSIANS[name]
    tiny = [d.affine(each, 0.0, c) for each in pair]
    np.testing.assert_allclose(d.wasserstein2(*tiny).value, c * d.wasserstein2(*pair).value, rtol=1e-6)
    np.testing.assert_allclose(d.kl(*tiny).value, d.kl(*pair).value, rtol=1e-5)
    for operation in (lambda p, q: d.product(p, q)[0], Partial(d.interpolate, t=0.3)):
        made, expected = operation(*tiny), d.affine(operation(*pair), 0.0, c)
        for ours, truth in zip(jax.tree.leaves(made), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(ours, truth, rtol=1e-5)
    np.testing.assert_allclose(d.product(*tiny)[1], d.product(*pair)[1] - 2 * np.log(c), rtol=1e-5)


DIGITS = {
    "whole numbers": (dist.Gumbel(7.0, 4.0), np.uint8(2), (7 - 2) / 4 - np.exp((7 - 2) / 4) - np.log(4)),
    "half precision": (
        dist.Laplace(0.0, jnp.bfloat16(1.3125)), np.float32(1.0), -1 / 1.3125 - np.log(2 * 1.3125)
    ),
    "Cauchy, far": (dist.Cauchy(), np.float32(1e22), -2 * np.log(1e22) - np.log(np.pi)),
    "Student, far": (dist.StudentT(1.0), np.float32(1e22), -2 * np.log(1e22) - np.log(np.pi)),
    "inverse gamma, near 0": (dist.InverseGamma(1.0, 2.0), np.float32(1e-22), -2e22),
    "beta, large": (
        dist.Beta(1.0, 2.0**20), np.float32(2.0**-20),
        20 * np.log(2) + (2**20 - 1) * np.log1p(-(2.0**-20)),
    ),
    "large logits": (d.categorical(logits=np.full(3, 1e8)), np.int32(1), -np.log(3)),
}  # fmt: skip


@pytest.mark.parametrize("name", DIGITS)
def test_densities_have_their_digits(name):
    distribution, x, truth = DIGITS[name]
    np.testing.assert_allclose(d.log_prob_of(distribution, x), truth, rtol=1e-6)


TWO, THREE = d.bernoulli(probs=np.full(2, 0.5)), d.bernoulli(probs=np.full(3, 0.5))
UNFIT = {
    "log_prob_of": lambda: d.log_prob_of(TWO, jnp.zeros(3)),
    "kl": lambda: d.kl(TWO, THREE), "total_variation": lambda: d.total_variation(TWO, THREE),
    "interpolate": lambda: d.interpolate(TWO, THREE, 0.5),
    "wasserstein2": lambda: d.wasserstein2(dist.Normal(jnp.zeros(2), 1.0), dist.Normal(jnp.zeros(3), 1.0)),
    "symmetrised": lambda: d.symmetrised(d.gaussian(np.zeros(2), scale=1.0), 2).log_prob(jnp.zeros(3)),
    "truncation": lambda: d.truncation(top_k=1)(jnp.float32(0.0)),
    "affine": lambda: d.affine(d.gaussian(0.0, scale=1e-30), 0.0, 1e-30),
    "joint": lambda: d.joint(a=FAIR, b=FAIR).log_prob({"a": jnp.zeros(2), "b": jnp.zeros(3)}),
}  # fmt: skip


@pytest.mark.usefixtures("broadcasting")
@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_is_refused_in_words(name):
    with pytest.raises(ValueError, match=r"broadcast|shape|does not hold|of one"):
        UNFIT[name]()


def test_a_scale_that_is_a_large_whole_number():
    """Twice 2^30 is no int32: -|x - m| / s - log 2 s."""
    scale = 2**30 + 2**29
    found = d.log_prob_of(dist.Laplace(jnp.int32(0), jnp.int32(scale)), jnp.int32(scale))
    np.testing.assert_allclose(found, -1 - np.log(2.0 * scale), rtol=1e-6)
