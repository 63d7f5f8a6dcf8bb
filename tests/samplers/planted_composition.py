"""Bugs of composed kernels and of discrete ones."""

from planted import Bug

GIBBS_BUGS = {
    "a conditional of the old value, after the move": Bug(
        "transforms.cycle", "        position = draws.value", "        position = states[-1].position"
    ),
    "the state of before the other's move": Bug(
        "transforms.cycle",
        "sampler.step(step_key, fresh.state)",
        "sampler.step(step_key, state._replace(position=position))",
    ),
    "a block conditioned on nothing": Bug(
        "transforms.gibbs",
        "source = conditional(rest)",
        "source = conditional({other: 0.0 * value for other, value in rest.items()})",
    ),
}

ISING_BUGS = {
    "a scan that skips a site": Bug(
        "samplers.discrete_gibbs", "fori_loop(0, sites.size", "fori_loop(1, sites.size"
    ),
    "twice the temperature": Bug(
        "samplers.discrete_gibbs", "fold_in(key, site), logits)", "fold_in(key, site), 0.5 * logits)"
    ),
    "every value weighs the same": Bug(
        "samplers.discrete_gibbs", "fold_in(key, site), logits)", "fold_in(key, site), 0.0 * logits)"
    ),
    "the density of the value left behind": Bug(
        "samplers.discrete_gibbs", "            logits[index],\n", "            sweep.log_density,\n"
    ),
    "the values of the sites before the sweep": Bug(
        "samplers.discrete_gibbs",
        "density(sweep.sites.at[site].set(value))",
        "density(sites.at[site].set(value))",
    ),
    "8 a key used for every site": Bug("samplers.discrete_gibbs", "jax.random.fold_in(key, site)", "key"),
}

MIXTURE_BUGS = {
    "a list without normaliser": Bug(
        "samplers.enumerated", "categorical(key, logits)", "categorical(key, jnp.exp(logits))"
    ),
    "half the temperature": Bug(
        "samplers.enumerated", "categorical(key, logits)", "categorical(key, 2 * logits)"
    ),
    "the first candidate left out": Bug(
        "samplers.enumerated",
        "jax.random.categorical(key, logits)",
        "1 + jax.random.categorical(key, logits[1:])",
    ),
}
