"""Bugs of chains over few lanes, and of the slice sampler."""

from tests.helpers.mutant import Bug

LANE_BUGS = {
    "12 draws stopped on the total count": Bug(
        "sampling.lanes",
        "return made < count",
        "return jnp.full(num_chains, jnp.sum(made) < count * num_chains)",
    ),
    "8 every draw of a chain has the same key": Bug(
        "sampling.lanes", "step + made[chain]", "step + 0 * made[chain]"
    ),
    "a draw is written to its lane's slot": Bug(
        "sampling.lanes",
        "rows.at[row, written]",
        "rows.at[row, jnp.where(finished, jnp.arange(num_lanes), num_chains)]",
    ),
    "a draw is written one slot late": Bug("sampling.lanes", "row = made[", "row = 1 + made["),
    "unfinished draws are written": Bug(
        "sampling.lanes", "jnp.where(finished, lanes.chain, num_chains)", "lanes.chain"
    ),
    "a finished machine is turned on": Bug(
        "sampling.lanes", "_select(lanes.work.done, lanes.work, work)", "work"
    ),
    "the state after a draw is lost": Bug("sampling.lanes", 'old.at[written].set(one, mode="drop")', "old"),
    "two lanes move one chain": Bug("sampling.lanes", "(made[chain] > fewest)", "(made[chain] >= fewest)"),
    "a lane keeps a chain that another took": Bug(
        "sampling.lanes", "waiting = lacking & ~moving", "waiting = lacking"
    ),
    "a draw goes on where the last one was begun": Bug(
        "sampling.lanes", "begins = finished | (lanes.chain == num_chains)", "begins = finished & False"
    ),
}

# Of the interval's ends: they show on two hills, along an axis that always points the same way.
END_BUGS = {
    "slice, the position is cut off": Bug(
        "samplers.mcmc.slice_sampler",
        "is_below = is_try & ~inside, offset < 0",
        "is_below = is_try & ~inside, offset >= 0",
    ),
    "slice, only the low end is cut": Bug(
        "samplers.mcmc.slice_sampler", "jnp.where(cut & ~is_below, offset, high)", "high"
    ),
    "slice, each end steps out to the cap": Bug(
        "samplers.mcmc.slice_sampler", "outs_high=max_step_outs - outs_low,", "outs_high=max_step_outs,"
    ),
    "slice, one end never steps out": Bug(
        "samplers.mcmc.slice_sampler", "is_low = interval.outs_low > 0", "is_low = interval.outs_low > 99"
    ),
    "slice, the position at the middle of the interval": Bug(
        "samplers.mcmc.slice_sampler", "low = -width * place", "low = -0.5 * width"
    ),
}

# Of the level, the keys and the cap: they show on a Gaussian.
LEVEL_BUGS = {
    "slice, the cap is not divided at random": Bug(
        "samplers.mcmc.slice_sampler",
        "jnp.floor((max_step_outs + 1) * share)",
        "jnp.floor((max_step_outs + 1) * 0.5)",
    ),
    "slice, a level that is not random": Bug(
        "samplers.mcmc.slice_sampler",
        "threshold=state.log_density + log_uniform(level)",
        "threshold=state.log_density - 1.0",
    ),
    "slice, a level of half the depth": Bug(
        "samplers.mcmc.slice_sampler",
        "state.log_density + log_uniform(level)",
        "state.log_density + 0.5 * log_uniform(level)",
    ),
    "8 slice, one key for all": Bug(
        "samplers.mcmc.slice_sampler",
        "direction_key, uniform_key, key = jax.random.split(key, 3)",
        "direction_key = uniform_key = key",
    ),
    "8 slice, every try has the same key": Bug(
        "samplers.mcmc.slice_sampler",
        "turn_uniforms(interval.key, interval.num_log_densities, ",
        "turn_uniforms(interval.key, 0, ",
    ),
    "7 slice, the density of another point": Bug(
        "samplers.mcmc.slice_sampler", "interval.value.astype(state.log_density.dtype)", "state.log_density"
    ),
}
