"""Mutants of the driver that runs many chains over few lanes."""

from tests.helpers.mutant import Mutant
from tests.sampling.test_lanes import check_draws_of_lockstep, check_share_of_long_draws

CHANGES = {
    "12 draws stopped on the total count": (
        "return made < count",
        "return jnp.full(num_chains, jnp.sum(made) < count * num_chains)",
    ),
    "8 every draw of a chain has the same key": ("step + made[chain]", "step + 0 * made[chain]"),
    "a draw is written to its lane's slot": (
        "len(rows) - 1), written]",
        "len(rows) - 1), jnp.where(finished, jnp.arange(num_lanes), num_chains)]",
    ),
    "a draw is written one slot late": ("row = made[", "row = 1 + made["),
    "unfinished draws are written": ("jnp.where(finished, lanes.chain, num_chains)", "lanes.chain"),
    "a finished machine is turned on": ("select_tree(lanes.work.done, lanes.work, work)", "work"),
    "the state after a draw is lost": ('old.at[written].set(one, mode="drop")', "old"),
    "two lanes move one chain": ("(made[chain] > fewest)", "(made[chain] >= fewest)"),
    "a lane keeps a chain that another took": ("waiting = lacking & ~moving", "waiting = lacking"),
    "a draw goes on where the last one was begun": (
        "select_tree(finished | ~busy,",
        "select_tree(finished & False,",
    ),
}
MUTANTS = {
    name: Mutant("sampling.lanes", *change, check=check_draws_of_lockstep) for name, change in CHANGES.items()
}
BY_TOTAL = "12 draws stopped on the total count"
MUTANTS[f"{BY_TOTAL}, by its bias"] = Mutant(
    "sampling.lanes", *CHANGES[BY_TOTAL], check=check_share_of_long_draws
)
