"""The law of purity: a step is a function of its arguments, whatever transformation it runs under."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.laws.base import LawBroken, Make, positions
from jgen.restart import names
from jgen.targets.base import Target
from jgen.types import Array, Key, PyTree

NUM_CHAINS = 3


def purity(make: Make, target: Target, key: Key) -> None:
    """Jitted = eager, vmap = loop, the state keeps its structure and its tuning, one key repeats, two differ.

    Results of two compilations of one program may differ by rounding; they are compared to the square
    root of the machine epsilon, which leaves room for eight digits of rounding in float64 and none for
    another computation.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: Saying which of these fails.
    """
    sampler = make(target, 0.125)
    keys = jax.random.split(key, NUM_CHAINS)
    states = jax.jit(jax.vmap(sampler.init))(keys, positions(target, NUM_CHAINS))
    step = jax.jit(sampler.step)
    one = lane(states, 0)

    after = jax.eval_shape(sampler.step, keys[0], one)[0]
    before = jax.eval_shape(lambda state: state, one)
    kept = jax.tree.structure(before) == jax.tree.structure(after)  # type: ignore[operator]
    if not kept or not all(
        old.shape == new.shape and old.dtype == new.dtype
        for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    ):
        raise LawBroken(
            f"the state changes its structure in a step, so it cannot be scanned:\n{before}\n{after}"
        )

    jitted = step(keys[0], one)
    with jax.disable_jit():
        eager = sampler.step(keys[0], one)
    require_equal(jitted, eager, "a jitted step differs from an eager one: does it look at a Python value?")

    message = "a step changes its tuning: adaptation goes on in sampling, where it must be off"
    require_equal(tuning_in(one), tuning_in(jitted[0]), message, exact=True)

    together = jax.jit(jax.vmap(sampler.step))(keys, states)
    for chain in range(NUM_CHAINS):
        alone = step(keys[chain], lane(states, chain))
        message = "a vmapped step differs from a lone one: do the chains share a reduction?"
        require_equal(lane(together, chain), alone, message)

    require_equal(
        step(keys[0], one), jitted, "the same key gives other draws: is there a hidden state?", exact=True
    )
    if all(_same(step(other, one)[1].value, jitted[1].value) for other in jax.random.split(key, 32)[1:]):
        raise LawBroken("32 different keys give the same draw: is the key used at all?")


def tuning_in(state: PyTree) -> list[Array]:
    """All that warm-up may have learned, wherever in the state it lies."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return [leaf for path, leaf in leaves if "tuning" in names(path)]


def lane(tree: PyTree, chain: int) -> PyTree:
    """One chain of a population."""
    return jax.tree.map(lambda leaf: leaf[chain], tree)


def require_equal(first: PyTree, second: PyTree, message: str, *, exact: bool = False) -> None:
    """Compares two pytrees leaf by leaf."""
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        a, b = np.asarray(a), np.asarray(b)
        inexact = np.issubdtype(a.dtype, np.inexact) and not exact
        tolerance = np.finfo(a.dtype).eps ** 0.5 if inexact else 0.0
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise LawBroken(f"{message} ({a} against {b})")


def _same(first: PyTree, second: PyTree) -> bool:
    return all(
        np.array_equal(a, b) for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    )
