"""Mutants of Metropolis and Hamiltonian kernels."""

from dataclasses import replace
from functools import partial

from jgen.targets import double_well, skew_normal, standard_gaussian
from jgen.testing.sampler_checks import invariance
from tests.helpers.multiplicative_walk import check_walk
from tests.helpers.mutant import Mutant
from tests.helpers.random_keys import fresh_key
from tests.samplers.mcmc.test_adjusted_mclmc import check_order
from tests.samplers.mcmc.test_ghmc import check_invariance

HMC = "samplers.mcmc.hmc"
MALA = "samplers.mcmc.mala"
METROPOLIS = "samplers.mcmc.metropolis"
BARKER = "samplers.mcmc.barker"
INDEPENDENT_METROPOLIS = "samplers.mcmc.independent_metropolis"
ADJUSTED_MCLMC = "samplers.mcmc.adjusted_mclmc"
JITTERED_HMC = "samplers.mcmc.jittered_hmc"
GHMC = "samplers.mcmc.ghmc"
LEAPFROG, MICROCANONICAL = "samplers.leapfrog", "samplers.microcanonical"
ACCEPT, LANGEVIN_PROPOSAL = "samplers.accept", "samplers.langevin_proposal"
TUNED, ENERGY = "    tuned = {", '    info["energy"] = '


def invariant(*change, num_steps=10, targets=(double_well, standard_gaussian, skew_normal), **options):
    """Return a mutant that must change one of these targets: what the first misses, another shows."""

    def check(module):
        for make in targets:
            target = replace(make(), traits=frozenset())  # exact starts need no crossing between modes
            invariance(
                lambda target, scale: module.recipe(target, scale).sampler,
                target,
                fresh_key(),
                num_steps=num_steps,
                **options,
            )

    return Mutant(*change, check=check)


def obvious(*change):
    """Return a mutant that one step size on one target shows with few chains."""
    target = partial(standard_gaussian, 2)
    return invariant(*change, targets=(target,), scales=(2.0,), num_chains=10_000, detectable=0.1)


def jittered(*change):
    def check(module):
        def make(target, scale):
            return module.jittered_hmc(target.log_density, step_size=scale)

        target = replace(double_well(), traits=frozenset())
        invariance(make, target, fresh_key(), scales=(0.18, 0.27, 0.37))

    return Mutant(*change, check=check, match="does not leave double_well invariant")


def lasting(right, wrong, num_steps=20):
    return Mutant(
        GHMC,
        right,
        wrong,
        check=lambda module: check_invariance(module.ghmc, num_steps),
        match="does not leave double_well invariant",
    )


