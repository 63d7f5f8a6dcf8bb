"""Hold a function to its reference in float64, whatever the conditions of its arguments."""

import linecache
import os
import traceback
import warnings
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import jgen
from tests.helpers.conditions import vary

SEED = "JGEN_FUZZ_SEED"
ROOT = str(Path(jgen.__file__).parent)
STEPS = 32
REPLICATES, MORE_REPLICATES = 4, 200


class Unbuildable(Exception):  # noqa: N818
    """Another library refuses to make an argument, so that no public function of jgen is called."""


class Row(NamedTuple):
    """A public function, what it should return, and arguments for it.

    Attributes:
        call: Function of the arguments of ``arguments``; calls jgen and returns a pytree of numbers.
        reference: The same numbers in float64 NumPy. It gets arrays in float64; it raises ``ValueError``
            where the arguments have no result.
        arguments: Function of a NumPy generator that returns arguments by name; the conditions are applied
            to those that are NumPy arrays, in float64.
        is_wide: Whether 64-bit arguments are computed in 64 bits.
        is_free: Whether the origin of the arguments does not count.
        by_norm: Whether errors are relative to the largest number of an array, as those of linear algebra.
        rounds_to_zero: Whether a result too small for its type may be 0, as a probability may.
        is_x32: Whether it is run with 32-bit types only, as its own data or its draws depend on them.
        has_shapes: Whether the function is given shapes by its user, so that they may be wrong.
        least_unit: Results below it are rounded as it is: 1 where a result is a logarithm, in nats.
        steps: Length of the longest chain of roundings.
    """

    call: Callable[..., Any]
    reference: Callable[..., Any]
    arguments: Callable[[np.random.Generator], Mapping[str, Any]]
    is_wide: bool = False
    is_free: bool = False
    by_norm: bool = False
    rounds_to_zero: bool = False
    is_x32: bool = False
    has_shapes: bool = True
    least_unit: float = 0.0
    steps: int = STEPS


def run_seed() -> int:
    """Return the seed of the run; the header of pytest prints it."""
    return int(os.environ[SEED])


