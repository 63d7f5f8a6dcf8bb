"""Run kernels of other libraries as samplers: their state, tuning, arguments and counted cost."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial, PyTreeDef

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.trees import select_tree
from jgen.interop.evaluation_counts import STEP_COUNTS, TracedCount, count_running
from jgen.samplers.input_checks import check_position
from jgen.samplers.state import Tuning, make_tuning
from jgen.sampling.adaptation.low_rank import LowRankFactor
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler

ARVIZ_NAMES = {
    "acceptance_rate": "acceptance_rate",
    "accept_prob": "acceptance_rate",
    "is_divergent": "diverging",
    "diverging": "diverging",
    "energy": "energy",
    "energy_change": "energy_error",
    "num_integration_steps": "n_steps",
    "num_steps": "n_steps",
    "num_trajectory_expansions": "tree_depth",
}
"""Names that other libraries give to entries of ``info`` -> names that ArviZ and jgen give them."""
Build = Callable[..., Any]
Facts = Mapping[str, Any]


class StepSize(NamedTuple):
    """Tuning of a kernel that takes a step size and no mass matrix."""

    step_size: Array  # []


class ExternalState(NamedTuple):
    """State of a wrapped kernel.

    Attributes:
        position: Any pytree.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``; None where the kernel keeps none.
        tuning: What warm-up may adapt; None where the kernel has no step size.
        inner: The other library's own state.
    """

    position: PyTree
    log_density: Array
    gradient: Array | None
    tuning: Tuning | StepSize | None
    inner: PyTree


class Library(NamedTuple):
    """Functions that run the kernels of one library, given ``build`` and its parameters.

    Attributes:
        noun: Name of a kernel in error messages.
        init: ``init(build, log_density, parameters, key, position) -> (state, step size, inverse mass
            matrix)``, the last two None where the kernel has none.
        step: ``step(build, log_density, parameters, key, state)`` -> a function without arguments that
            makes the step and returns ``(state, facts of the draw by name)``.
        read: ``read(state) -> (position, log density, gradient)``, the last None where the state has none.
        is_counted_in_trace: ``is_counted_in_trace(build, parameters)``: whether a step makes the evaluations
            in its program as often as it reports integration steps. Otherwise they are counted as it runs.
    """

    noun: str
    init: Callable[..., tuple[PyTree, Any, Any]]
    step: Callable[..., Callable[[], tuple[PyTree, Facts]]]
    read: Callable[[PyTree], tuple[PyTree, Array, PyTree | None]]
    is_counted_in_trace: Callable[[Build, Facts], bool]


class Structure(NamedTuple):
    """Arguments without their data; equal structures are the same program."""

    tree: PyTreeDef
    fixed: tuple[tuple[type, Any] | None, ...]


class Kernel(NamedTuple):
    """What decides the program of a wrapped kernel; equal ones are compiled once."""

    library: Library
    build: Build
    structure: Structure
    kind: DrawKind


def divide(arguments: PyTree) -> tuple[list[Array | None], Structure]:
    """Divide arguments into data, which may change without a new compilation, and structure.

    Arrays and Python floats are data. Integers, flags, names and functions are structure: they may decide a
    shape or a branch.

    Raises:
        TypeError: If a part of the structure cannot be hashed.

    Example:
        >>> data, structure = divide({"step_size": 0.5, "max_num_doublings": 8})
        >>> unite(structure, data)["max_num_doublings"], float(unite(structure, data)["step_size"])
        (8, 0.5)
    """
    leaves, tree = jax.tree.flatten(arguments)
    data = [_data(leaf) for leaf in leaves]
    fixed = tuple(
        None if array is not None else (type(leaf), leaf) for leaf, array in zip(leaves, data, strict=True)
    )
    try:
        hash((tree, fixed))
    except TypeError as error:
        raise TypeError(
            f"an argument is neither an array nor a number, a name or a function that can be hashed: {error}"
        ) from error
    return data, Structure(tree, fixed)


def _data(leaf: Any) -> Array | None:
    if isinstance(leaf, float):
        return jnp.asarray(leaf, float)
    return jnp.asarray(leaf) if isinstance(leaf, np.ndarray | np.generic | jax.Array) else None


def unite(structure: Structure, data: list[Array | None]) -> Any:
    """Return the arguments that ``divide`` divided."""
    pairs = zip(structure.fixed, data, strict=True)
    return jax.tree.unflatten(structure.tree, [leaf if fixed is None else fixed[1] for fixed, leaf in pairs])


def wrap(
    library: Library, build: Build, log_density: LogDensity, parameters: Facts, kind: DrawKind
) -> Sampler:
    """Return a sampler that builds a kernel inside ``init`` and ``step``, from data bound here."""
    data, structure = divide(dict(parameters))
    kernel = Kernel(library, build, structure, kind)
    return Sampler(
        Partial(bind_static(external_init, kernel=kernel), as_partial(log_density), data),
        Partial(bind_static(external_step, kernel=kernel), as_partial(log_density), data),
    )


def external_init(
    log_density: LogDensity, data: list[Array | None], key: Key, position: PyTree, *, kernel: Kernel
) -> ExternalState:
    """Initialise the kernel at a position, at the library's own cost."""
    library, build, structure, _ = kernel
    check_position(log_density, position, library.noun)
    position = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), position)  # no weak types
    with library_settings(log_density) as density:
        inner, step_size, mass_matrix = library.init(build, density, unite(structure, data), key, position)
    return as_state(library, inner, tuning_of(step_size, mass_matrix, position))


