"""Test wrapped kernels of all libraries: checks of samplers, counted cost, warm-up."""

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
from jgen.interop.from_blackjax import BLACKJAX
from jgen.samplers.mcmc.elliptical_slice import relative_density
from jgen.sampling.adaptation import low_rank, window
from jgen.sampling.driver import sample
from jgen.targets import banana
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import cost
from jgen.types import DrawKind, Target
from tests.helpers.random_keys import fresh_key

blackjax = pytest.importorskip("blackjax")
implicit_midpoint = blackjax.mcmc.integrators.implicit_midpoint
stepping_out = blackjax.mcmc.slice.stepping_out
MARKOV = DrawKind.MARKOV


def elliptical(target, scale):
    del scale
    prior = dist.Normal(target.mean, 2 * jnp.sqrt(target.variance)).to_event(1)
    likelihood = Partial(relative_density, target.log_density, prior)
    return from_blackjax(blackjax.elliptical_slice, likelihood, mean=target.mean, cov=4 * target.variance)


def random_walk(target, scale):
    build = blackjax.additive_step_random_walk.normal_random_walk
    return from_blackjax(build, target.log_density, sigma=scale * jnp.sqrt(target.variance))


def blackjax_mala(target, scale):
    return from_blackjax(blackjax.mala, target.log_density, step_size=scale**2 / 2)


def slices(build, width, **options):
    """A slice sampler, whose brackets start as wide as the target's marginals."""

    def make(target, scale):
        return from_blackjax(
            build, target.log_density, **{width: scale * jnp.sqrt(target.variance)}, **options
        )

    return make


def riemannian(target, scale):
    options = {"mass_matrix": target.variance, "num_integration_steps": 4}  # an array is the inverse
    return from_blackjax(blackjax.rmhmc, target.log_density, step_size=scale, **options)


def gist_step_size(target, scale):
    options = {"initial_step_size": scale, "num_integration_steps": 4}
    build = blackjax.gist_step_size
    return from_blackjax(build, target.log_density, inverse_mass_matrix=target.variance, **options)


def built_here(log_density, step_size, inverse_mass_matrix):
    """An algorithm that jgen does not know."""
    return blackjax.hmc(log_density, step_size, inverse_mass_matrix, 4)


def with_variances(wrap, build, **options):
    """The kernel with the target's own variances."""
    return lambda target, scale: wrap(
        build, target.log_density, step_size=scale, inverse_mass_matrix=target.variance, **options
    )


def with_step_size(wrap, build, **options):
    return lambda target, scale: wrap(build, target.log_density, step_size=scale, **options)


KERNELS = {
    "blackjax mala": blackjax_mala,
    "blackjax hmc": with_variances(from_blackjax, blackjax.hmc, num_integration_steps=8),
    "blackjax nuts": with_variances(from_blackjax, blackjax.nuts),
    "blackjax barker": with_variances(from_blackjax, blackjax.barker),
    "blackjax mclmc": with_variances(from_blackjax, blackjax.mclmc, L=2.0, kind=DrawKind.BIASED),
    "blackjax random walk": random_walk,
    "blackjax elliptical slice": elliptical,
    "blackjax coordinate slice": slices(blackjax.coordinate_slice, "initial_widths"),
    "blackjax coordinate slice, stepping out": slices(
        blackjax.coordinate_slice, "initial_widths", interval=stepping_out
    ),
    "blackjax rmhmc": riemannian,
    "blackjax implicit hmc": with_variances(
        from_blackjax, blackjax.hmc, num_integration_steps=4, integrator=implicit_midpoint
    ),
    "blackjax gist step size": gist_step_size,
    "blackjax gist trajectory length": with_variances(
        from_blackjax, blackjax.gist_trajectory_length, max_num_steps=64
    ),
    "blackjax hmc built here": with_variances(from_blackjax, built_here),
    "numpyro hmc": with_variances(from_numpyro, HMC, num_steps=8, trajectory_length=None),
    "numpyro nuts": with_variances(from_numpyro, NUTS),
    "numpyro dense hmc": with_step_size(
        from_numpyro, HMC, num_steps=8, trajectory_length=None, dense_mass=True
    ),
    "numpyro barker": with_step_size(from_numpyro, BarkerMH),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=getattr(pytest.mark, "slow" if "mala" in name else "weekly"))
        for name in KERNELS
    ],
)
def test_wrapped_kernels_pass_all_checks(name):
    check_sampler(KERNELS[name], banana())


COUNTED = (
    "blackjax nuts",
    "blackjax mclmc",
    "blackjax elliptical slice",
    "blackjax coordinate slice",
    "numpyro nuts",
)


@pytest.mark.parametrize(
    "name", [name if name in COUNTED else pytest.param(name, marks=pytest.mark.weekly) for name in KERNELS]
)
def test_evaluations_are_counted(name):
    """Kernels with loops of reported and of unknown length, with two gradients a step, and without any."""
    cost(KERNELS[name], banana(), jax.random.key(0))


def check_cost(module):
    """Check the cost of an algorithm that a changed ``external_kernel`` wraps."""

    def make(target, scale):
        parameters = {"step_size": scale**2 / 2}
        return module.wrap(BLACKJAX, blackjax.mala.differentiable, target.log_density, parameters, MARKOV)

    cost(make, banana(), jax.random.key(0))


def check_running_cost(module):
    """Check the cost of slices, which evaluate side by side, and of a trajectory with an unknown length."""

    def make_slices(target, scale):
        del scale
        return module.wrap(BLACKJAX, blackjax.slice_sampling.differentiable, target.log_density, {}, MARKOV)

    def make_trajectory(target, scale):
        parameters = {"step_size": scale, "inverse_mass_matrix": target.variance}
        build = blackjax.gist_trajectory_length.differentiable
        return module.wrap(BLACKJAX, build, target.log_density, parameters, MARKOV)

    cost(make_slices, banana(), jax.random.key(0))
    cost(make_trajectory, banana(), jax.random.key(0))


SCALES = jnp.array([0.1, 10.0])


def unequal(scales, x):
    return -0.5 * jnp.sum((x / scales) ** 2)


def warmed_up(name, adaptation, num_chains):
    """The inverse mass matrix ``[dim, dim]``; the square roots of its diagonal should be the scales."""
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
    """By the last window 64 chains are independent of their start. If none moved from then on, the quotient
    of their variances, over the truth, would be F with 63 and 63 degrees of freedom; that they move only
    narrows it. By its quantiles for 1e-6 the ratio of scales is 100 up to a factor of 1.9."""
    matrix = warmed_up(name, window(0.6, dense=dense), 64)
    factor = np.sqrt(stats.f.isf(5e-7, 63, 63))
    assert 1 / factor < np.sqrt(matrix[1, 1] / matrix[0, 0]) / 100 < factor


@pytest.mark.weekly
@pytest.mark.parametrize("name", ["blackjax hmc", "numpyro dense hmc"])
def test_low_rank_sets_a_full_matrix(name):
    """Gradients are -x / s^2, so that the matrix from draws and gradients is exact for any draws."""
    matrix = warmed_up(name, low_rank(0.6, rank=1), 8)
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), SCALES, rtol=1e-2)  # the ridge, and a shift of means


def test_a_kernel_of_variances_rejects_a_full_matrix():
    with pytest.raises(ValueError, match="build it with dense_mass=True"):
        warmed_up("numpyro hmc", low_rank(rank=1), 2)
