"""Bugs planted in reducers, each of which leaves a number that looks right."""

from tests.helpers.mutant import Bug

SKETCH_BUGS = {
    "quantiles, the lower of two ranks always kept": Bug(
        "sampling.reducers.quantiles",
        "both.reshape(size, 2, -1)[:, coins[level]]",
        "both.reshape(size, 2, -1)[:, 0]",
    ),
    "quantiles, a row weighs the same at every level": Bug(
        "sampling.reducers.quantiles",
        "unit = steps * num_chains / size * 2.0 ** jnp.arange(NUM_LEVELS)  #",
        "unit = steps * num_chains / size * jnp.ones(NUM_LEVELS)  #",
    ),
    "quantiles, draws that wait are forgotten": Bug(
        "sampling.reducers.quantiles", "(jnp.arange(steps) < num_steps % steps) * 1.0", "jnp.zeros(steps)"
    ),
    "quantiles, a batch thinned from its lowest rank": Bug(
        "sampling.reducers.quantiles", "(jnp.arange(size) + uniform)", "(jnp.arange(size) + 0 * uniform)"
    ),
}
FOLD_BUGS = {
    "covariance, steps of the mean left out": Bug(
        "sampling.reducers.covariance", "share * before.value * step[:, None]", "0 * step[:, None]"
    ),
    "covariance, old products not faded": Bug(
        "sampling.reducers.covariance", "memory.scatter.times(fade).plus", "memory.scatter.plus"
    ),
    "bfmi, a jump from nowhere": Bug(
        "sampling.reducers.bfmi", "jnp.where(is_first, 0.0, energy - memory.last)", "energy - memory.last"
    ),
    "nested R-hat, superchains taken across": Bug(
        "sampling.reducers.nested_rhat",
        "mean = mean.reshape(num_superchains, -1, *mean.shape[1:])",
        "mean = mean.reshape(-1, num_superchains, *mean.shape[1:]).swapaxes(0, 1)",
    ),
    "nested R-hat, chains of a superchain not compared": Bug(
        "sampling.reducers.nested_rhat", "(within + apart)", "(within + 0 * apart)"
    ),
}
