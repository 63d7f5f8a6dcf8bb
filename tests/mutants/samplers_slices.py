"""Mutants of slice samplers."""

from functools import partial

from tests.helpers.mutant import Mutant
from tests.mutants.samplers_mcmc import invariant, obvious
from tests.samplers.mcmc.test_elliptical_slice import check_bracket
from tests.samplers.mcmc.test_slice_sampler import check_gaussian, check_hills

ELLIPTICAL_SLICE, SLICE_SAMPLER = "samplers.mcmc.elliptical_slice", "samplers.mcmc.slice_sampler"
sliced = partial(Mutant, SLICE_SAMPLER, check=lambda module: check_gaussian(module.slice_sampler))
sliced_hills = partial(Mutant, SLICE_SAMPLER, check=lambda module: check_hills(module.slice_sampler))
MUTANTS = {
    "elliptical slice, threshold at the likelihood itself": obvious(
        ELLIPTICAL_SLICE,
        "threshold = state.log_density + log_uniform(",
        "threshold = state.log_density + 0.0 * (",
    ),
    "elliptical slice, a prior mean of zero": invariant(
        ELLIPTICAL_SLICE, "mean = gaussian_parameters(prior)[0]", "mean = 0.0 * gaussian_parameters(prior)[0]"
    ),
    "8 elliptical slice, a key used twice": invariant(
        ELLIPTICAL_SLICE,
        "    dtype = state.log_density.dtype\n",
        "    dtype, angle_key = state.log_density.dtype, threshold_key\n",
    ),
    "slice, a level that is not random": sliced(
        "threshold=state.log_density + log_uniform(level)", "threshold=state.log_density - 1.0"
    ),
    "slice, the cap is not divided at random": sliced(
        "jnp.floor((max_step_outs + 1) * share)", "jnp.floor((max_step_outs + 1) * 0.5)"
    ),
    "slice, a level of half the depth": sliced(
        "state.log_density + log_uniform(level)", "state.log_density + 0.5 * log_uniform(level)"
    ),
    "8 slice, one key for all": sliced(
        "direction_key, uniform_key, key = jax.random.split(key, 3)", "direction_key = uniform_key = key"
    ),
    "8 slice, every try has the same key": sliced(
        "step_uniforms(interval.key, interval.num_log_densities, ", "step_uniforms(interval.key, 0, "
    ),
    "7 slice, the density of another point": sliced(
        "interval.value.astype(state.log_density.dtype)", "state.log_density"
    ),
    "slice, the position is cut off": sliced_hills(
        "is_below = is_inner & ~inside, offset < 0", "is_below = is_inner & ~inside, offset >= 0"
    ),
    "slice, only the low end is cut": sliced_hills("jnp.where(shrinks & ~is_below, offset, high)", "high"),
    "slice, each end steps out to the cap": sliced_hills(
        "steps_high=max_step_outs - steps_low,", "steps_high=max_step_outs,"
    ),
    "slice, one end never steps out": sliced_hills(
        "is_low = interval.steps_low > 0", "is_low = interval.steps_low > 99"
    ),
    "slice, the position at the middle of the interval": sliced_hills(
        "low = -width * place", "low = -0.5 * width"
    ),
    "elliptical slice, bracket shrunk away from the position": Mutant(
        ELLIPTICAL_SLICE, "is_below = ellipse.angle < 0", "is_below = ellipse.angle > 0", check=check_bracket
    ),
    "elliptical slice, bracket always shrunk from above": Mutant(
        ELLIPTICAL_SLICE, "is_below = ellipse.angle < 0", "is_below = jnp.bool(False)", check=check_bracket
    ),
}
