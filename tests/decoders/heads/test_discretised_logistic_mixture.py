"""Discretised logistics against SciPy, by enumeration, and in float32 against float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from jgen.decoders.heads import discretised_logistic_mixture as shipped
from tests.helpers.marking import some_in_ci
from tests.helpers.mutant import Bug, plant

NUM_LEVELS, NUM_DRAWS = 9, 20_000
RNG = np.random.default_rng(2)
LOGITS, SCALE = RNG.normal(size=(5, 3)), RNG.uniform(0.3, 4.0, (5, 3))
LOC = RNG.uniform(-3, NUM_LEVELS + 2, (5, 3))  # some means outside the levels
LEVELS = np.arange(NUM_LEVELS)[:, None]


def law_of(module, num_levels=NUM_LEVELS):
    return module.DiscretisedLogistics(
        *(jnp.asarray(x, jnp.result_type(float)) for x in (LOGITS, LOC, SCALE)), num_levels=num_levels
    )


def masses():
    """``[level, element]``: differences of SciPy's CDFs between the edges of open-ended bins."""
    edges = np.concatenate([[-np.inf], np.arange(NUM_LEVELS - 1) + 0.5, [np.inf]])[:, None, None]
    cdf = scipy.stats.logistic.cdf((edges - LOC) / SCALE)
    return (np.diff(cdf, axis=0) * scipy.special.softmax(LOGITS, -1)).sum(-1)


@jax.jit
def told(law, x):
    return law.log_prob(x), law.mean, law.variance, law.sample(jax.random.key(0), (NUM_DRAWS,))


def check(module):
    """Masses, moments and draws."""
    law, truth = law_of(module), masses()
    x = np.concatenate([LEVELS, [[-1.0], [NUM_LEVELS], [2.5], [np.nan]]])
    log_prob, mean, variance, draws = (np.asarray(leaf) for leaf in told(law, jnp.asarray(x)))
    np.testing.assert_allclose(np.exp(log_prob[:NUM_LEVELS]), truth, rtol=1e-9)
    assert (log_prob[NUM_LEVELS:] == -np.inf).all()
    first = (LEVELS * truth).sum(0)
    np.testing.assert_allclose(mean, first, rtol=1e-9)
    np.testing.assert_allclose(variance, ((LEVELS - first) ** 2 * truth).sum(0), rtol=1e-8)
    assert draws.dtype == np.int32
    assert draws.min() >= 0
    assert draws.max() < NUM_LEVELS
    below = (draws[None] <= LEVELS[:, None]).mean(1)  # [level, element]
    bound = np.sqrt(np.log(2 * truth.shape[1] / 1e-6) / (2 * NUM_DRAWS))  # DKW over five elements
    assert np.abs(below - np.cumsum(truth, 0)).max() < bound


@pytest.mark.usefixtures("x64", "broadcasting")
def test_it_is_a_mixture_of_binned_logistics():
    check(shipped)


@pytest.mark.usefixtures("broadcasting")
def test_masses_sum_to_one_whatever_the_parameters():
    """At means a million levels off and scales from the floor to a million, 256 levels, in float32."""
    loc = jnp.array([-1e6, -300.0, 0.0, 0.5, 127.3, 255.0, 1e6])
    scale = jnp.array([shipped.MINIMUM, 1.0, 30.0, 1e3, 1e6])
    loc, scale = (x.reshape(-1, 1) for x in jnp.meshgrid(loc, scale))
    law = shipped.DiscretisedLogistics(jnp.zeros_like(loc), loc, scale, num_levels=256)
    log_prob = np.asarray(jax.jit(lambda law: law.log_prob(jnp.arange(256)[:, None]))(law), float)
    assert np.isfinite(log_prob).all()
    # Each of the two logs of sigmoids rounds at |loc| eps / scale, which only matters where it is small.
    np.testing.assert_allclose(np.exp(log_prob).sum(0), 1, atol=256 * np.finfo(np.float32).eps)


