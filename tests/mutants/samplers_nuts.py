"""Mutants of NUTS."""

from functools import partial

from tests.helpers.mutant import Mutant
from tests.mutants.samplers_mcmc import invariant, obvious
from tests.samplers.mcmc.test_nuts import (
    check_checkpoints_are_written_in_place,
    check_diverged_chain_stays,
    check_trees,
)

NUTS = "samplers.mcmc.nuts"


def of_nuts(right, wrong, **options):
    """Fewer, shorter runs: chains wait for the longest trajectory."""
    return invariant(NUTS, right, wrong, num_steps=3, **options)


of_trees = partial(Mutant, NUTS, check=check_trees)
MUTANTS = {
    "NUTS, the new half always taken": obvious(
        NUTS, "(log_uniform(uniform) < subtree.log_weight - tree.log_weight)", "True"
    ),
    "NUTS, every leaf weighs the same": of_nuts(
        "(log_uniform(uniform) < -error - log_weight)", "(uniform < 1.0 / (trajectory.num_leaves + 1))"
    ),
    "NUTS, turning subtrees kept": of_nuts("merges = ~trajectory.stopped", "merges = ~trajectory.diverging"),
    "NUTS, right and left by turns": of_nuts(
        "reverses, _, uniform = step", "reverses, (_, _, uniform) = jnp.array(True), step"
    ),
    "NUTS, tree weight not updated": of_nuts("(merges, log_weight,", "(merges, tree.log_weight,"),
    "NUTS, only the whole tree checked for a turn": of_nuts("diverging | (active & is_u_turn)", "diverging"),
    "NUTS, settled again when it is done": of_nuts(
        "trajectory.stopped & ~trajectory.done", "trajectory.stopped"
    ),
    "NUTS, whole trees never turn": of_trees("is_u_turn = is_", "is_u_turn = (trajectory.depth < 0) & is_"),
    "NUTS, turned where it does not yet turn": of_trees(
        "(jnp.sum(first * momentum_sum) <= 0.0) | (jnp.sum(last * momentum_sum) <= 0.0)",
        "(first @ momentum_sum <= first @ first) | (last @ momentum_sum <= last @ last)",
    ),
    "NUTS, turned where one end would do both": of_trees("<= 0.0) | (jnp", "<= 0.0) & (jnp"),
    "NUTS, no step is too many": of_trees(
        "active & is_u_turn", "active & is_u_turn & (trajectory.num_leaves < 0)"
    ),
    "NUTS, what is done counts on with the others": of_trees("= ~trajectory.stage_done", "= jnp.array(True)"),
    "NUTS, a chain that diverged moves on": Mutant(
        NUTS, "(active, x + signed_step", "(True, x + signed_step", check=check_diverged_chain_stays
    ),
    "NUTS, a leaf number for each chain": Mutant(
        NUTS, "num_leaves + 1\n", "num_leaves + active\n", check=check_checkpoints_are_written_in_place
    ),
}
