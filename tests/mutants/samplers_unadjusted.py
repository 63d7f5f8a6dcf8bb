"""Mutants of unadjusted kernels and of gradients from batches of data."""

from functools import partial

import jax

from jgen.targets import banana, standard_gaussian
from jgen.testing.sampler_checks import bias, invariance, metropolised, nan_robustness
from tests.helpers.mutant import Mutant
from tests.helpers.random_keys import fresh_key
from tests.samplers.test_stochastic_gradient import check_indices, check_mean

LANGEVIN, MCLMC = "samplers.unadjusted.langevin", "samplers.unadjusted.mclmc"
SGLD, SGHMC = "samplers.unadjusted.sgld", "samplers.unadjusted.sghmc"
MICROCANONICAL, BATCHES = "samplers.microcanonical", "samplers.stochastic_gradient"
ACCEPT, PROPOSAL = "samplers.accept", "samplers.langevin_proposal"
MOVES = ("select_tree(energy_error < jnp.inf, moved", "select_tree(energy_error > -jnp.inf, moved")
LESS_NOISE = ("(factor, noise +", "(factor, 0.5**0.5 * noise +")
NO_CHECK = " & jnp.all(jnp.isfinite(moved.gradient))"


def aim(module):
    return lambda target, scale: module.recipe(target, scale).sampler


def check_energy_error(module):
    invariance(metropolised(aim(module)), standard_gaussian(2), fresh_key())


def check_variance(module):
    def stated(scale):
        return module.recipe(standard_gaussian(2), scale).biased_variance

    options = {"scales": (1.0,), "num_chains": 4000, "num_steps": 64}
    bias(aim(module), banana(), fresh_key(), biased_variance=stated, **options)


def check_nan(module):
    nan_robustness(aim(module), banana(), jax.random.key(12))


of_energy = partial(Mutant, check=check_energy_error, match="does not leave")
of_variance = partial(Mutant, check=check_variance, match="the bias is not the one that the kernel states")
of_nan = partial(Mutant, check=check_nan)
of_mean = partial(Mutant, BATCHES, check=check_mean)
MUTANTS = {
    "Langevin, noise of sqrt(e), by its variance": of_variance(PROPOSAL, *LESS_NOISE, LANGEVIN),
    "Langevin, the force twice, by its variance": of_variance(
        PROPOSAL, "half_force = 0.5 *", "half_force =", LANGEVIN
    ),
    "SGLD, noise of sqrt(e), by its variance": of_variance(SGLD, *LESS_NOISE),
    "8 SGLD, a key used twice, by its variance": of_variance(SGLD, "= jax.random.split(key)", "= key, key"),
    "SGLD, the first batch for ever, by its variance": of_variance(
        SGLD, "(estimate, batch_key)", "(estimate, jax.random.key(0))"
    ),
    "SGHMC, noise for half the friction, by its variance": of_variance(
        SGHMC, "(2 * friction -", "(friction -"
    ),
    "SGHMC, noise of the gradient added to its heat, by its variance": of_variance(
        SGHMC, "2 * friction - step_size**2 *", "2 * friction + step_size**2 *"
    ),
    "SGHMC, no friction, by its variance": of_variance(SGHMC, "(1 - friction).as", "(1 - 0 * friction).as"),
    "8 SGHMC, a key used twice, by its variance": of_variance(
        SGHMC, "noise_key, batch_key = jax.random.split(key)", "noise_key, batch_key = key, key"
    ),
    "Langevin, noise of sqrt(e)": of_energy(PROPOSAL, *LESS_NOISE, LANGEVIN),
    "Langevin, energy error reversed": of_energy(LANGEVIN, "(usable, -log_ratio", "(usable, log_ratio"),
    "Langevin, gradient left behind": of_energy(
        PROPOSAL, "value, gradient,", "value, state.gradient,", LANGEVIN
    ),
    "MCLMC, kinetic energy forgotten": of_energy(MICROCANONICAL, "+ first_gain + second_gain ", "", MCLMC),
    "MCLMC, a direction of another length": of_energy(MCLMC, " / jnp.linalg.norm(direction)", ""),
    "MCLMC, gradient left behind": of_energy(MCLMC, "end.gradient, end", "state.gradient, end"),
    "Langevin, a NaN followed": of_nan(ACCEPT, *MOVES, LANGEVIN),
    "MCLMC, a NaN followed": of_nan(ACCEPT, *MOVES, MCLMC),
    "SGLD, a NaN followed": of_nan(BATCHES, NO_CHECK, " | True", SGLD),
    "SGHMC, a NaN gradient followed": of_nan(BATCHES, NO_CHECK, "", SGHMC),
    "minibatch, likelihood not scaled by N / B": of_mean("num_data / len(indices) * jnp.sum", "jnp.sum"),
    "minibatch, prior scaled too": of_mean(
        "log_prior(position) + num_data / len(indices) * jnp.sum(terms)",
        "num_data / len(indices) * (log_prior(position) + jnp.sum(terms))",
    ),
    "minibatch, a batch of the first data only": Mutant(
        BATCHES, "0, len(jax.tree.leaves(data)[0]))", "0, batch_size)", check=check_indices
    ),
}
