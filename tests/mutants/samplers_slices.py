"""Mutants of slice samplers."""

from functools import partial

from jgen.testing import check_sampler
from tests.helpers.mutant import Mutant
from tests.mutants.samplers_mcmc import invariant, obvious
from tests.samplers.mcmc.test_elliptical_slice import check_bracket
from tests.samplers.mcmc.test_slice_sampler import check_gaussian, check_hills

ELLIPTICAL, SLICE = "samplers.mcmc.elliptical_slice", "samplers.mcmc.slice_sampler"
sliced = partial(Mutant, SLICE, check=lambda module: check_gaussian(module.slice_sampler))
sliced_hills = partial(Mutant, SLICE, check=lambda module: check_hills(module.slice_sampler))
bracketed = partial(Mutant, ELLIPTICAL, "is_below = ellipse.angle < 0", check=check_bracket)


def check_quickly(module):
    """Check on the targets that ``check_sampler`` chooses."""
    check_sampler(lambda target, scale: module.recipe(target, scale).sampler, quick=True)


on_panel = partial(Mutant, check=check_quickly)
MUTANTS = {
    "elliptical slice, threshold at the likelihood itself": obvious(
        ELLIPTICAL, "level = log_uniform(", "level = 0.0 * ("
    ),
    "elliptical slice, a prior mean of zero": invariant(ELLIPTICAL, "mean = gauss", "mean = 0.0 * gauss"),
    "8 elliptical slice, a key used twice": invariant(
        ELLIPTICAL, "    dtype = state", "    angle_key = level_key\n    dtype = state"
    ),
    "slice, a level that is not random": sliced("=log_uniform(level)", "=-jnp.ones_like(level)"),
    "slice, the cap is not divided at random": sliced(
        "(max_step_outs + 1) * share", "(max_step_outs + 1) * 0.5"
    ),
    "slice, a level of half the depth": sliced("=log_uniform(level)", "=0.5 * log_uniform(level)"),
    "8 slice, one key for all": sliced(
        "direction_key, uniform_key, key = jax.random.split(key, 3)", "direction_key = uniform_key = key"
    ),
    "8 slice, every try has the same key": sliced(
        "(interval.key, interval.num_log_densities", "(interval.key, 0"
    ),
    "7 slice, the density of another point": sliced(
        "interval.value.astype(state.log_density.dtype)", "state.log_density"
    ),
    "slice, the position is cut off": sliced_hills("~inside, offset < 0", "~inside, offset >= 0"),
    "slice, only the low end is cut": sliced_hills("jnp.where(shrinks & ~is_below, offset, high)", "high"),
    "slice, each end steps out to the cap": sliced_hills("=max_step_outs - steps_low,", "=max_step_outs,"),
    "slice, one end never steps out": sliced_hills("interval.steps_low > 0", "interval.steps_low > 99"),
    "slice, the position at the middle of the interval": sliced_hills("-width * place", "-0.5 * width"),
    "elliptical slice, the mean left out of the partner": on_panel(
        ELLIPTICAL, "(ellipse.partner - mean) *", "ellipse.partner *"
    ),
    "slice, the wrong end is cut": on_panel(SLICE, "~inside, offset < 0", "~inside, offset >= 0"),
    "elliptical slice, bracket shrunk away from the position": bracketed("is_below = ellipse.angle > 0"),
    "elliptical slice, bracket always shrunk from above": bracketed("is_below = jnp.bool(False)"),
}
