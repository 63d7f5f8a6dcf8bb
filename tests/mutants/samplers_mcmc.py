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

HMC, MALA, METROPOLIS = "samplers.mcmc.hmc", "samplers.mcmc.mala", "samplers.mcmc.metropolis"
BARKER, INDEPENDENT = "samplers.mcmc.barker", "samplers.mcmc.independent_metropolis"
MCLMC, JITTERED, GHMC = "samplers.mcmc.adjusted_mclmc", "samplers.mcmc.jittered_hmc", "samplers.mcmc.ghmc"
LEAPFROG, MICROCANONICAL = "samplers.leapfrog", "samplers.microcanonical"
ACCEPT, LANGEVIN = "samplers.accept", "samplers.langevin_proposal"
RATIO = "value - state.log_density"


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


def replaced(field, line):
    """Return a change by which the state has a field of another point, from this line on."""
    return line, f"    state = state._replace({field})\n{line}"


def twice(like):
    """Return a change by which noise and decision come from the same bits."""
    right = f"normal_and_log_uniform(key, {like})"
    return right, f"{right}[0], normal_and_log_uniform(key, {like}[:0])[1]"


def jittered(*change):
    def check(module):
        def make(target, scale):
            return module.jittered_hmc(target.log_density, step_size=scale)

        target = replace(double_well(), traits=frozenset())
        invariance(make, target, fresh_key(), scales=(0.18, 0.27, 0.37))

    return Mutant(*change, check=check, match="does not leave double_well invariant")


def lasting(right, wrong, num_steps=20):
    def check(module):
        check_invariance(module.ghmc, num_steps)

    return Mutant(GHMC, right, wrong, check=check, match="does not leave double_well invariant")