def test_float32_keeps_the_tails_of_float64():
    """Where a difference of CDFs is below rounding, log p still has its digits; so has its gradient."""

    def judged(dtype):
        loc = jnp.asarray([[2.0], [200.0], [200.0], [-50.0]], dtype)
        scale = jnp.asarray([[0.5], [0.7], [100.0], [3.0]], dtype)
        x = jnp.asarray([60, 3, 128, 255])

        def log_prob(loc, scale):
            law = shipped.DiscretisedLogistics(jnp.zeros_like(loc), loc, scale, num_levels=256)
            return law.log_prob(x).sum()

        return [
            np.asarray(leaf, float)
            for leaf in jax.tree.leaves(jax.jit(jax.value_and_grad(log_prob, (0, 1)))(loc, scale))
        ]

    narrow = judged(jnp.float32)
    with jax.enable_x64(True):
        wide = judged(jnp.float64)
    assert wide[0] < -400
    for got, want in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(got, want, rtol=16 * np.finfo(np.float32).eps, atol=1e-12)


@pytest.mark.parametrize(("num_levels", "num_components"), [(17, 3), (1024, 2)])
def test_raw_numbers_of_zero_are_near_the_uniform_law(num_levels, num_components):
    """The divergence its docstring states."""
    head = shipped.DiscretisedLogisticMixture(num_levels, num_components)
    law = head.apply({}, jnp.zeros((1, 1, head.width))).base_dist
    log_prob = jax.jit(jax.vmap(lambda x: law.log_prob(x[None, None])))(jnp.arange(num_levels))
    assert 0 <= -np.asarray(log_prob).mean() - np.log(num_levels) < 0.15


@pytest.mark.usefixtures("x64")
def test_gradients_pass_through_the_mean():
    """That of the scan over levels is that of the sum written out."""

    def written_out(loc):
        law = shipped.DiscretisedLogistics(
            jnp.asarray(LOGITS), loc, jnp.asarray(SCALE), num_levels=NUM_LEVELS
        )
        return sum(x * jnp.exp(law.log_prob(jnp.full(5, x))) for x in range(NUM_LEVELS)).sum()

    def mean(loc):
        law = shipped.DiscretisedLogistics(
            jnp.asarray(LOGITS), loc, jnp.asarray(SCALE), num_levels=NUM_LEVELS
        )
        return law.mean.sum()

    loc = jnp.asarray(LOC)
    np.testing.assert_allclose(
        *jax.jit(lambda x: (jax.grad(mean)(x), jax.grad(written_out)(x)))(loc), rtol=1e-8
    )


bug = partial(Bug, "decoders.heads.discretised_logistic_mixture")
BUGS = {
    "the first bin closed": bug("jnp.where(x <= 0, below_upper", "jnp.where(x < 0, below_upper"),
    "the last bin closed": bug("jnp.where(x >= last, above_lower", "jnp.where(x > last, above_lower"),
    "bins half a level off": bug("log_sigmoid((x + 0.5 - loc) / scale)", "log_sigmoid((x - loc) / scale)"),
    "the width of bins forgotten": bug(" + jnp.log(-jnp.expm1(-1 / scale))", ""),
    "draws rounded down": bug("jnp.ceil(x - 0.5)", "jnp.floor(x)"),
    "draws not clipped": bug("jnp.clip(jnp.ceil(x - 0.5), 0, self.num_levels - 1)", "jnp.ceil(x - 0.5)"),
    "weights not normalised": bug("jax.nn.log_softmax(logits) + mass", "logits + mass"),
    "one component for all draws": bug("component, -1)[..., 0]", "0 * component, -1)[..., 0]"),
    "the mean of what is not cut off": bug(
        "(self.loc - level - 0.5) / self.scale",
        "(self.loc - level) / self.scale",
    ),
    "levels between levels let in": bug(" & (level == jnp.floor(level))", ""),
}


@pytest.mark.usefixtures("x64", "broadcasting")
@pytest.mark.parametrize("name", some_in_ci(BUGS, 3))
def test_planted_bugs_are_caught(kills, name):
    module = plant(BUGS[name])
    with kills(f"discretised logistics: {name}", error=AssertionError):
        check(module)