def external_step(
    log_density: LogDensity, data: list[Array | None], key: Key, state: ExternalState, *, kernel: Kernel
) -> tuple[ExternalState, Draws]:
    """Make one step of the kernel, built with the tuning of the state.

    Where evaluations are counted as the step runs, ``jax.vmap`` makes the steps of the chains in turn.
    """
    library, build, structure, kind = kernel

    def make_step(log_density: LogDensity, data: Any, key: Key, state: ExternalState) -> Any:
        parameters = unite(structure, data)

        def run(density: LogDensity) -> tuple[PyTree, Facts]:
            inner, facts = library.step(build, density, parameters, key, state)()
            return inner, {name: fact for name, fact in facts.items() if name in ARVIZ_NAMES}

        with library_settings(log_density) as density:
            (inner, facts), num_grads, num_log_densities = count_running(run, density)
        cost = {"num_grads": num_grads, "num_log_densities": num_log_densities}
        return make_draw(kind, state, as_state(library, inner, state.tuning), facts, cost)

    if not library.is_counted_in_trace(build, unite(structure, data)):
        return jax.custom_batching.sequential_vmap(make_step)(log_density, data, key, state)
    count = TracedCount()
    with library_settings(log_density) as density:
        step = library.step(build, count.counted(density), unite(structure, data), key, state)
        count.reset()
        inner, facts = step()
    return make_draw(kind, state, as_state(library, inner, state.tuning), facts, count.cost(facts))


def as_state(library: Library, inner: PyTree, tuning: Tuning | StepSize | None) -> ExternalState:
    """Return the library's state under jgen's names."""
    position, log_density, gradient = library.read(inner)
    flat = None if gradient is None else ravel_pytree(gradient)[0]
    return ExternalState(position, jnp.asarray(log_density), flat, tuning, inner)


@contextlib.contextmanager
def library_settings(log_density: LogDensity) -> Iterator[LogDensity]:
    """Allow other libraries to promote ranks, but keep the user's setting inside the density.

    Loops are traced, so that nothing runs as plain Python, which could not be counted.
    """
    setting = jax.config.jax_numpy_rank_promotion  # type: ignore[attr-defined]

    def with_user_setting(position: PyTree) -> Array:
        with jax.numpy_rank_promotion(setting):
            return log_density(position)

    with jax.numpy_rank_promotion("allow"), jax.disable_jit(False):
        yield with_user_setting


def tuning_of(step_size: Any, inverse_mass_matrix: Any, position: PyTree) -> Tuning | StepSize | None:
    """Return the tuning of a kernel with these parameters, as far as jgen's adaptations can set it."""
    if step_size is None or jnp.shape(step_size) != ():
        return None
    flat, _ = ravel_pytree(position)
    if getattr(inverse_mass_matrix, "ndim", 0) in (1, 2):
        return make_tuning(step_size, inverse_mass_matrix, flat)
    return StepSize(jnp.asarray(step_size, flat.dtype))


def inverse_mass_matrix_of(factor: Array | LowRankFactor) -> Array:
    """Compute ``L Lᵀ``, as other libraries take it: variances ``[dim]`` or a covariance ``[dim, dim]``."""
    if isinstance(factor, LowRankFactor):
        basis = jnp.eye(factor.left.size, dtype=factor.left.dtype)  # [dim, dim]
        return jax.vmap(lambda vector: factor @ (factor.T @ vector))(basis)
    return factor**2 if factor.ndim == 1 else factor @ factor.T


def make_draw(
    kind: DrawKind, before: ExternalState, after: ExternalState, facts: Facts, cost: Facts
) -> tuple[ExternalState, Draws]:
    """Return the new state and its draw, or the old state where the new density or gradient is unusable.

    Facts that have no name in ``ARVIZ_NAMES`` are dropped.
    """
    usable = after.log_density < jnp.inf
    if after.gradient is not None:
        usable &= jnp.all(jnp.isfinite(after.gradient))
    state = select_tree(usable, after, before)
    info = {ARVIZ_NAMES[name]: jnp.asarray(fact) for name, fact in facts.items() if name in ARVIZ_NAMES}
    info["diverging"] = info.get("diverging", jnp.bool(False)) | ~usable
    if "acceptance_rate" in info:
        info["acceptance_rate"] = jnp.nan_to_num(info["acceptance_rate"], nan=0.0)
    constant = {name for name, count in cost.items() if isinstance(count, int)}
    constant |= {ARVIZ_NAMES[name] for name in STEP_COUNTS if isinstance(facts.get(name), int)}
    if after.tuning is not None:
        info["step_size"] = after.tuning.step_size
        constant.add("step_size")
    info |= {"lp": state.log_density, **{name: jnp.int32(count) for name, count in cost.items()}}
    return state, Draws(state.position, info, None, kind, frozenset(constant))
