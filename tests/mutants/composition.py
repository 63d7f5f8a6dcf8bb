"""Bugs of composed kernels and of discrete ones."""

from tests.mutants.kernels import Bug

GIBBS_BUGS = {
    "cycle, a conditional of the old value, after the move": Bug(
        "samplers.transforms.cycle",
        "        position = draws.value",
        "        position = states[-1].position",
    ),
    "cycle, the state of before the other's move": Bug(
        "samplers.transforms.cycle",
        "sampler.step(step_key, fresh.state)",
        "sampler.step(step_key, state._replace(position=position))",
    ),
    "Gibbs, a block conditioned on nothing": Bug(
        "samplers.transforms.gibbs",
        "source = conditional(rest)",
        "source = conditional({other: 0.0 * value for other, value in rest.items()})",
    ),
}

ISING_BUGS = {
    "discrete Gibbs, a scan that skips a site": Bug(
        "samplers.mcmc.discrete_gibbs", "fori_loop(0, sites.size", "fori_loop(1, sites.size"
    ),
    "discrete Gibbs, twice the temperature": Bug(
        "samplers.mcmc.discrete_gibbs", "fold_in(key, site), logits)", "fold_in(key, site), 0.5 * logits)"
    ),
    "discrete Gibbs, every value weighs the same": Bug(
        "samplers.mcmc.discrete_gibbs", "fold_in(key, site), logits)", "fold_in(key, site), 0.0 * logits)"
    ),
    "discrete Gibbs, the density of the value left behind": Bug(
        "samplers.mcmc.discrete_gibbs", "            logits[index],\n", "            sweep.log_density,\n"
    ),
    "discrete Gibbs, the values of the sites before the sweep": Bug(
        "samplers.mcmc.discrete_gibbs",
        "density(sweep.sites.at[site].set(value))",
        "density(sites.at[site].set(value))",
    ),
    "8 discrete Gibbs, a key for every site": Bug(
        "samplers.mcmc.discrete_gibbs", "jax.random.fold_in(key, site)", "key"
    ),
}

MIXTURE_BUGS = {
    "enumerated, a list without normaliser": Bug(
        "samplers.mcmc.enumerate_states", "categorical(key, logits)", "categorical(key, jnp.exp(logits))"
    ),
    "enumerated, a quarter of the temperature": Bug(
        "samplers.mcmc.enumerate_states", "categorical(key, logits)", "categorical(key, 4 * logits)"
    ),
    "enumerated, the first candidate left out": Bug(
        "samplers.mcmc.enumerate_states",
        "jax.random.categorical(key, logits)",
        "1 + jax.random.categorical(key, logits[1:])",
    ),
}