def case(row: Row, name: str, seed: int, number: int) -> tuple[dict[str, Any], str, bool]:
    """Return the arguments of a case, what was done to them, and whether JAX computes in 64 bits."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    is_x64 = bool(rng.random() < 0.2) and not row.is_x32
    with jax.enable_x64(is_x64):
        arguments, words = vary(rng, row.arguments(rng), row.is_wide, row.has_shapes)
    return arguments, f"{words}, x64" if is_x64 else words, is_x64


def check_case(row: Row, name: str, seed: int, number: int) -> str:
    """Call a function on a case.

    Returns:
        ``"equal"``, ``"refused"`` or ``"unbuildable"``.

    Raises:
        AssertionError: For a wrong number, or an error that is not in jgen's words.
    """
    arguments, words, is_x64 = case(row, name, seed, number)
    described = "\n".join(
        f"  {key} = {value!r} {getattr(value, 'dtype', '')}"[:600] for key, value in arguments.items()
    )
    where = f"{name}, case {number} of {SEED}={seed}: {words}\n{described}"
    try:
        return judge(row, arguments, where, words, is_x64)
    except Unbuildable:
        return "unbuildable"


def judge(row: Row, arguments: dict[str, Any], where: str, words: str, is_x64: bool) -> str:
    """Compare a call with the reference; see ``check_case``."""
    is_narrowed = not (is_x64 or row.is_wide)  # JAX takes float64 for float32
    expected = evaluate(row.reference, arguments, is_narrowed)
    try:
        with jax.enable_x64(is_x64), traces_in_full():
            found = jax.device_get(row.call(**arguments))
    except Unbuildable:
        raise
    except Exception as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert in_words(refused), f"{where}\nnot in jgen's words: {trace(refused)}"
        assert not is_plain(words), f"{where}\nrefused: {refused}"
        return "refused"
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(found)]
    if expected is None:
        assert all(np.isnan(leaf.astype(float)).all() for leaf in leaves), (
            f"{where}\nhas no value, found {found}"
        )
        return "equal"
    expected = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(expected)]
    assert [leaf.shape for leaf in leaves] == [leaf.shape for leaf in expected], (
        f"{where}\nfound {found}\nright {expected}"
    )
    bounds = None
    for replicates in (REPLICATES, MORE_REPLICATES):
        bounds = allowed_errors(row, arguments, leaves, expected, is_x64, replicates)
        triples = list(zip(leaves, expected, bounds, strict=True))
        if all(is_right(row, *triple).all() for triple in triples):
            return "equal"
    wrong = [(f[~ok], e[~ok], b[~ok]) for f, e, b in triples if not (ok := is_right(row, f, e, b)).all()]
    raise AssertionError(f"{where}\n(found, right, allowed error) {wrong}"[:3000])


def is_plain(words: str) -> bool:
    return set(words.split(", ")) <= {"plain", "float32", "float64", "JAX arrays", "x64"}


def evaluate(reference: Callable[..., Any], arguments: Mapping[str, Any], is_narrowed: bool = False) -> Any:
    """Return the reference in float64; None where it has no value."""

    def widened(value: Any) -> Any:
        if not isinstance(value, np.ndarray | jax.Array):
            return value
        if is_narrowed and value.dtype == np.float64:
            value = np.asarray(value).astype(np.float32)
        return np.asarray(value).astype(np.float64)

    with np.errstate(all="ignore"), warnings.catch_warnings():
        wide = {name: widened(value) for name, value in arguments.items()}
        warnings.simplefilter("ignore")
        try:
            return reference(**wide)
        except (ValueError, IndexError, TypeError, np.linalg.LinAlgError):
            return None


def allowed_errors(
    row: Row,
    arguments: Mapping[str, Any],
    found: list[np.ndarray],
    expected: list[np.ndarray],
    is_x64: bool,
    replicates: int,
) -> list[np.ndarray]:
    """Return bounds of errors: of an exact function of arguments as near as the roundings of the type.

    With eps the spacing of the type in which the function computes, the result should be that of arguments
    that are changed by ``steps * eps`` of themselves, rounded ``steps`` times. The change is measured by
    random ones; equal numbers are changed alike.
    """
    rng = np.random.default_rng(replicates)
    types = [value.dtype for value in arguments.values() if isinstance(value, np.ndarray | jax.Array)]
    is_wide = is_x64 or (row.is_wide and any(dtype.itemsize == 8 for dtype in types))
    eps = float(jnp.finfo(jnp.float64 if is_wide else jnp.float32).eps)
    if is_x64 and not row.is_wide and any(dtype.itemsize < 8 for dtype in types):  # they stay narrow
        eps = float(jnp.finfo(jnp.float32).eps)
    own = [float(jnp.finfo(f.dtype).eps) if jnp.issubdtype(f.dtype, jnp.floating) else 0.0 for f in found]
    eps = max([eps, *own])
    changes = [np.zeros(e.shape) for e in expected]
    for _ in range(replicates):
        near = {name: nearby(rng, value, row.steps * eps, row) for name, value in arguments.items()}
        other = evaluate(row.reference, near)
        if other is None:
            return [np.full(e.shape, np.inf) for e in expected]
        for index, leaf in enumerate(jax.tree.leaves(other)):
            leaf = np.asarray(leaf, np.float64)
            if leaf.shape != expected[index].shape:
                return [np.full(e.shape, np.inf) for e in expected]
            with np.errstate(all="ignore"):
                apart = np.abs(leaf - expected[index])
            apart = np.where(leaf == expected[index], 0.0, np.nan_to_num(apart, nan=np.inf))
            changes[index] = np.maximum(changes[index], apart)

    def over(sizes: np.ndarray) -> np.ndarray:
        finite = sizes[np.isfinite(sizes)]
        return np.maximum(sizes, finite.max(initial=0)) if row.by_norm else sizes

    with np.errstate(all="ignore"):
        return [
            2 * over(change) + row.steps * eps * np.maximum(over(np.abs(e)), row.least_unit)
            for change, e in zip(changes, expected, strict=True)
        ]


def nearby(rng: np.random.Generator, value: Any, amount: float, row: Row) -> Any:
    """Change an array by a relative amount, equal numbers alike; by norm, by an amount of the largest."""
    if not isinstance(value, np.ndarray | jax.Array) or np.size(value) == 0:
        return value
    x = np.asarray(value).astype(np.float64)
    unique, place = np.unique(x, return_inverse=True)
    finite = unique[np.isfinite(unique)]
    origin = finite[len(finite) // 2] if row.is_free and len(finite) else 0.0
    if row.by_norm and len(finite):
        return x + amount * np.abs(finite - origin).max() * rng.uniform(-1, 1, x.shape)
    with np.errstate(all="ignore"):
        changed = origin + (unique - origin) * (1 + amount * rng.uniform(-1, 1, unique.size))
    return np.where(np.isfinite(unique), changed, unique)[place].reshape(x.shape)


def is_right(row: Row, found: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return whether each number is right: within its bound, or NaN or infinite where its type has none."""
    is_float = jnp.issubdtype(found.dtype, jnp.floating)
    info = jnp.finfo(found.dtype if is_float else np.float64)
    largest, least = float(info.max), float(info.tiny)
    found = found.astype(np.float64)
    size = np.abs(expected)
    with np.errstate(all="ignore"):
        near = np.abs(found - expected) <= allowed
    near |= (found == expected) | (np.isnan(found) & np.isnan(expected))
    near |= np.isinf(allowed) & ~np.isnan(expected)
    near |= np.isnan(found) & (allowed >= np.maximum(size, row.least_unit) / 10)  # no digit would be right
    near |= (size >= largest / row.steps) & ~np.isfinite(found)  # as may be a sum on the way
    tiny = (size < least) & (expected != 0)
    return near | (tiny & (np.isnan(found) | (row.rounds_to_zero & (np.abs(found) <= least))))


def in_words(error: Exception) -> bool:
    """Return whether an error was raised by a statement of jgen, not inside of a library."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()
    return (
        isinstance(error, ValueError | TypeError | IndexError)
        and last.filename.startswith(ROOT)
        and line.startswith("raise ")
    )


def trace(error: Exception) -> str:
    """Return the error and the last lines of its traceback in jgen."""
    lines = [f"{f.filename}:{f.lineno} {f.line}" for f in traceback.extract_tb(error.__traceback__)]
    ours = [line for line in lines if ROOT in line][-2:]
    return "\n    ".join([f"{type(error).__name__}: {str(error)[:500]}", *ours, lines[-1]])


class traces_in_full:  # noqa: N801
    """Keep the frames of JAX in tracebacks, by which an error of JAX is told from one of jgen."""

    def __enter__(self):
        self.before = jax.config.jax_traceback_filtering
        jax.config.update("jax_traceback_filtering", "off")

    def __exit__(self, *_):
        jax.config.update("jax_traceback_filtering", self.before)
