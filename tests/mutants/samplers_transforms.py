"""Mutants of kernels of discrete positions and of composed kernels."""

from functools import partial

from tests.helpers.composed_samplers import check_sweep
from tests.helpers.mutant import Mutant


def of_pair(module, right, wrong):
    return Mutant(module, right, wrong, check=check_sweep("pair", module.split(".")[-1]))


of_ising = partial(Mutant, "samplers.mcmc.discrete_gibbs", check=check_sweep("ising", "discrete_gibbs"))
of_list = partial(Mutant, "samplers.mcmc.enumerate_states", check=check_sweep("mixture", "enumerate_states"))
MUTANTS = {
    "cycle, a conditional of the old value, after the move": of_pair(
        "samplers.transforms.cycle", "position = draws.value", "position = states[-1].position"
    ),
    "cycle, the state of before the other's move": of_pair(
        "samplers.transforms.cycle",
        "(step_key, initial.state)",
        "(step_key, state._replace(position=position))",
    ),
    "Gibbs, a block conditioned on nothing": of_pair(
        "samplers.transforms.gibbs",
        "source = conditional(rest)",
        "source = conditional({other: 0.0 * value for other, value in rest.items()})",
    ),
    "discrete Gibbs, a scan that skips a site": of_ising("fori_loop(0, sites", "fori_loop(1, sites"),
    "discrete Gibbs, twice the temperature": of_ising(
        "values - scan.log_density)", "0.5 * (values - scan.log_density))"
    ),
    "discrete Gibbs, every value weighs the same": of_ising("values - scan.log_density)", "0.0 * values)"),
    "discrete Gibbs, the density of the value left behind": of_ising(
        "set(drawn), values[index]", "set(drawn), scan.log_density"
    ),
    "discrete Gibbs, the values of the sites before the sweep": of_ising(
        "density(scan.sites.at", "density(sites.at"
    ),
    "8 discrete Gibbs, a key for every site": of_ising("jax.random.fold_in(key, site)", "key"),
    "enumerated, a list without normaliser": of_list("(key, logits - top)", "(key, jnp.exp(logits))"),
    "enumerated, a quarter of the temperature": of_list("(key, logits - top)", "(key, 4 * logits)"),
    "enumerated, the first candidate left out": of_list(
        "jax.random.categorical(key, logits - top)", "1 + jax.random.categorical(key, logits[1:] - top)"
    ),
}
