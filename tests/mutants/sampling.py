"""Mutants of the driver, adaptations and reducers."""

from tests.helpers.mutant import Mutant
from tests.sampling import test_family as runs
from tests.sampling.adaptation import (
    test_chees,
    test_family,
    test_fisher,
    test_ladder,
    test_low_rank,
    test_meads,
    test_per_member,
    test_window,
)
from tests.sampling.reducers import test_bfmi, test_covariance, test_nested_rhat, test_quantiles

PACKAGE = "sampling.adaptation"


def updates_of(name):
    """Return the check of one update a step, of a module that defines this adaptation."""
    return lambda module: test_family.check_updates(getattr(module, name))


def chained(rates, state):
    """Return source that updates dual averaging once a chain."""
    update = "lambda s, rate: dual_averaging_update(s, rate, target)"
    return f'__import__("functools").reduce({update}, {rates}, {state})'


RATES = 'draws.info["acceptance_rate"]'
ADAPTATION = {
    "window, variances not centred": Mutant(
        f"{PACKAGE}.growing_windows",
        "within, between = scatter(rows - mean[None])",
        "within, between = scatter(rows)",
        f"{PACKAGE}.window",
        test_window.check_variances,
    ),
    "window, variances for deviations": Mutant(
        f"{PACKAGE}.window", "factor = jnp.sqrt(", "factor = jnp.asarray(", check=test_window.check_variances
    ),
    "dense window, the upper factor": Mutant(
        f"{PACKAGE}.window",
        "jnp.linalg.cholesky(covariance)",
        "jnp.linalg.cholesky(covariance).T",
        check=test_window.check_covariance,
    ),
    "Fisher, gradients not looked at": Mutant(
        f"{PACKAGE}.growing_windows",
        "scale = (positions.scatter / gradients.scatter) ** 0.25",
        "scale = (positions.scatter / positions.num_rows) ** 0.5",
        f"{PACKAGE}.fisher",
        test_fisher.check_scales,
    ),
    "Fisher, the metric for its factor": Mutant(
        f"{PACKAGE}.growing_windows",
        "gradients.scatter) ** 0.25",
        "gradients.scatter) ** 0.5",
        f"{PACKAGE}.fisher",
        test_fisher.check_scales,
    ),
    "low rank, variances for deviations": Mutant(
        f"{PACKAGE}.low_rank",
        "jnp.where(counts, jnp.sqrt(variances), 1.0)",
        "variances",
        check=test_low_rank.check_sufficient_rank,
    ),
    "low rank, draws only": Mutant(
        f"{PACKAGE}.low_rank",
        "mean = inverse_root @ symmetric_power(root @ of_draws @ root, 0.5)",
        "mean = of_draws  #",
        check=test_low_rank.check_sufficient_rank,
    ),
    "low rank, no transpose": Mutant(
        f"{PACKAGE}.low_rank",
        "LowRankFactor(self.right, self.left,",
        "LowRankFactor(self.left, self.right,",
        check=test_low_rank.check_transpose,
    ),
    "ChEES, the jitter left out of the slope": Mutant(
        f"{PACKAGE}.chees",
        "slopes = trajectory.length * change",
        "slopes = change",
        check=test_chees.check_slope,
    ),
    "ChEES, downhill": Mutant(
        f"{PACKAGE}.chees",
        "log_length = state.log_length + ",
        "log_length = state.log_length - ",
        check=test_chees.check_length,
    ),
    "ChEES, jumps instead of changes of the square": Mutant(
        f"{PACKAGE}.chees",
        "change * jnp.sum(end * velocity, axis=1)",
        "jnp.sum((end - start) * velocity, axis=1)",
        check=test_chees.check_slope,
    ),
    "ChEES, diverged trajectories weigh as others": Mutant(
        f"{PACKAGE}.chees",
        "jnp.where(usable, rates, 0.0)",
        "jnp.ones_like(rates)",
        check=test_chees.check_slope,
    ),
    "MEADS, a fold hears itself": Mutant(
        f"{PACKAGE}.meads", "1 + index % (num_folds - 1)", "index % num_folds", check=test_meads.check_folds
    ),
    "MEADS, the eigenvalue for its root": Mutant(
        f"{PACKAGE}.meads",
        "0.5 / jnp.sqrt(largest_eigenvalue(",
        "0.8 / (largest_eigenvalue(",
        check=test_meads.check_tuning,
    ),
    "MEADS, gradients not whitened": Mutant(
        f"{PACKAGE}.meads",
        "largest_eigenvalue(gradients * scale)",
        "largest_eigenvalue(gradients)",
        check=test_meads.check_tuning,
    ),
    "5 step size, averaged once a chain": Mutant(
        f"{PACKAGE}.step_size",
        "dual_averaging_update(state, mean_acceptance(draws), target)",
        chained(RATES, "state"),
        check=updates_of("step_size"),
    ),
    "5 window, averaged once a chain": Mutant(
        f"{PACKAGE}.growing_windows",
        "dual_averaging_update(state.step, mean_acceptance(draws), target)",
        chained(RATES, "state.step"),
        f"{PACKAGE}.window",
        updates_of("window"),
    ),
    "5 ChEES, averaged once a chain": Mutant(
        f"{PACKAGE}.chees",
        "dual_averaging_update(state.step, harmonic_mean, target)",
        chained("rates", "state.step"),
        check=updates_of("chees"),
    ),
    "step size, the last step is not the average": Mutant(
        f"{PACKAGE}.step_size",
        "index + 1 == num_warmup",
        "index == num_warmup",
        check=updates_of("step_size"),
    ),
    "window, the last step is not the average": Mutant(
        f"{PACKAGE}.growing_windows",
        "log_step = jnp.where(index + 1 == num_warmup",
        "log_step = jnp.where(index == num_warmup",
        f"{PACKAGE}.window",
        updates_of("window"),
    ),
    "dual averaging, the error turned round": Mutant(
        f"{PACKAGE}.dual_averaging",
        "error_sum + target - acceptance_rate",
        "error_sum - target + acceptance_rate",
        f"{PACKAGE}.step_size",
        updates_of("step_size"),
    ),
    "dual averaging, no memory of errors": Mutant(
        f"{PACKAGE}.dual_averaging",
        "error_sum = state.error_sum + target",
        "error_sum = target",
        f"{PACKAGE}.step_size",
        updates_of("step_size"),
    ),
    "each, the last member's acceptance for all": Mutant(
        f"{PACKAGE}.per_member",
        "member_draws(draws, number), index",
        "draws, index",
        check=test_per_member.check_separation,
    ),
    "each, members in the wrong order": Mutant(
        f"{PACKAGE}.per_member",
        'f"acceptance_rate_{number}"',
        'f"acceptance_rate_{1 - number}"',
        check=test_per_member.check_separation,
    ),
    "ladder, chances for refusals": Mutant(
        f"{PACKAGE}.ladder",
        "state.rejection + (1.0 - acceptance)",
        "state.rejection + acceptance",
        check=test_ladder.check_ladder,
    ),
    "ladder, never forgets": Mutant(
        f"{PACKAGE}.ladder",
        "return empty_state(betas), equalise",
        "return state, equalise",
        check=test_ladder.check_ladder,
    ),
    "ladder, steps of beta for steps of the barrier": Mutant(
        f"{PACKAGE}.ladder", "jnp.cumsum(rise)", "betas[1:]", check=test_ladder.check_ladder
    ),
}

