"""Bugs of the gradient kernels that vary their trajectories or keep their momentum."""

from tests.helpers.mutant import Bug

BUGS = {
    "2 jittered HMC, no accept step": Bug(
        "samplers.leapfrog",
        "metropolis_accept(coin, -error,",
        "metropolis_accept(coin, 0.0 * error,",
        "samplers.mcmc.jittered_hmc",
    ),
    "8 jittered HMC, a key used twice": Bug(
        "samplers.leapfrog",
        "momentum, coin = normal_and_log_uniform(key, x)",
        "momentum, coin = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
        "samplers.mcmc.jittered_hmc",
    ),
    "jittered HMC, the position chooses the length": Bug(
        "samplers.mcmc.jittered_hmc",
        "fraction(index)",
        "jnp.abs(jnp.sin(ravel_pytree(state.position)[0][0]))",
    ),
    "jittered HMC, the slope chooses the length": Bug(
        "samplers.mcmc.jittered_hmc",
        "longest * fraction(index).astype(longest.dtype)",
        "longest / (1.0 + jnp.linalg.norm(state.gradient))",
    ),
    "2 GHMC, no accept step": Bug(
        "samplers.mcmc.ghmc", "jnp.log(jnp.abs(height)) < -error", "error < jnp.inf"
    ),
    "7 GHMC, gradient of a rejected proposal": Bug(
        "samplers.mcmc.ghmc",
        "    info = {",
        "    state = state._replace(gradient=end.gradient)\n    info = {",
    ),
    "8 GHMC, a key used twice": Bug(
        "samplers.mcmc.ghmc",
        "momentum_key, slice_key = jax.random.split(key)",
        "momentum_key = slice_key = key",
    ),
    "8 GHMC, the same noise at every step": Bug(
        "samplers.mcmc.ghmc", "jax.random.normal(key, x.shape", "jax.random.normal(jax.random.key(0), x.shape"
    ),
    "GHMC, momentum not turned round where it is refused": Bug(
        "samplers.mcmc.ghmc", "Lasting(-momentum, height)", "Lasting(momentum, height)"
    ),
    "GHMC, momentum turned round where it is accepted": Bug(
        "samplers.mcmc.ghmc", "Lasting(end.momentum,", "Lasting(-end.momentum,"
    ),
    "GHMC, slice not updated": Bug("samplers.mcmc.ghmc", "height * jnp.exp(error)", "height"),
    "GHMC, slice updated the wrong way": Bug(
        "samplers.mcmc.ghmc", "height * jnp.exp(error)", "height * jnp.exp(-error)"
    ),
    "GHMC, momentum refreshed too much": Bug(
        "samplers.mcmc.ghmc",
        "jnp.sqrt(1.0 - forgotten) * state.persistent.momentum",
        "state.persistent.momentum",
    ),
    "GHMC, momentum starts at rest": Bug(
        "samplers.mcmc.ghmc", "Lasting(momentum, height))\n\n", "Lasting(0.0 * momentum, height))\n\n"
    ),
}
