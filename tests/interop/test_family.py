"""Test wrapped kernels of all libraries: checks of samplers, counted cost, warm-up."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from numpyro.infer import HMC, NUTS, BarkerMH
from scipy import stats

from jgen.interop import from_blackjax, from_numpyro
from jgen.interop.external_kernel import divide, inverse_mass_matrix_of, unite
from jgen.interop.from_blackjax import BLACKJAX
from jgen.samplers.mcmc.elliptical_slice import relative_density
from jgen.sampling.adaptation import low_rank, window
from jgen.sampling.driver import sample
from jgen.targets import banana
from jgen.testing import check_sampler
from jgen.testing.sampler_checks import cost
from jgen.types import DrawKind, Target
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

blackjax = pytest.importorskip("blackjax")
implicit_midpoint = blackjax.mcmc.integrators.implicit_midpoint
stepping_out = blackjax.mcmc.slice.stepping_out


def elliptical(target, _):
    prior = dist.Normal(target.mean, 2 * jnp.sqrt(target.variance)).to_event(1)
    likelihood = Partial(relative_density, target.log_density, prior)
    return from_blackjax(blackjax.elliptical_slice, likelihood, mean=target.mean, cov=4 * target.variance)


def built_here(log_density, step_size, inverse_mass_matrix):
    """An algorithm that jgen does not know."""
    return blackjax.hmc(log_density, step_size, inverse_mass_matrix, 4)


def kernel(library, build, tuning, **options):
    """A kernel with options, and with what depends on the target and the scale."""
    return lambda target, scale: library(build, target.log_density, **tuning(target, scale), **options)


def with_variances(target, scale):
    """The target's own variances."""
    return {"step_size": scale, "inverse_mass_matrix": target.variance}


def with_step_size(_, scale):
    return {"step_size": scale}


def langevin(_, scale):
    return {"step_size": scale**2 / 2}


def random_walk(target, scale):
    return {"sigma": scale * jnp.sqrt(target.variance)}


def slices(target, scale):
    """Brackets that start as wide as the target's marginals."""
    return {"initial_widths": scale * jnp.sqrt(target.variance)}


def riemannian(target, scale):
    return {"step_size": scale, "mass_matrix": target.variance}  # an array is the inverse


def gist(target, scale):
    return {"initial_step_size": scale, "inverse_mass_matrix": target.variance}


ours = functools.partial(kernel, from_blackjax)
theirs = functools.partial(kernel, from_numpyro)
HMC_OPTIONS = {"num_steps": 8, "trajectory_length": None}
KERNELS = {
    "blackjax mala": ours(blackjax.mala, langevin),
    "blackjax hmc": ours(blackjax.hmc, with_variances, num_integration_steps=8),
    "blackjax nuts": ours(blackjax.nuts, with_variances),
    "blackjax barker": ours(blackjax.barker, with_variances),
    "blackjax mclmc": ours(blackjax.mclmc, with_variances, L=2.0, kind=DrawKind.BIASED),
    "blackjax random walk": ours(blackjax.additive_step_random_walk.normal_random_walk, random_walk),
    "blackjax elliptical slice": elliptical,
    "blackjax coordinate slice": ours(blackjax.coordinate_slice, slices),
    "blackjax coordinate slice, stepping out": ours(blackjax.coordinate_slice, slices, interval=stepping_out),
    "blackjax rmhmc": ours(blackjax.rmhmc, riemannian, num_integration_steps=4),
    "blackjax implicit hmc": ours(
        blackjax.hmc, with_variances, num_integration_steps=4, integrator=implicit_midpoint
    ),
    "blackjax gist step size": ours(blackjax.gist_step_size, gist, num_integration_steps=4),
    "blackjax gist trajectory length": ours(
        blackjax.gist_trajectory_length, with_variances, max_num_steps=64
    ),
    "blackjax hmc built here": ours(built_here, with_variances),
    "numpyro hmc": theirs(HMC, with_variances, **HMC_OPTIONS),
    "numpyro nuts": theirs(NUTS, with_variances),
    "numpyro dense hmc": theirs(HMC, with_step_size, **HMC_OPTIONS, dense_mass=True),
    "numpyro barker": theirs(BarkerMH, with_step_size),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", first_of_each(KERNELS))
def test_wrapped_kernels_pass_all_checks(name):
    check_sampler(KERNELS[name], banana())


COUNTED = ("nuts", "mclmc", "elliptical slice", "coordinate slice")


@pytest.mark.parametrize(
    "name",
    [name if name.endswith(COUNTED) else pytest.param(name, marks=pytest.mark.weekly) for name in KERNELS],
)
def test_evaluations_are_counted(name):
    """Kernels with loops of reported and of unknown length, with two gradients a step, and without any."""
    cost(KERNELS[name], banana(), jax.random.key(0))


def check_cost_of(module, build, tuning):
    def wrap(build, log_density, **parameters):
        return module.wrap(BLACKJAX, build.differentiable, log_density, parameters, DrawKind.MARKOV)

    cost(kernel(wrap, build, tuning), banana(), jax.random.key(0))


def check_cost(module):
    """Check the cost of an algorithm that a changed ``external_kernel`` wraps."""
    check_cost_of(module, blackjax.mala, langevin)


def check_running_cost(module):
    """Check the cost of slices, which evaluate side by side, and of a trajectory with an unknown length."""
    check_cost_of(module, blackjax.slice_sampling, lambda *_: {})
    check_cost_of(module, blackjax.gist_trajectory_length, with_variances)


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
    [*itertools.product(["blackjax hmc", "numpyro dense hmc"], [False, True]), ("numpyro hmc", False)],
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


def test_equal_structures_have_other_data():
    (data, structure), (other, same) = (divide({"a": a, "n": 3, "b": jnp.ones(2)}) for a in (0.5, 1.5))
    assert structure == same != divide({"a": 0.5, "n": 4, "b": jnp.ones(2)})[1]
    assert unite(structure, other)["a"] == 1.5
    assert unite(structure, data)["n"] == 3
