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


def updates_of(name):
    """Return the check of one update a step, of a module that defines this adaptation."""
    return lambda module: test_family.check_updates(getattr(module, name))


def chained(state, rate, rates):
    """Return source that updates dual averaging once a step, and such that does so once a chain."""
    update = "lambda state, rate: state.update(rate, target)"
    return f"{state}.update({rate}, target)", f'__import__("functools").reduce({update}, {rates}, {state})'


def mutants(table):
    """Return name -> mutant of a table (check, module, its user or nothing) -> name -> (right, wrong)."""
    return {
        name: Mutant(f"sampling.{module}", *change, *(f"sampling.{user}" for user in users), check=check)
        for (check, module, *users), changes in table.items()
        for name, change in changes.items()
    }


UPDATES = {name: updates_of(name) for name in ("window", "chees", "step_size")}
MEAN, RATES = "mean_acceptance(draws)", 'draws.info["acceptance_rate"]'
ADAPTATION = {
    (test_window.check_variances, "adaptation.growing_windows", "adaptation.window"): {
        "window, variances not centred": ("rows - mean[None]", "rows"),
    },
    (test_window.check_variances, "adaptation.window"): {
        "window, variances for deviations": ("jnp.sqrt(covariance)", "covariance"),
    },
    (test_window.check_covariance, "adaptation.window"): {
        "dense window, the upper factor": ("linalg.cholesky(covariance)", "linalg.cholesky(covariance).T"),
    },
    (test_fisher.check_scales, "adaptation.growing_windows", "adaptation.fisher"): {
        "Fisher, gradients not looked at": ("gradients.scatter) ** 0.25", "positions.num_rows) ** 0.5"),
        "Fisher, the metric for its factor": ("scatter) ** 0.25", "scatter) ** 0.5"),
    },
    (test_low_rank.check_sufficient_rank, "adaptation.low_rank"): {
        "low rank, variances for deviations": ("jnp.sqrt(variances), 1.0", "variances, variances"),
        "low rank, draws only": ("inverse_root @ symmetric_power(root", "of_draws  # symmetric_power(root"),
    },
    (test_low_rank.check_transpose, "adaptation.low_rank"): {
        "low rank, no transpose": ("(self.right, self.left,", "(self.left, self.right,"),
    },
    (test_chees.check_slope, "adaptation.chees"): {
        "ChEES, the jitter left out of the slope": ("slopes = trajectory.length *", "slopes ="),
        "ChEES, jumps instead of changes of the square": ("change * jnp.sum(end", "jnp.sum((end - start)"),
        "ChEES, diverged trajectories weigh as others": ("where(usable, rates, 0.0)", "ones_like(rates)"),
    },
    (test_chees.check_length, "adaptation.chees"): {
        "ChEES, downhill": ("state.log_length + ", "state.log_length - "),
    },
    (test_meads.check_folds, "adaptation.meads"): {
        "MEADS, a fold hears itself": ("1 + index % (num_folds - 1)", "index % num_folds"),
    },
    (test_meads.check_tuning, "adaptation.meads"): {
        "MEADS, the eigenvalue for its root": ("0.5 / jnp.sqrt(largest", "0.8 / (largest"),
        "MEADS, gradients not whitened": ("gradients * scale)", "gradients)"),
    },
    (UPDATES["window"], "adaptation.growing_windows", "adaptation.window"): {
        "5 window, averaged once a chain": chained("state.step", f"tuning.{MEAN}", RATES),
    },
    (UPDATES["chees"], "adaptation.chees"): {
        "5 ChEES, averaged once a chain": chained("state.step", "harmonic_mean", "rates"),
    },
    (UPDATES["step_size"], "adaptation.step_size"): {
        "5 step size, averaged once a chain": chained("state", MEAN, RATES),
    },
    (UPDATES["step_size"], "adaptation.dual_averaging", "adaptation.step_size"): {
        "the last step is not the average": ("index + 1 == num_warmup", "index == num_warmup"),
        "dual averaging, the error turned round": ("target - acceptance_rate", "acceptance_rate - target"),
        "dual averaging, no memory of errors": ("self.error_sum + target", "target"),
    },
    (test_per_member.check_separation, "adaptation.per_member"): {
        "each, the last member's acceptance for all": ("member_draws(draws, number), index", "draws, index"),
        "each, members in the wrong order": ("acceptance_rate_{number}", "acceptance_rate_{1 - number}"),
    },
    (test_ladder.check_ladder, "adaptation.ladder"): {
        "ladder, chances for refusals": ("(1.0 - acceptance)", "acceptance"),
        "ladder, never forgets": ("empty_state(betas), equalise", "state, equalise"),
        "ladder, steps of beta for steps of the barrier": ("jnp.cumsum(rise)", "betas[1:]"),
    },
}
REDUCERS = {
    (test_quantiles.check_sketch, "reducers.quantiles"): {
        "quantiles, the lower of two ranks always kept": ("[:, coins[level]]", "[:, 0]"),
        "quantiles, a row weighs the same at every level": ("2.0 ** jnp.arange(N", "1.0 ** jnp.arange(N"),
        "quantiles, draws that wait are forgotten": ("num_steps % steps) * 1.0", "num_steps % steps) * 0.0"),
        "quantiles, a batch thinned from its lowest rank": ("(size) + uniform", "(size) + 0 * uniform"),
    },
    (test_covariance.check_covariance, "reducers.covariance"): {
        "covariance, steps of the mean left out": ("share * before.value * scaled", "0 * scaled"),
        "covariance, old products not faded": ("state.scatter.times(fade_products).add", "state.scatter.add"),
    },
    (test_bfmi.check_bfmi, "reducers.bfmi"): {
        "bfmi, a jump from nowhere": ("(is_first, 0.0, energy", "(False, 0.0, energy"),
    },
    (test_nested_rhat.check_nested, "reducers.nested_rhat"): {
        "nested R-hat, superchains taken across": (
            "(num_superchains, -1, *mean.shape[1:])",
            "(-1, num_superchains, *mean.shape[1:]).swapaxes(0, 1)",
        ),
        "nested R-hat, chains of a superchain not compared": ("(within + apart)", "(within + 0 * apart)"),
    },
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
CONSTANT = {
    "HMC, a wrong declaration of constant info": Mutant(
        "samplers.mcmc.hmc",
        '"n_steps", "step_size")',
        '"n_steps", "step_size", "lp")',
        "",
        runs.check_constant_hmc,
    ),
}
MUTANTS = CONSTANT | mutants(ADAPTATION) | RUNNING | mutants(REDUCERS)
