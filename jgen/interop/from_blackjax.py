"""Wrap BlackJAX algorithms as samplers."""

import functools
from collections.abc import Callable
from typing import Any

from jgen.interop.external_kernel import Build, ExternalState, Facts, Library, inverse_mass_matrix_of, wrap
from jgen.samplers.state import Tuning
from jgen.types import Array, DrawKind, Key, LogDensity, PyTree, Sampler

COUNTED_IN_TRACE = (
    "adjusted_mclmc adjusted_mclmc_dynamic barker dynamic_hmc elliptical_slice ghmc hmc mala "
    "marginal_latent_gaussian mclmc nuts random_walk"
)
"""Modules of the algorithms that evaluate the density equally often in every integration step they report."""


def from_blackjax(
    build: Build, log_density: LogDensity, *, kind: DrawKind = DrawKind.MARKOV, **parameters: Any
) -> Sampler:
    """Wrap a BlackJAX algorithm as a sampler.

    A ``SamplingAlgorithm`` holds closures, and every new closure is another function to ``jax.jit``. So the
    algorithm is built inside the step, from data bound here, and a sampler built again with other data is
    the same program. Parameters that are floats or arrays are data; integers, flags and functions are
    structure, and other values compile again (``jnp.int32(10)`` leapfrog steps are data, ``10`` are not).

    Evaluations of the log density are counted: those in the program of a step, times the number of
    integration steps that the algorithm reports. Where that is not all (``coordinate_slice``,
    ``slice_sampling``, ``rmhmc``, the ``gist_*`` algorithms, an implicit integrator or a ``build`` of your
    own), they are counted as the step runs. That is slower with many chains, since their steps are made in
    turn; and the algorithm may differentiate the log density in reverse mode only.

    A move to where the log density is NaN or +inf, or its gradient is not finite, is rejected and flagged as
    ``diverging``. If a ``step_size`` is among the parameters, ``jgen.sampling.adaptation`` can adapt it
    during warm-up, and also an ``inverse_mass_matrix`` that is an array: what ``low_rank`` estimates is
    passed as a full matrix.

    Args:
        build: BlackJAX's name for the algorithm, ``blackjax.nuts``, or any module-level function that takes
            a log density and parameters and returns a ``SamplingAlgorithm``.
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        kind: ``DrawKind.BIASED`` for algorithms that do not leave the target invariant, as
            ``blackjax.mclmc``.
        **parameters: Passed on to ``build``.

    Returns:
        A Markov sampler with ArviZ's names in ``info``. (BlackJAX's HMC reports the energy of its proposal;
        ``info`` has only an energy that belongs to the draw.)

    Raises:
        TypeError: If ``build`` is a built algorithm, or a parameter is neither data nor hashable; while
            tracing, if the state of the algorithm has no position (that of ``orbital_hmc`` is an orbit of
            weighted points).

    Example:
        >>> import blackjax, jax, jax.numpy as jnp
        >>> from jgen.sampling.adaptation import window
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> nuts = from_blackjax(blackjax.nuts, log_density, step_size=0.1, inverse_mass_matrix=jnp.ones(3))
        >>> run = sample(
        ...     jax.random.key(0), nuts, num_draws=50, num_chains=4,
        ...     num_warmup=100, adaptation=window(), position=jnp.ones((4, 3)),
        ... )
        >>> bool((run.draws.info["num_grads"] == run.draws.info["n_steps"]).all())
        True

    Reference:
        Cabezas et al. (2024), "BlackJAX: composable Bayesian inference in JAX", arXiv 2402.10797.
    """
    if hasattr(build, "step"):
        raise TypeError(
            "from_blackjax builds the algorithm itself, since closures would be compiled again each time; "
            "pass what builds it, e.g. from_blackjax(blackjax.hmc, log_density, step_size=0.1, ...)"
        )
    build = getattr(build, "differentiable", build)
    return wrap(BLACKJAX, build, log_density, parameters, kind)


def init(
    build: Build, log_density: LogDensity, parameters: dict[str, Any], key: Key, position: PyTree
) -> tuple[Any, Any, Any]:
    """Initialise the algorithm."""
    state = build(log_density, **parameters).init(position, key)
    if not hasattr(state, "position"):
        raise TypeError(f"from_blackjax moves one position; {type(state).__name__} has none")
    return state, parameters.get("step_size"), parameters.get("inverse_mass_matrix")


def step(
    build: Build, log_density: LogDensity, parameters: dict[str, Any], key: Key, state: ExternalState
) -> Callable[[], tuple[Any, Facts]]:
    """Build the algorithm with the tuning of the state."""
    if state.tuning is not None:
        parameters |= {"step_size": state.tuning.step_size}
    if isinstance(state.tuning, Tuning):
        parameters |= {"inverse_mass_matrix": inverse_mass_matrix_of(state.tuning.inverse_mass_factor)}
    algorithm = build(log_density, **parameters)

    def make_step() -> tuple[Any, Facts]:
        inner, info = algorithm.step(key, state.inner)
        facts = info._asdict()
        if "is_accepted" in facts:
            facts.pop("energy", None)
        return inner, facts

    return make_step


def read(state: Any) -> tuple[PyTree, Array, PyTree | None]:
    """Return position, log density and gradient of BlackJAX's state."""
    return state.position, state.logdensity, getattr(state, "logdensity_grad", None)


def is_counted_in_trace(build: Build, parameters: Facts) -> bool:
    """Return whether evaluations are counted as a step is traced."""
    modules = {f"blackjax.mcmc.{name}" for name in COUNTED_IN_TRACE.split()}
    while isinstance(build, functools.partial):
        parameters, build = {**build.keywords, **parameters}, build.func
    integrator, proposal = parameters.get("integrator"), parameters.get("build_proposal")
    return (
        build.__module__ in modules
        and (integrator is None or integrator.__module__ == "blackjax.mcmc.integrators")
        and getattr(integrator, "__name__", None) != "implicit_midpoint"
        and (proposal is None or proposal.__module__ in modules)
    )


BLACKJAX = Library("an algorithm of BlackJAX", init, step, read, is_counted_in_trace)