ordered = partial(Mutant, MICROCANONICAL, user=MCLMC, check=check_order)
MUTANTS = {
    "1 MALA, ratio reversed": obvious(LANGEVIN, f"{RATIO} +", f"-({RATIO}) -", MALA),
    "1 MALA, proposal ratio reversed": invariant(LANGEVIN, "+ 0.5 * (noise", "- 0.5 * (noise", MALA),
    "2 MALA, no accept step": invariant(MALA, "(log_u, log_ratio", "(log_u, 0.0 * log_ratio"),
    "2 HMC, no accept step": obvious(LEAPFROG, "(log_u, error", "(log_u, 0.0 * error", HMC),
    "2 Metropolis, no accept step": obvious(METROPOLIS, f"(log_u, {RATIO}", "(log_u, 0.0 * value"),
    "3 HMC, kinetic energy of the old momentum": invariant(
        LEAPFROG, "energies(start, end)", "energies(start, end._replace(momentum=momentum))", HMC
    ),
    "3 HMC, kinetic energy of the position": invariant(
        LEAPFROG, "energies(start, end)", "energies(start, end._replace(momentum=end.position))", HMC
    ),
    "7 MALA, gradient of a rejected proposal": invariant(
        ACCEPT, *replaced("gradient=proposed.gradient", "    tuned = {"), MALA
    ),
    "7 HMC, gradient of a rejected proposal": invariant(
        LEAPFROG, *replaced("gradient=end.gradient", '    info["energy"] = '), HMC
    ),
    "8 MALA, a key used twice": invariant(MALA, *twice("state.gradient")),
    "8 HMC, a key used twice": invariant(LEAPFROG, *twice("x"), HMC),
    "8 Metropolis, a key used twice": invariant(METROPOLIS, *twice("x")),
    "MALA, force of the end forgotten": invariant(
        LANGEVIN, "- 0.5 * step_size * to_force(factor, gradient)", "- half_force", MALA
    ),
    "HMC, a full kick at the end": invariant(
        LEAPFROG,
        "(x, phase.momentum,",
        "(x, phase.momentum + step_size * to_force(factor, gradient) / 2,",
        HMC,
    ),
    "HMC, momentum not refreshed evenly": invariant(
        LEAPFROG, "(x, momentum, s", "(x, 1.1 * momentum, s", HMC
    ),
    "1 Barker, ratio reversed": obvious(BARKER, f"{RATIO} + jnp", "state.log_density - value - jnp"),
    "Barker, signs lean downhill": invariant(BARKER, "sigmoid(increment", "sigmoid(-increment"),
    "Barker, the ratio of the signs reversed": invariant(BARKER, "+ jnp.sum(log_sign", "- jnp.sum(log_sign"),
    "Barker, force of the end forgotten": invariant(
        BARKER, "back = to_force(factor, gradient)", "back = force"
    ),
    "7 Barker, gradient of a rejected proposal": invariant(
        ACCEPT, *replaced("gradient=proposed.gradient", "    tuned = {"), BARKER
    ),
    "1 independent Metropolis, ratio reversed": obvious(
        INDEPENDENT,
        "(value - state.log_density) - (log_proposal - state.log_proposal)",
        "(state.log_density - value) - (state.log_proposal - log_proposal)",
    ),
    "independent Metropolis, proposal density forgotten": invariant(
        INDEPENDENT, "(value - state.log_density) - (log_proposal - state.log_proposal)", RATIO
    ),
    "independent Metropolis, weight of a rejected proposal": invariant(
        ACCEPT, *replaced("log_proposal=proposed.log_proposal", "    tuned = {"), INDEPENDENT
    ),
    "2 adjusted MCLMC, no accept step": obvious(MCLMC, "(log_u, end.energy", "(log_u, 0.0 * end.energy"),
    "adjusted MCLMC, kinetic energy forgotten": invariant(
        MICROCANONICAL, "+ first_gain + second_gain ", "", MCLMC
    ),
    "adjusted MCLMC, kinetic energy of the first half turns only": invariant(
        MICROCANONICAL, "+ second_gain ", "", MCLMC
    ),
    "adjusted MCLMC, Jacobian of one dimension too many": invariant(
        MICROCANONICAL, "gain = (dim - 1) *", "gain = dim *", MCLMC
    ),
    "adjusted MCLMC, a whole turn at the end": invariant(
        MICROCANONICAL, "gradient), 0.5 * step_size)", "gradient), step_size)", MCLMC
    ),
    "2 jittered HMC, no accept step": obvious(LEAPFROG, "(log_u, error", "(log_u, 0.0 * error", JITTERED),
    "jittered HMC, the position chooses the length": jittered(
        JITTERED, "fraction(index)", "jnp.abs(jnp.sin(ravel_pytree(state.position)[0][0]))"
    ),
    "8 jittered HMC, a key used twice": jittered(LEAPFROG, *twice("x"), JITTERED),
    "jittered HMC, the slope chooses the length": jittered(
        JITTERED,
        "longest * fraction(index).astype(longest.dtype)",
        "longest / (1.0 + jnp.linalg.norm(state.gradient))",
    ),
    "2 GHMC, no accept step": obvious(GHMC, "jnp.log(jnp.abs(height)) < -error", "error < jnp.inf"),
    "GHMC, momentum not turned round where it is refused": lasting("(-momentum,", "(momentum,"),
    "7 GHMC, gradient of a rejected proposal": lasting(*replaced("gradient=end.gradient", "    info = {")),
    "8 GHMC, a key used twice": lasting("= jax.random.split(key)", "= key, key", num_steps=1),
    "8 GHMC, the same noise at every step": lasting("(key, x.shape", "(jax.random.key(0), x.shape"),
    "GHMC, momentum turned round where it is accepted": lasting("(end.momentum,", "(-end.momentum,"),
    "GHMC, slice not updated": lasting("height * jnp.exp(error)", "height"),
    "GHMC, slice updated the wrong way": lasting("height * jnp.exp(error)", "height * jnp.exp(-error)"),
    "GHMC, momentum refreshed too much": lasting("jnp.sqrt(1.0 - refreshed) *", "1.0 *"),
    "GHMC, momentum starts at rest": lasting(
        "tuning, Persistent(momentum", "tuning, Persistent(0.0 * momentum"
    ),
    "adjusted MCLMC, speed of one dimension more": ordered(
        "direction.size**0.5 * to_velocity", "(direction.size + 1) ** 0.5 * to_velocity"
    ),
    "adjusted MCLMC, turned as if in one dimension more": ordered(
        "time * size / (dim - 1)", "time * size / dim"
    ),
    "9 multiplicative walk, no Jacobian": Mutant(
        "tests.helpers.multiplicative_walk",
        " + jnp.log(proposal / position)",
        "",
        check=lambda module: check_walk(module.walk),
        match="does not leave beta invariant",
    ),
}