KERNEL = (
    "samplers.leapfrog",
    '    info["energy"] = ',
    """    step_size = state.tuning.step_size * jnp.exp(0.01 * (info["acceptance_rate"] - 0.8))
    state = state._replace(tuning=state.tuning._replace(step_size=step_size))
    info["energy"] = """,
    "samplers.mcmc.hmc",
)
RUNNING = {
    "6 the driver goes on adapting": Mutant(
        "sampling.driver",
        "reducer_states = fold(reducers, reducer_states, draws)\n        buffer",
        """tuning = state.states.tuning
        rate = jax.numpy.mean(draws.info["acceptance_rate"])
        tuning = tuning._replace(step_size=tuning.step_size * jax.numpy.exp(0.01 * (rate - 0.8)))
        state = state._replace(states=state.states._replace(tuning=tuning))
        reducer_states = fold(reducers, reducer_states, draws)
        buffer""",
        check=test_family.check_fixed_tuning,
    ),
    "6 the kernel goes on adapting": Mutant(*KERNEL, check=test_family.check_fixed_tuning),
    "6 the kernel goes on adapting, by its state": Mutant(
        *KERNEL, check=test_family.check_kernel, match="adaptation goes on in sampling"
    ),
}

REDUCERS = {
    "quantiles, the lower of two ranks always kept": Mutant(
        "sampling.reducers.quantiles",
        "both.reshape(size, 2, -1)[:, coins[level]]",
        "both.reshape(size, 2, -1)[:, 0]",
        check=test_quantiles.check_sketch,
    ),
    "quantiles, a row weighs the same at every level": Mutant(
        "sampling.reducers.quantiles",
        "unit = steps * num_chains / size * 2.0 ** jnp.arange(NUM_LEVELS)  #",
        "unit = steps * num_chains / size * jnp.ones(NUM_LEVELS)  #",
        check=test_quantiles.check_sketch,
    ),
    "quantiles, draws that wait are forgotten": Mutant(
        "sampling.reducers.quantiles",
        "(jnp.arange(steps) < num_steps % steps) * 1.0",
        "jnp.zeros(steps)",
        check=test_quantiles.check_sketch,
    ),
    "quantiles, a batch thinned from its lowest rank": Mutant(
        "sampling.reducers.quantiles",
        "(jnp.arange(size) + uniform)",
        "(jnp.arange(size) + 0 * uniform)",
        check=test_quantiles.check_sketch,
    ),
    "covariance, steps of the mean left out": Mutant(
        "sampling.reducers.covariance",
        "share * before.value * step[:, None]",
        "0 * step[:, None]",
        check=test_covariance.check_covariance,
    ),
    "covariance, old products not faded": Mutant(
        "sampling.reducers.covariance",
        "state.scatter.times(fade).add",
        "state.scatter.add",
        check=test_covariance.check_covariance,
    ),
    "bfmi, a jump from nowhere": Mutant(
        "sampling.reducers.bfmi",
        "jnp.where(is_first, 0.0, energy - state.last)",
        "energy - state.last",
        check=test_bfmi.check_bfmi,
    ),
    "nested R-hat, superchains taken across": Mutant(
        "sampling.reducers.nested_rhat",
        "mean = mean.reshape(num_superchains, -1, *mean.shape[1:])",
        "mean = mean.reshape(-1, num_superchains, *mean.shape[1:]).swapaxes(0, 1)",
        check=test_nested_rhat.check_nested,
    ),
    "nested R-hat, chains of a superchain not compared": Mutant(
        "sampling.reducers.nested_rhat",
        "(within + apart)",
        "(within + 0 * apart)",
        check=test_nested_rhat.check_nested,
    ),
}
CONSTANT = {
    "HMC, a wrong declaration of constant info": Mutant(
        "samplers.mcmc.hmc",
        '"n_steps", "step_size")',
        '"n_steps", "step_size", "lp")',
        check=runs.check_constant_hmc,
    ),
}
MUTANTS = CONSTANT | ADAPTATION | RUNNING | REDUCERS
