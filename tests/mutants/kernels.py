"""Bugs of the first kernels, and of weighted samplers."""

from tests.helpers.mutant import Bug, plant

__all__ = ["KERNEL_BUGS", "WEIGHT_BUGS", "Bug", "plant"]


def in_hmc(right: str, wrong: str) -> Bug:
    """A bug of HMC, whose trajectories stand in a base."""
    return Bug("samplers.leapfrog", right, wrong, "samplers.mcmc.hmc")


# Numbers are those of KNOWN_ANSWERS; the others are ours.
KERNEL_BUGS = {
    "1 MALA, ratio reversed": Bug(
        "samplers.mcmc.mala",
        "log_ratio = value - state.log_density +",
        "log_ratio = -(value - state.log_density) -",
    ),
    "1 MALA, proposal ratio reversed": Bug(
        "samplers.mcmc.mala",
        "0.5 * (noise @ noise - noise_back @ noise_back)",
        "0.5 * (noise_back @ noise_back - noise @ noise)",
    ),
    "2 MALA, no accept step": Bug(
        "samplers.mcmc.mala", "jnp.where(usable, log_ratio, -jnp.inf)", "0.0 * log_ratio"
    ),
    "2 HMC, no accept step": in_hmc(
        "metropolis_accept(coin, -error,", "metropolis_accept(coin, 0.0 * error,"
    ),
    "2 Metropolis, no accept step": Bug(
        "samplers.mcmc.metropolis",
        "metropolis_accept(coin, value - state.log_density,",
        "metropolis_accept(coin, 0.0 * value,",
    ),
    "3 HMC, kinetic energy of the old momentum": in_hmc(
        "energies(start, end)\n    proposed",
        "energies(start, end._replace(momentum=momentum))\n    proposed",
    ),
    "3 HMC, kinetic energy of the position": in_hmc(
        "energies(start, end)\n    proposed",
        "energies(start, end._replace(momentum=end.position))\n    proposed",
    ),
    "7 MALA, gradient of a rejected proposal": Bug(
        "samplers.mcmc.mala", "    info = {", "    state = state._replace(gradient=gradient)\n    info = {"
    ),
    "7 HMC, gradient of a rejected proposal": in_hmc(
        "    info = {", "    state = state._replace(gradient=end.gradient)\n    info = {"
    ),
    "8 MALA, a key used twice": Bug(
        "samplers.mcmc.mala",
        "noise, coin = normal_and_log_uniform(key, x)",
        "noise, coin = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
    ),
    "8 HMC, a key used twice": in_hmc(
        "momentum, coin = normal_and_log_uniform(key, x)",
        "momentum, coin = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
    ),
    "8 Metropolis, a key used twice": Bug(
        "samplers.mcmc.metropolis",
        "noise, coin = normal_and_log_uniform(key, x)",
        "noise, coin = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
    ),
    "MALA, force of the end forgotten": Bug(
        "samplers.mcmc.mala",
        "noise_back = -noise - half_force - 0.5 * step_size * to_force(factor, gradient)",
        "noise_back = -noise - 2.0 * half_force",
    ),
    "HMC, a full kick at the end": in_hmc(
        "half_a_kick(start, 1.0)), -1.0)",
        "half_a_kick(start, 1.0)), 0.0)",
    ),
    "HMC, momentum not refreshed evenly": in_hmc(
        "start = Phase(x, momentum, state", "start = Phase(x, 1.1 * momentum, state"
    ),
    "NUTS, every leaf weighs the same": Bug(
        "samplers.mcmc.nuts",
        "(log_uniform(uniform) < -error - log_weight)",
        "(uniform < 1.0 / (growth.leaf + 1))",
    ),
    "NUTS, the new half always taken": Bug(
        "samplers.mcmc.nuts", "(log_uniform(uniform) < subtree.log_weight - tree.log_weight)", "True"
    ),
    "NUTS, turning subtrees kept": Bug(
        "samplers.mcmc.nuts", "merges = ~growth.broken", "merges = ~growth.diverging"
    ),
    "NUTS, right and left by turns": Bug(
        "samplers.mcmc.nuts", "heads, _, uniform = turn", "heads, (_, _, uniform) = jnp.array(True), turn"
    ),
    "NUTS, tree weight not updated": Bug(
        "samplers.mcmc.nuts",
        "jnp.where(merges, jnp.logaddexp(tree.log_weight, subtree.log_weight), tree.log_weight)",
        "tree.log_weight",
    ),
    "NUTS, only the whole tree checked for a turn": Bug(
        "samplers.mcmc.nuts", "diverging | (alive & turns)", "diverging"
    ),
    "NUTS, settled again when it is done": Bug(
        "samplers.mcmc.nuts", "merges = ~growth.broken & ~growth.done", "merges = ~growth.broken"
    ),
}

WEIGHT_BUGS = {
    "importance, proposal density forgotten": Bug(
        "samplers.exact.importance", "lp - proposal.log_prob(value)", "lp"
    ),
    "importance, ratio reversed": Bug(
        "samplers.exact.importance", "lp - proposal.log_prob(value)", "proposal.log_prob(value) - lp"
    ),
    "rejection, bound forgotten in the weight": Bug(
        "samplers.exact.rejection", "jnp.where(tried.accepted, log_bound,", "jnp.where(tried.accepted, 0.0,"
    ),
} | {
    f"{number}{user}, {name}": Bug("samplers.proposal_attempt", right, wrong, f"samplers.exact.{user}")
    for user in ("rejection", "accept_reject")
    for number, name, right, wrong in (
        ("", "everything accepted", "< log_ratio - log_bound", "< 1.0"),
        ("", "proposal density forgotten", "lp - log_proposal)", "lp)"),
        (
            "8 ",
            "a key used twice",
            "proposal_key, accept_key = jax.random.split(key)",
            "proposal_key = accept_key = key",
        ),
    )
}
