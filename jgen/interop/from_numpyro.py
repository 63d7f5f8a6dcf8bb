"""NumPyro's kernels as samplers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import solve_triangular
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.interop.counted_density import counted, marked
from jgen.interop.external_kernel import (
    PeerState,
    StepSize,
    Structure,
    among_peers,
    divide,
    finish,
    inverse_mass_matrix_of,
    tuning_of,
    unite,
)
from jgen.samplers.input_checks import check_position
from jgen.samplers.state import Tuning
from jgen.sampling.adaptation.low_rank import LowRankFactor
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler


def from_numpyro(build: Callable[..., Any], log_density: LogDensity, **parameters: Any) -> Sampler:
    """A sampler of jgen that moves as a kernel of NumPyro does.

    The kernel is built inside the step, from what is bound here, and told of a warm-up of no steps, so that
    it never adapts: its warm-up is a value given to jgen's driver, as for any other sampler. Parameters that
    are floats or arrays are data; whole numbers, flags and functions are structure, and other ones compile
    anew (``jnp.int32(10)`` leapfrogs are data, ``10`` are not).

    Evaluations of the log density are counted as the program makes them. A move to where the log density is
    NaN, or +inf, or has a gradient that is not finite, is not taken, and flagged as ``diverging``.

    Args:
        build: The class of the kernel, ``numpyro.infer.NUTS``, ``HMC`` or ``BarkerMH``, or any function of a
            module that takes ``potential_fn`` and parameters to an ``MCMCKernel``.
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``. That of a
            model comes from ``from_model``.
        **parameters: Passed on to ``build``.

    Returns:
        A Markov sampler. One built with ``dense_mass=True`` can learn a full matrix, which is what
        ``jgen.sampling.adaptation.low_rank`` comes to here. (``SA`` runs too, but begins with points of
        its own laid
        around the position, wherever those fall: it does not pass the gate, which starts from exact draws.)

    Raises:
        TypeError: If ``build`` is a kernel already built, or a parameter can be no part of a program; while
            tracing, if the kernel has no single position.
        ValueError: While tracing, if warm-up learns a full matrix and the kernel has no ``dense_mass``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from numpyro.infer import BarkerMH
        >>> from jgen.sampling.adaptation import window
        >>> from jgen.sampling.driver import sample
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
            "from_numpyro builds the kernel itself, since closures would be compiled anew each time; pass "
            "its class, e.g. from_numpyro(numpyro.infer.NUTS, log_density, step_size=0.1)"
        )
    data, structure = divide(parameters)
    options = {"build": build, "structure": structure}
    return Sampler(
        Partial(bind_static(numpyro_init, **options), as_partial(log_density), data),
        Partial(bind_static(numpyro_step, **options), as_partial(log_density), data),
    )


def make_kernel(
    build: Callable[..., Any], structure: Structure, log_density: LogDensity, data: list[Array | None]
) -> Any:
    """The kernel, of the potential energy, which is minus the log density."""
    return build(potential_fn=lambda position: -log_density(position), **unite(structure, data))


def numpyro_init(
    log_density: LogDensity,
    data: list[Array | None],
    key: Key,
    position: PyTree,
    *,
    build: Callable[..., Any],
    structure: Structure,
) -> PeerState:
    """Spends what the kernel spends."""
    check_position(log_density, position, "a kernel of NumPyro")
    with among_peers(log_density) as density:
        state = make_kernel(build, structure, density, data).init(key, 0, position, (), {})
    if not hasattr(state, "z") or not hasattr(state, "potential_energy"):
        raise TypeError(f"from_numpyro moves one position; {type(state).__name__} has no z of that kind")
    learned = state.adapt_state
    tuning = tuning_of(
        getattr(learned, "step_size", None), getattr(learned, "inverse_mass_matrix", None), position
    )
    return as_peer(state, tuning)


def as_peer(state: Any, tuning: Tuning | StepSize | None) -> PeerState:
    """NumPyro's state by jgen's names."""
    gradient = getattr(state, "z_grad", None)
    flat = None if gradient is None else -ravel_pytree(gradient)[0]
    return PeerState(state.z, -state.potential_energy, flat, tuning, state)


def numpyro_step(
    log_density: LogDensity,
    data: list[Array | None],
    key: Key,
    state: PeerState,
    *,
    build: Callable[..., Any],
    structure: Structure,
) -> tuple[PeerState, Draws]:
    """One step of the kernel, with what jgen's warm-up has learned."""
    begin = retuned(state.peer, state.tuning)._replace(rng_key=key)
    with among_peers(marked(log_density)) as density:
        kernel = make_kernel(build, structure, density, data)
        # A kernel makes its functions in init; looked at for its shapes alone, that spends nothing.
        jax.eval_shape(lambda key, position: kernel.init(key, 0, position, (), {}), key, state.position)
        peer, *costs = counted(lambda begin: kernel.sample(begin, (), {}), begin)
    return finish(DrawKind.MARKOV, state, as_peer(peer, state.tuning), peer._asdict(), *costs)


def retuned(state: Any, tuning: Tuning | StepSize | None) -> Any:
    """NumPyro's state with jgen's tuning in it; its square root S of the mass matrix is L to the minus T."""
    if not isinstance(tuning, Tuning):
        return state
    factor = tuning.inverse_mass_factor
    is_dense = state.adapt_state.inverse_mass_matrix.ndim == 2
    if factor.ndim == 2 and not is_dense:
        raise ValueError(
            "this kernel of NumPyro keeps variances, and warm-up learns a full matrix: build it with "
            "dense_mass=True, or adapt by window() without dense=True"
        )
    if isinstance(factor, LowRankFactor):
        factor = jnp.linalg.cholesky(inverse_mass_matrix_of(factor))
    if factor.ndim == 1 and is_dense:
        factor = jnp.diag(factor)
    if factor.ndim == 1:
        root = 1.0 / factor
    else:
        root = solve_triangular(factor, jnp.eye(len(factor), dtype=factor.dtype), lower=True).T
    learned = {
        "step_size": tuning.step_size,
        "inverse_mass_matrix": inverse_mass_matrix_of(factor),
        "mass_matrix_sqrt": root,
        "mass_matrix_sqrt_inv": factor.T,
    }
    return state._replace(adapt_state=state.adapt_state._replace(**learned))
