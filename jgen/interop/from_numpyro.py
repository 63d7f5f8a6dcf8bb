"""Wrap NumPyro kernels as samplers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from jgen.interop import external_kernel
from jgen.interop.external_kernel import Build, ExternalState, Facts, StepSize, inverse_mass_matrix_of
from jgen.samplers.state import Tuning
from jgen.sampling.adaptation.low_rank import LowRankFactor
from jgen.types import Array, DrawKind, Key, LogDensity, PyTree, Sampler


def from_numpyro(build: Build, log_density: LogDensity, **parameters: Any) -> Sampler:
    """Wrap a NumPyro kernel as a sampler.

    The kernel is built inside the step, from data bound here, with a warm-up of zero steps, so that it never
    adapts: jgen's driver adapts it, as any other sampler. Parameters that are floats or arrays are data;
    integers, flags and functions are structure, and other values compile again (``jnp.int32(10)`` leapfrog
    steps are data, ``10`` are not).

    Evaluations of the log density are counted: those in the program of a step, times the number of leapfrog
    steps that the kernel reports. Those of a ``build`` that is not NumPyro's are counted as the step runs,
    which is slower with many chains, since their steps are made in turn.

    A move to where the log density is NaN or +inf, or its gradient is not finite, is rejected and flagged as
    ``diverging``.

    Args:
        build: Class of the kernel, ``numpyro.infer.NUTS``, ``HMC`` or ``BarkerMH``, or any module-level
            function that takes ``potential_fn`` and parameters and returns an ``MCMCKernel``.
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
            ``from_model`` returns that of a model.
        **parameters: Passed on to ``build``.

    Returns:
        A Markov sampler. One built with ``dense_mass=True`` can use a full matrix, which
        ``jgen.sampling.adaptation.low_rank`` needs here. (``SA`` runs too, but starts from points of its own
        around the position, so it fails ``jgen.testing.check_sampler``, which starts from exact draws.)

    Raises:
        TypeError: If ``build`` is a built kernel, or a parameter is neither data nor hashable; while
            tracing, if the kernel has no single position.
        ValueError: While tracing, if warm-up estimates a full matrix and the kernel has no ``dense_mass``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from numpyro.infer import BarkerMH
        >>> from jgen.sampling.adaptation import window
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), from_numpyro(BarkerMH, log_density), num_draws=50, num_chains=4,
        ...     num_warmup=100, adaptation=window(0.4), position=jnp.ones((4, 3)),
        ... )
        >>> run.cost.num_grads
        200

    Reference:
        Phan, Pradhan and Jankowiak (2019), "Composable effects for flexible and accelerated probabilistic
        programming in NumPyro", arXiv 1912.11554.
    """
    if hasattr(build, "sample_field") and not isinstance(build, type):
        raise TypeError(
            "from_numpyro builds the kernel itself, since closures would be compiled again each time; pass "
            "its class, e.g. from_numpyro(numpyro.infer.NUTS, log_density, step_size=0.1)"
        )
    return external_kernel.wrap(NUMPYRO, build, log_density, parameters, DrawKind.MARKOV)


def make_kernel(build: Build, log_density: LogDensity, parameters: dict[str, Any]) -> Any:
    """Build the kernel of the potential energy, minus the log density."""
    return build(potential_fn=lambda position: -log_density(position), **parameters)


def init(
    build: Build, log_density: LogDensity, parameters: dict[str, Any], key: Key, position: PyTree
) -> tuple[Any, Any, Any]:
    """Initialise the kernel."""
    state = make_kernel(build, log_density, parameters).init(key, 0, position, (), {})
    if not hasattr(state, "z") or not hasattr(state, "potential_energy"):
        raise TypeError(f"from_numpyro moves one position; {type(state).__name__} has no z of that kind")
    adapted = state.adapt_state
    return state, getattr(adapted, "step_size", None), getattr(adapted, "inverse_mass_matrix", None)


def step(
    build: Build, log_density: LogDensity, parameters: dict[str, Any], key: Key, state: ExternalState
) -> Callable[[], tuple[Any, Facts]]:
    """Build the kernel with the tuning of the state."""
    before = with_tuning(state.inner, state.tuning)._replace(rng_key=key)
    kernel = make_kernel(build, log_density, parameters)
    # A kernel makes its functions in init; tracing it for shapes evaluates nothing.
    jax.eval_shape(lambda key, position: kernel.init(key, 0, position, (), {}), key, state.position)

    def make_step() -> tuple[Any, Facts]:
        inner = kernel.sample(before, (), {})
        return inner, inner._asdict()

    return make_step


def read(state: Any) -> tuple[PyTree, Array, PyTree | None]:
    """Return position, log density and gradient of NumPyro's state."""
    gradient = jax.tree.map(jnp.negative, getattr(state, "z_grad", None))
    return state.z, -state.potential_energy, gradient


def with_tuning(state: Any, tuning: Tuning | StepSize | None) -> Any:
    """Return NumPyro's state with jgen's tuning; its square root of the mass matrix is ``L^-T``."""
    if not isinstance(tuning, Tuning):
        return state
    factor = tuning.inverse_mass_factor
    is_dense = state.adapt_state.inverse_mass_matrix.ndim == 2
    if factor.ndim == 2 and not is_dense:
        raise ValueError(
            "this kernel of NumPyro keeps variances, and warm-up estimates a full matrix: build it with "
            "dense_mass=True, or adapt by window() without dense=True"
        )
    if isinstance(factor, LowRankFactor):
        factor = jnp.linalg.cholesky(inverse_mass_matrix_of(factor))
    if is_dense:
        factor = factor if factor.ndim == 2 else jnp.diag(factor)
        root = solve_triangular(factor, jnp.eye(len(factor), dtype=factor.dtype), lower=True).T
    else:
        root = 1.0 / factor
    adapted = state.adapt_state._replace(mass_matrix_sqrt=root, mass_matrix_sqrt_inv=factor.T)
    matrix = inverse_mass_matrix_of(factor)
    adapted = adapted._replace(step_size=tuning.step_size, inverse_mass_matrix=matrix)
    return state._replace(adapt_state=adapted)


def is_counted_in_trace(build: Build, _: Facts) -> bool:
    """Return whether evaluations are counted as a step is traced: for NumPyro's own kernels."""
    return build.__module__.startswith("numpyro.")


NUMPYRO = external_kernel.Library("a kernel of NumPyro", init, step, read, is_counted_in_trace)
