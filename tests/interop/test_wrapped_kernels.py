"""Kernels of other libraries: the same gate, the same warm-up, whatever the form of the metric."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from numpyro.infer import HMC, NUTS, BarkerMH
from scipy import stats

from jgen.interop import from_blackjax, from_numpyro
from jgen.interop.external_kernel import inverse_mass_matrix_of
from jgen.interop.from_numpyro import retuned
from jgen.samplers.mcmc.elliptical_slice import relative_density
from jgen.samplers.state import Tuning
from jgen.sampling.adaptation import low_rank, window
from jgen.sampling.adaptation.low_rank import LowRankFactor
from jgen.sampling.driver import sample
from jgen.targets import banana
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import cost
from jgen.types import DrawKind, Target
from tests.helpers.mutant import plant
from tests.helpers.random_keys import fresh_key
from tests.mutants.interop import COUNT_BUGS

blackjax = pytest.importorskip("blackjax")


def elliptical(target, scale):
    del scale
    prior = dist.Normal(target.mean, 2 * jnp.sqrt(target.variance)).to_event(1)
    likelihood = Partial(relative_density, target.log_density, prior)
    return from_blackjax(blackjax.elliptical_slice, likelihood, mean=target.mean, cov=4 * target.variance)


def walk(target, scale):
    build = blackjax.additive_step_random_walk.normal_random_walk
    return from_blackjax(build, target.log_density, sigma=scale * jnp.sqrt(target.variance))


def blackjax_mala(target, scale, wrap=from_blackjax):
    return wrap(blackjax.mala, target.log_density, step_size=scale**2 / 2)


def with_metric(wrap, build, **options):
    """The kernel with the target's own variances."""
    return lambda target, scale: wrap(
        build, target.log_density, step_size=scale, inverse_mass_matrix=target.variance, **options
    )


def numpyro_dense_hmc(target, scale):
    options = {"num_steps": 8, "trajectory_length": None, "dense_mass": True}
    return from_numpyro(HMC, target.log_density, step_size=scale, **options)


def numpyro_barker(target, scale):
    return from_numpyro(BarkerMH, target.log_density, step_size=scale)


KERNELS = {
    "blackjax hmc": with_metric(from_blackjax, blackjax.hmc, num_integration_steps=8),
    "blackjax nuts": with_metric(from_blackjax, blackjax.nuts),
    "blackjax barker": with_metric(from_blackjax, blackjax.barker),
    "blackjax mclmc": with_metric(from_blackjax, blackjax.mclmc, L=2.0, kind=DrawKind.BIASED),
    "blackjax random walk": walk,
    "blackjax elliptical slice": elliptical,
    "numpyro hmc": with_metric(from_numpyro, HMC, num_steps=8, trajectory_length=None),
    "numpyro nuts": with_metric(from_numpyro, NUTS),
    "numpyro dense hmc": numpyro_dense_hmc,
    "numpyro barker": numpyro_barker,
}


@pytest.mark.slow
def test_blackjax_mala_keeps_every_law():
    check_sampler(blackjax_mala, banana())


@pytest.mark.weekly
@pytest.mark.parametrize("name", KERNELS)
def test_wrapped_kernels_keep_every_law(name):
    check_sampler(KERNELS[name], banana())


@pytest.mark.weekly
def test_a_wrong_count_is_caught(kills):
    (name, bug), *_ = COUNT_BUGS.items()
    wrap = plant(bug).from_blackjax
    with kills(name):
        cost(lambda target, scale: blackjax_mala(target, scale, wrap), banana(), fresh_key())


SCALES = jnp.array([0.1, 10.0])


def unequal(scales, x):
    return -0.5 * jnp.sum((x / scales) ** 2)


