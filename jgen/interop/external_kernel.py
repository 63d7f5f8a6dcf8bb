"""What wrapped kernels share: their state and its tuning, arguments parted into data and structure."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import PyTreeDef

from jgen._internal.trees import select_tree
from jgen.samplers.state import Tuning, make_tuning
from jgen.sampling.adaptation.low_rank import LowRankFactor
from jgen.types import Array, DrawKind, Draws, LogDensity, PyTree

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
"""What other libraries call the facts of a draw -> what ArviZ and jgen call them."""


class StepSize(NamedTuple):
    """The tuning of a kernel that takes a step size and no mass matrix."""

    step_size: Array  # []


class PeerState(NamedTuple):
    """Where a wrapped kernel stands.

    Attributes:
        position: Any pytree.
        log_density: At the position ``[]``.
        gradient: Of the log density, ravelled ``[dim]``; None where the kernel keeps none.
        tuning: What warm-up may learn; None where the kernel has no step size.
        peer: The other library's own state.
    """

    position: PyTree
    log_density: Array
    gradient: Array | None
    tuning: Tuning | StepSize | None
    peer: PyTree


class Structure(NamedTuple):
    """What is left of arguments without their data; equal ones are the same program."""

    tree: PyTreeDef
    fixed: tuple[tuple[type, Any] | None, ...]


def divide(arguments: PyTree) -> tuple[list[Array | None], Structure]:
    """Parts arguments into data, which may change without compiling anew, and structure.

    Arrays and Python floats are data. Whole numbers, flags, names and functions are structure: they may
    decide a shape or a branch.

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
        None if known is not None else (type(leaf), leaf) for leaf, known in zip(leaves, data, strict=True)
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
    """The arguments again."""
    pairs = zip(structure.fixed, data, strict=True)
    return jax.tree.unflatten(structure.tree, [leaf if fixed is None else fixed[1] for fixed, leaf in pairs])


@contextlib.contextmanager
def among_peers(log_density: LogDensity) -> Iterator[LogDensity]:
    """Lets other libraries promote ranks, as they do; the density they get keeps to what the user has set."""
    setting = jax.config.jax_numpy_rank_promotion  # type: ignore[attr-defined]

    def as_set(position: PyTree) -> Array:
        with jax.numpy_rank_promotion(setting):
            return log_density(position)

    with jax.numpy_rank_promotion("allow"):
        yield as_set


def tuning_of(step_size: Any, inverse_mass_matrix: Any, position: PyTree) -> Tuning | StepSize | None:
    """The tuning of a kernel with these parameters, as far as jgen's adaptations can learn it."""
    if step_size is None or jnp.shape(step_size) != ():
        return None
    flat, _ = ravel_pytree(position)
    if getattr(inverse_mass_matrix, "ndim", 0) in (1, 2):
        return make_tuning(step_size, inverse_mass_matrix, flat)
    return StepSize(jnp.asarray(step_size, flat.dtype))


def inverse_mass_matrix_of(factor: Array | LowRankFactor) -> Array:
    """``L Lᵀ``, as other libraries take it: variances ``[dim]`` or a covariance ``[dim, dim]``."""
    if isinstance(factor, LowRankFactor):
        basis = jnp.eye(factor.left.size, dtype=factor.left.dtype)  # [dim, dim]
        return jax.vmap(lambda vector: factor @ (factor.T @ vector))(basis)
    return factor**2 if factor.ndim == 1 else factor @ factor.T


def finish(
    law: DrawKind,
    before: PeerState,
    after: PeerState,
    facts: Mapping[str, Any],
    num_grads: Array,
    num_log_densities: Array,
) -> tuple[PeerState, Draws]:
    """The new state and its draw; where the log density or its gradient is of no use, the old ones.

    The facts that have no name in ``ARVIZ_NAMES`` are dropped.
    """
    usable = after.log_density < jnp.inf
    if after.gradient is not None:
        usable &= jnp.all(jnp.isfinite(after.gradient))
    state = select_tree(usable, after, before)
    info = {ARVIZ_NAMES[name]: jnp.asarray(fact) for name, fact in facts.items() if name in ARVIZ_NAMES}
    info["diverging"] = info.get("diverging", jnp.bool(False)) | ~usable
    if "acceptance_rate" in info:
        info["acceptance_rate"] = jnp.nan_to_num(info["acceptance_rate"], nan=0.0)
    if after.tuning is not None:
        info["step_size"] = after.tuning.step_size
    info |= {"lp": state.log_density, "num_grads": num_grads, "num_log_densities": num_log_densities}
    return state, Draws(state.position, info, None, law)