MUTANTS = {
    "1 MALA, ratio reversed": obvious(
        LANGEVIN_PROPOSAL,
        "log_ratio = value - state.log_density +",
        "log_ratio = -(value - state.log_density) -",
        MALA,
    ),
    "1 MALA, proposal ratio reversed": invariant(
        LANGEVIN_PROPOSAL,
        "0.5 * (noise @ noise - noise_back @ noise_back)",
        "0.5 * (noise_back @ noise_back - noise @ noise)",
        MALA,
    ),
    "2 MALA, no accept step": invariant(
        MALA, "metropolis_step(log_u, log_ratio,", "metropolis_step(log_u, 0.0 * log_ratio,"
    ),
    "2 HMC, no accept step": obvious(
        LEAPFROG, "accept_trajectory(log_u, error,", "accept_trajectory(log_u, 0.0 * error,", HMC
    ),
    "2 Metropolis, no accept step": obvious(
        METROPOLIS,
        "metropolis_step(log_u, value - state.log_density,",
        "metropolis_step(log_u, 0.0 * value,",
    ),
    "3 HMC, kinetic energy of the old momentum": invariant(
        LEAPFROG,
        "energies(start, end)\n    proposed",
        "energies(start, end._replace(momentum=momentum))\n    proposed",
        HMC,
    ),
    "3 HMC, kinetic energy of the position": invariant(
        LEAPFROG,
        "energies(start, end)\n    proposed",
        "energies(start, end._replace(momentum=end.position))\n    proposed",
        HMC,
    ),
    "7 MALA, gradient of a rejected proposal": invariant(
        ACCEPT, TUNED, "    state = state._replace(gradient=proposed.gradient)\n" + TUNED, MALA
    ),
    "7 HMC, gradient of a rejected proposal": invariant(
        LEAPFROG, ENERGY, "    state = state._replace(gradient=end.gradient)\n" + ENERGY, HMC
    ),
    "8 MALA, a key used twice": invariant(
        MALA,
        "normal_and_log_uniform(key, state.gradient)",
        "normal_and_log_uniform(key, state.gradient)[0], normal_and_log_uniform(key, state.gradient[:0])[1]",
    ),
    "8 HMC, a key used twice": invariant(
        LEAPFROG,
        "momentum, log_u = normal_and_log_uniform(key, x)",
        "momentum, log_u = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
        HMC,
    ),
    "8 Metropolis, a key used twice": invariant(
        METROPOLIS,
        "noise, log_u = normal_and_log_uniform(key, x)",
        "noise, log_u = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
    ),
    "MALA, force of the end forgotten": invariant(
        LANGEVIN_PROPOSAL,
        "noise_back = -noise - half_force - 0.5 * step_size * to_force(factor, gradient)",
        "noise_back = -noise - 2.0 * half_force",
        MALA,
    ),
    "HMC, a full kick at the end": invariant(
        LEAPFROG, "half_kick(start, 1.0)), -1.0)", "half_kick(start, 1.0)), 0.0)", HMC
    ),
    "HMC, momentum not refreshed evenly": invariant(
        LEAPFROG, "start = Phase(x, momentum, state", "start = Phase(x, 1.1 * momentum, state", HMC
    ),
    "1 Barker, ratio reversed": obvious(
        BARKER,
        "value - state.log_density + jnp.sum(log_sign_ratio)",
        "state.log_density - value - jnp.sum(log_sign_ratio)",
    ),
    "Barker, signs lean downhill": invariant(
        BARKER, "jax.nn.sigmoid(increment * force)", "jax.nn.sigmoid(-increment * force)"
    ),
    "Barker, the ratio of the signs reversed": invariant(
        BARKER, "+ jnp.sum(log_sign_ratio)", "- jnp.sum(log_sign_ratio)"
    ),
    "Barker, force of the end forgotten": invariant(
        BARKER, "force_back = to_force(factor, gradient)", "force_back = force"
    ),
    "7 Barker, gradient of a rejected proposal": invariant(
        ACCEPT, TUNED, "    state = state._replace(gradient=proposed.gradient)\n" + TUNED, BARKER
    ),
    "1 independent Metropolis, ratio reversed": obvious(
        INDEPENDENT_METROPOLIS, "log_weight - state.log_weight", "state.log_weight - log_weight"
    ),
    "independent Metropolis, proposal density forgotten": invariant(
        INDEPENDENT_METROPOLIS, "log_weight - state.log_weight", "value - state.log_density"
    ),
    "independent Metropolis, weight of a rejected proposal": invariant(
        ACCEPT,
        TUNED,
        "    state = state._replace(log_weight=proposed.log_weight)\n" + TUNED,
        INDEPENDENT_METROPOLIS,
    ),
    "2 adjusted MCLMC, no accept step": obvious(
        ADJUSTED_MCLMC,
        "accept_trajectory(log_u, end.energy_error,",
        "accept_trajectory(log_u, 0.0 * end.energy_error,",
    ),
    "adjusted MCLMC, kinetic energy forgotten": invariant(
        MICROCANONICAL, "+ first_gain + second_gain ", "", ADJUSTED_MCLMC
    ),
    "adjusted MCLMC, kinetic energy of the first half turns only": invariant(
        MICROCANONICAL, "+ second_gain ", "", ADJUSTED_MCLMC
    ),
    "adjusted MCLMC, Jacobian of one dimension too many": invariant(
        MICROCANONICAL, "gain = (dim - 1) *", "gain = dim *", ADJUSTED_MCLMC
    ),
    "adjusted MCLMC, a whole turn at the end": invariant(
        MICROCANONICAL,
        "update_direction(direction, to_force(factor, gradient), 0.5 * step_size)",
        "update_direction(direction, to_force(factor, gradient), step_size)",
        ADJUSTED_MCLMC,
    ),
    "2 jittered HMC, no accept step": obvious(
        LEAPFROG, "accept_trajectory(log_u, error,", "accept_trajectory(log_u, 0.0 * error,", JITTERED_HMC
    ),
    "jittered HMC, the position chooses the length": jittered(
        JITTERED_HMC, "fraction(index)", "jnp.abs(jnp.sin(ravel_pytree(state.position)[0][0]))"
    ),
    "8 jittered HMC, a key used twice": jittered(
        LEAPFROG,
        "momentum, log_u = normal_and_log_uniform(key, x)",
        "momentum, log_u = normal_and_log_uniform(key, x)[0], normal_and_log_uniform(key, x[:0])[1]",
        JITTERED_HMC,
    ),
    "jittered HMC, the slope chooses the length": jittered(
        JITTERED_HMC,
        "longest * fraction(index).astype(longest.dtype)",
        "longest / (1.0 + jnp.linalg.norm(state.gradient))",
    ),
    "2 GHMC, no accept step": obvious(GHMC, "jnp.log(jnp.abs(height)) < -error", "error < jnp.inf"),
    "GHMC, momentum not turned round where it is refused": lasting(
        "Persistent(-momentum, height)", "Persistent(momentum, height)"
    ),
    "7 GHMC, gradient of a rejected proposal": lasting(
        "    info = {", "    state = state._replace(gradient=end.gradient)\n    info = {"
    ),
    "8 GHMC, a key used twice": lasting(
        "momentum_key, slice_key = jax.random.split(key)", "momentum_key = slice_key = key", num_steps=1
    ),
    "8 GHMC, the same noise at every step": lasting(
        "jax.random.normal(key, x.shape", "jax.random.normal(jax.random.key(0), x.shape"
    ),
    "GHMC, momentum turned round where it is accepted": lasting(
        "Persistent(end.momentum,", "Persistent(-end.momentum,"
    ),
    "GHMC, slice not updated": lasting("height * jnp.exp(error)", "height"),
    "GHMC, slice updated the wrong way": lasting("height * jnp.exp(error)", "height * jnp.exp(-error)"),
    "GHMC, momentum refreshed too much": lasting(
        "jnp.sqrt(1.0 - refreshed) * state.persistent.momentum", "state.persistent.momentum"
    ),
    "GHMC, momentum starts at rest": lasting(
        "Persistent(momentum, height))\n\n", "Persistent(0.0 * momentum, height))\n\n"
    ),
    "adjusted MCLMC, speed of one dimension more": Mutant(
        MICROCANONICAL,
        "direction.size**0.5 * to_velocity",
        "(direction.size + 1) ** 0.5 * to_velocity",
        ADJUSTED_MCLMC,
        check=check_order,
    ),
    "adjusted MCLMC, turned as if in one dimension more": Mutant(
        MICROCANONICAL, "time * size / (dim - 1)", "time * size / dim", ADJUSTED_MCLMC, check=check_order
    ),
    "9 multiplicative walk, no Jacobian": Mutant(
        "tests.helpers.multiplicative_walk",
        " + jnp.log(proposal / position)",
        "",
        check=lambda module: check_walk(module.walk),
        match="does not leave beta invariant",
    ),
}
