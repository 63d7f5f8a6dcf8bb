"""Mutants of annealed importance sampling, SMC, tempering, and what they are made of."""

from functools import partial

from jgen.targets import double_well, rastrigin
from jgen.testing.sampler_checks import importance_weights
from tests.diagnostics.weights.test_resampling import check_copies, check_probabilities
from tests.evaluation.evidence.test_thermodynamic import check_rule
from tests.helpers.mutant import Mutant
from tests.helpers.random_keys import fresh_key
from tests.helpers.tempered_gaussian import LOG_Z, check_estimate
from tests.samplers.populations.test_smc import BETAS, check_weights
from tests.samplers.populations.test_tempering import check_distributions, check_ratios
from tests.samplers.test_tempering_schedule import check_schedule

ANNEALED, SMC = "samplers.populations.annealed", "samplers.populations.smc"
RESAMPLING = ("diagnostics.weights.resampling", "floor[middle] - whole", "floor[middle] - whole - 1")


def check_recipe(module):
    """Check the weights on two targets: what the first misses, the second shows."""
    for target in (double_well(), rastrigin()):
        importance_weights(lambda target, scale: module.recipe(target, scale).sampler, target, fresh_key())


weighted = partial(Mutant, check=check_recipe)
tempered = partial(Mutant, "samplers.populations.tempering", check=check_distributions)
MUTANTS = {
    "annealed, increment taken at the new point": weighted(
        ANNEALED,
        "        ratio, invalid = annealing_path.log",
        "        position, _ = annealing_path.move(path, kernel, num_steps, after, key, position)\n"
        "        ratio, invalid = annealing_path.log",
    ),
    "annealed, kernel of the temperature before": weighted(ANNEALED, "num_steps, after", "num_steps, before"),
    "SMC, weights kept after resampling": weighted(SMC, "(is_low, log_mean,", "(is_low, log_weight,"),
    "SMC, kernel of the temperature before": weighted(SMC, "move_all(make, after", "move_all(make, beta"),
    "4 SMC, the ESS criterion turned round": Mutant(
        "samplers.tempering_schedule", "> jnp.log(ess", "< jnp.log(ess", check=check_schedule
    ),
    "11 systematic resampling, off by one": Mutant(*RESAMPLING, check=check_copies),
    "11 stratified resampling, off by one": Mutant(
        *RESAMPLING, check=lambda module: check_probabilities(module, "stratified")
    ),
    "11 multinomial resampling, off by one": Mutant(
        *RESAMPLING, check=lambda module: check_probabilities(module, "multinomial")
    ),
    "11 SMC, resampling off by one": Mutant(
        *RESAMPLING,
        check=lambda module: check_weights(betas=BETAS, resample=module.systematic, resample_below=1.0),
    ),
    "10 tempering, a rejected swap exchanges temperatures": tempered(
        "& (log_u < log_acceptance)", "& (log_u < jnp.inf)"
    ),
    "tempering, swap ratio reversed": tempered("(ratio[:-1] - ratio[1:])", "(ratio[1:] - ratio[:-1])"),
    "tempering, kernel of the temperature below": tempered("(betas[1:], keys", "(betas[:-1], keys"),
    "10 tempering, log ratios left behind by a swap": tempered(
        '"log_ratio": ratio[source]', '"log_ratio": ratio', check=check_ratios
    ),
    "stepping stones, weighed at the temperature above": Mutant(
        "evaluation.evidence.stepping_stones",
        "rise * ratio[..., :-1]",
        "rise * ratio[..., 1:]",
        check=lambda module: check_estimate(module.stepping_stones, LOG_Z),
    ),
    "thermodynamic integration, correction with its sign turned": Mutant(
        "evaluation.evidence.thermodynamic",
        "- rise**2 / 12",
        "+ rise**2 / 12",
        check=check_rule,
    ),
}
