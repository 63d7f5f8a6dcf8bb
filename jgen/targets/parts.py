"""Provide parts of targets: a builder from NumPy arrays, exact draws, and common functions of a position."""

from collections.abc import Callable, Mapping
from math import exp, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from numpyro.distributions import Distribution
from scipy.special import betaln, xlog1py, xlogy

from jgen._internal.threefry import as_threefry
from jgen.types import Array, Key, PyTree, Target, Trait


def make_target(
    *traits: Trait,
    log_density: Partial,
    start: PyTree,
    name: str | None = None,
    source: str = "closed form",
    expectations: Mapping[str, tuple[Partial, Any]] | None = None,
    **fields: Any,
) -> Target:
    """Make a target whose NumPy arrays become JAX arrays and whose NumPy numbers become Python's.

    Truths are computed by NumPy in float64, whatever precision JAX is set to; here they are rounded to it,
    and no program is compiled to make them.

    Args:
        *traits: What makes the target hard.
        log_density: As in ``Target``, like all other arguments.
        start: A position of positive density.
        name: Name of the factory; by default of the module of ``log_density``, which is the same.
        source: Where the truth comes from.
        expectations: Name -> (function of one position, truth).
        **fields: Further fields of ``Target``.
    """
    converted = {key: jax.tree.map(_convert, value) for key, value in fields.items()}
    return Target(
        log_density=jax.tree.map(_convert, log_density),
        start=jax.tree.map(jnp.asarray, start),
        expectations={key: jax.tree.map(_convert, pair) for key, pair in (expectations or {}).items()},
        name=name or module_name(log_density),
        traits=frozenset(traits),
        source=source,
        **converted,
    )


def _convert(leaf: Any) -> Any:
    if isinstance(leaf, np.generic):
        return leaf.item()
    return jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf


def module_name(function: Partial) -> str:
    """Return the last part of the name of the module that defines a function."""
    return function.func.__module__.rpartition(".")[2]


def check_options(target: str, needs: str, fulfilled: bool, **options: Any) -> None:
    """Raise ValueError, with the options that were given, unless they are what the target needs."""
    if not fulfilled:
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        raise ValueError(f"{target} needs {needs}, got {given}.")


def covering_scale(dim: int) -> float:
    """Return the factor s on the scale of a Gaussian for which s^dim = e.

    N(m, s^2 S) covers N(m, S) with a ratio of at most e, so that rejection accepts 1/e of the proposals and
    importance weights stay bounded, in any dimension.
    """
    return exp(1 / dim)


def sample_from(distribution: Distribution, key: Key) -> PyTree:
    """Draw once from a NumPyro distribution, which is data and not a closure."""
    return distribution.sample(key)


def sample_gaussian(mean: Array, factor: Array, key: Key) -> Array:
    """Draw from N(mean, F F') for any square factor F, ``[dim]``."""
    u = jax.random.normal(key, mean.shape, mean.dtype)  # [dim]
    return mean + jnp.matmul(factor, u, precision="highest")


def sample_index(cumulative: Array, key: Key) -> Array:
    """Draw an index ``[]`` by its cumulative probabilities ``[index]``."""
    uniform = jax.random.uniform(key, (), cumulative.dtype)
    return jnp.searchsorted(cumulative[:-1], uniform, side="right", method="compare_all")


def sample_by_rejection(
    propose: Callable[[Key], PyTree], log_accept: Callable[[PyTree], Array], key: Key
) -> PyTree:
    """Draw by rejection: propose until a proposal is accepted.

    Args:
        propose: ``propose(key) -> value``.
        log_accept: ``log_accept(value)``, the log of the acceptance probability, at most 0.
        key: A typed key.
    """

    def attempt(key: Key) -> tuple[Key, PyTree, Array]:
        next_key, propose_key, accept_key = jax.random.split(key, 3)
        value = propose(propose_key)
        return next_key, value, jnp.log1p(-jax.random.uniform(accept_key)) <= log_accept(value)

    state = jax.lax.while_loop(
        lambda state: ~state[2], lambda state: attempt(state[0]), attempt(as_threefry(key))
    )
    return state[1]


def sample_each(draw: Partial, like: Array, key: Key) -> Array:
    """Draw every coordinate independently by the same function, as many as ``like`` has, ``[dim]``."""
    return jax.vmap(draw)(jax.random.split(key, len(like)))


def half_cauchy(scale: float, key: Key) -> Array:
    """Draw once from HalfCauchy(scale)."""
    return scale * jnp.tan(pi / 2 * jax.random.uniform(key, minval=1e-30))


def squared(function: Partial, x: PyTree) -> Array:
    """Return the square of a function of the position."""
    return function(x) ** 2


def log_beta_peak(a: Any, b: Any) -> Any:
    """Return the largest value of the log-density of Beta(a, b), for a, b >= 1."""
    mode = (a - 1) / np.maximum(a + b - 2, 1e-300)  # where both are 1, any is
    return xlogy(a - 1, mode) + xlog1py(b - 1, -mode) - betaln(a, b)


def coordinate_powers(exponent: int, x: PyTree) -> Array:
    """Return every coordinate of the ravelled position to a power, ``[dim]``."""
    return ravel_pytree(x)[0] ** exponent


def first_product(x: Array) -> Array:
    """Return the product of the first two coordinates, ``[]``."""
    return x[0] * x[1]


def first_is_positive(x: Array) -> Array:
    """Return 1 where the first coordinate is positive, else 0, ``[]``."""
    return (x[0] > 0).astype(x.dtype)


def norm_to_the_fourth(x: Array) -> Array:
    """Return the fourth power of the Euclidean norm, ``[]``."""
    return jnp.square(x @ x)