def warmed_up(name, adaptation, num_chains):
    """The metric ``[dim, dim]``; the square roots of its diagonal should be the scales."""
    target = Target(Partial(unequal, SCALES), jnp.zeros(2), variance=jnp.ones(2))
    options = {"num_warmup": 300, "adaptation": adaptation, "position": jnp.zeros((num_chains, 2))}
    run = sample(fresh_key(), KERNELS[name](target, 0.1), num_draws=5, num_chains=num_chains, **options)
    factors = run.state.states.tuning.inverse_mass_factor
    assert all(np.all(leaf == leaf[:1]) for leaf in jax.tree.leaves(factors))
    matrix = inverse_mass_matrix_of(jax.tree.map(lambda leaf: leaf[0], factors))
    return np.diag(matrix) if matrix.ndim == 1 else np.asarray(matrix)


@pytest.mark.weekly
@pytest.mark.parametrize(
    ("name", "dense"),
    [
        ("blackjax hmc", False),
        ("blackjax hmc", True),
        ("numpyro hmc", False),
        ("numpyro dense hmc", False),
        ("numpyro dense hmc", True),
    ],
)
def test_warm_up_tunes_wrapped_kernels(name, dense):
    """By the last window 64 chains have forgotten their start. Were each to stand still from then on, the
    quotient of their variances, over the truth, would be F with 63 and 63 degrees of freedom; that they move
    only narrows it. By its quantiles for 1e-6 the ratio of scales is 100 but for a factor of 1.9."""
    matrix = warmed_up(name, window(0.6, dense=dense), 64)
    off = np.sqrt(stats.f.isf(5e-7, 63, 63))
    assert 1 / off < np.sqrt(matrix[1, 1] / matrix[0, 0]) / 100 < off


@pytest.mark.weekly
@pytest.mark.parametrize("name", ["blackjax hmc", "numpyro dense hmc"])
def test_a_metric_of_few_directions_is_a_matrix_to_wrapped_kernels(name):
    """Gradients are -x / s^2, so that the metric of draws and gradients is exact whatever the draws."""
    matrix = warmed_up(name, low_rank(0.6, rank=1), 8)
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), SCALES, rtol=1e-2)  # the ridge, and a shift of means


def test_a_kernel_of_variances_learns_no_full_matrix():
    with pytest.raises(ValueError, match="build it with dense_mass=True"):
        warmed_up("numpyro hmc", low_rank(rank=1), 2)


def test_a_factor_of_few_directions_is_the_matrix_it_stands_for(x64, rng):
    """And NumPyro's square roots are those of that matrix."""
    vectors = np.linalg.qr(rng.normal(size=(5, 2)))[0]
    left, right, stretch = rng.uniform(0.5, 2.0, 5), rng.uniform(0.5, 2.0, 5), np.array([3.0, 0.2])
    matrix = left[:, None] * (np.eye(5) + vectors @ np.diag(stretch - 1) @ vectors.T) * right
    factor = LowRankFactor(*map(jnp.asarray, (left, right, vectors, stretch)))
    np.testing.assert_allclose(inverse_mass_matrix_of(factor), matrix @ matrix.T, rtol=1e-12)
    kernel = NUTS(potential_fn=lambda x: 0.5 * jnp.sum(x**2), dense_mass=True)
    state = kernel.init(jax.random.key(0), 0, jnp.zeros(5), (), {})
    learned = retuned(state, Tuning(jnp.asarray(0.3), factor)).adapt_state
    root = np.asarray(learned.mass_matrix_sqrt)
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(matrix @ matrix.T), rtol=1e-9)
    np.testing.assert_allclose(learned.mass_matrix_sqrt_inv @ root, np.eye(5), atol=1e-12)
    assert learned.step_size == 0.3
    del x64


def test_a_built_algorithm_or_kernel_is_refused():
    def density(x):
        return -0.5 * jnp.sum(x**2)

    with pytest.raises(TypeError, match="builds the algorithm itself"):
        from_blackjax(blackjax.mala(density, 0.1), density)
    with pytest.raises(TypeError, match="builds the kernel itself"):
        from_numpyro(NUTS(potential_fn=density), density)
    with pytest.raises(TypeError, match="can be hashed"):
        from_blackjax(blackjax.mala, density, step_size={1, 2})
