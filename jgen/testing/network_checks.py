"""The laws of networks that return distributions: what decoders and encoders alike are held to."""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen.models.flax_functions import apply_of
from jgen.testing.check_result import CheckFailed
from jgen.testing.count_compilations import count_compilations
from jgen.types import Array, Key, PyTree

SCALES = (0.0, 1e-3, 1e2, 1e4)
"""How far off inputs may be, as multiples of the ordinary."""
ROUNDING = float(np.finfo(np.float32).eps) ** 0.5
"""Two orders of one sum may differ by so much, relatively: half of the digits."""


class Subject(NamedTuple):
    """A network under the laws.

    Attributes:
        module: It.
        apply: ``apply(params, inputs) -> distribution``.
        params: Parameters that are not those it starts from, so that no zero hides anything.
        inputs: What it is given, ``[batch, ...]`` on every leaf.
        x: What its distributions are over: one draw for each row.
        key: For draws.
    """

    module: nn.Module
    apply: Partial
    params: PyTree
    inputs: PyTree
    x: PyTree
    key: Key

    def judged(self, inputs: PyTree, x: PyTree) -> "Judged":
        """What it says of x given inputs; one compiled program for any of them."""
        return evaluate(self.apply, self.params, inputs, x, self.key)


class Judged(NamedTuple):
    """What a network says.

    Attributes:
        draws: One for each row.
        own_log_prob: Theirs, ``[batch]``.
        log_prob: That of what was to be judged, ``[batch]``.
        finite: Whether the gradient of both is, in parameters and inputs.
    """

    draws: PyTree
    own_log_prob: Array
    log_prob: Array
    finite: Array


@jax.jit
def evaluate(apply: Partial, params: PyTree, inputs: PyTree, x: PyTree, key: Key) -> Judged:
    """Draws for each input, log-probabilities of them and of x, and whether gradients are finite."""

    def total(params: PyTree, inputs: PyTree) -> tuple[Array, tuple[PyTree, Array, Array]]:
        law = apply(params, inputs)
        draws = jax.lax.stop_gradient(law.sample(key))
        own, log_prob = law.log_prob(draws), law.log_prob(x)
        return own.sum() + log_prob.sum(), (draws, own, log_prob)

    (_, (draws, own, log_prob)), gradients = jax.value_and_grad(total, (0, 1), has_aux=True, allow_int=True)(
        params, inputs
    )
    leaves = [leaf for leaf in jax.tree.leaves(gradients) if leaf.dtype != jax.dtypes.float0]
    finite = jnp.array([jnp.isfinite(leaf).all() for leaf in leaves]).all()
    return Judged(draws, own, log_prob, finite)


def state(module: nn.Module, inputs: PyTree, key: Key) -> tuple[Partial, PyTree]:
    """Fields that can be hashed; parameters in float32 and nothing else. Returns ``apply`` and parameters."""
    try:
        apply = apply_of(module)
    except TypeError as error:
        raise CheckFailed(f"a field cannot be hashed ({error}): give tuples for lists and dicts") from error
    variables = jax.eval_shape(module.init, key, inputs)
    if beside := set(variables) - {"params"}:
        raise CheckFailed(f"it keeps {sorted(beside)} beside its parameters: no BatchNorm, no other state")
    params = variables.get("params", {})
    if wrong := {leaf.dtype.name for leaf in jax.tree.leaves(params)} - {"float32"}:
        raise CheckFailed(f"parameters of {sorted(wrong)}: keep them in float32, and cast from outside")
    rng = np.random.default_rng(int(jax.random.bits(key, dtype="uint32")))
    return apply, jax.tree.map(lambda leaf: _weights(rng, leaf.shape), params)


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Matrices that keep the size of what they multiply; vectors, be they scales or offsets, about 1/2."""
    if len(shape) < 2:
        return rng.uniform(0.25, 0.75, shape).astype(np.float32)
    return rng.normal(0.0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)


def shapes(module: nn.Module, apply: Partial, params: PyTree, inputs: PyTree, key: Key) -> PyTree:
    """Of the distribution, of one draw and of two, of log-probabilities; traced. Returns a draw's."""
    rows = jax.tree.leaves(inputs)[0].shape[0]
    law = jax.eval_shape(apply, params, inputs)
    batch, event = tuple(law.batch_shape), tuple(law.event_shape)
    if batch != (rows,):
        raise CheckFailed(
            f"batch_shape is {batch} for {rows} rows, and must be ({rows},): use .to_event for the axes of "
            "one example, and never vmap"
        )
    if event != (told := tuple(getattr(module, "shape", event))):
        raise CheckFailed(f"event_shape is {event}, and the field shape of the network says {told}")

    def look(params: PyTree, inputs: PyTree) -> tuple:
        law = apply(params, inputs)
        one, two = law.sample(key), law.sample(key, (2,))
        return one, two, law.log_prob(one), law.log_prob(two)

    with jax.numpy_rank_promotion("allow"):  # NumPyro's own arithmetic, where draws have an axis in front
        one, two, log_prob, log_probs = jax.eval_shape(look, params, inputs)
    for draws, lead in ((one, (rows,)), (two, (2, rows))):
        due = lead + event if isinstance(draws, jax.ShapeDtypeStruct) else lead
        given = {leaf.shape[: len(due)] for leaf in jax.tree.leaves(draws)}
        if given != {due}:
            raise CheckFailed(f"draws have shapes {sorted(given)} where {due} is due")
    if (log_prob.shape, log_probs.shape) != ((rows,), (2, rows)):
        raise CheckFailed(
            f"log p of draws [{rows}] and [2, {rows}] has {log_prob.shape} and {log_probs.shape}"
        )
    return one


def dependence(subject: Subject) -> None:
    """The distribution depends on what is given."""
    if not jax.tree.leaves(subject.inputs)[0].size:
        return  # a latent of size 0 says nothing
    turned = jax.tree.map(lambda leaf: np.roll(leaf, 1, axis=0), subject.inputs)
    there, here = (subject.judged(inputs, subject.x).log_prob for inputs in (turned, subject.inputs))
    if np.array_equal(there, here):
        raise CheckFailed("other inputs give the same log p: is the input used?")


def batch_first(subject: Subject) -> None:
    """What is said of one row depends on no other row, to the last bit."""
    among = subject.judged(subject.inputs, subject.x).log_prob
    alike = jax.tree.map(lambda leaf: np.repeat(leaf[:1], len(leaf), axis=0), (subject.inputs, subject.x))
    if not np.array_equal(among[0], subject.judged(*alike).log_prob[0]):
        raise CheckFailed(
            "log p of a row changes with the rows beside it: what is summed or normalised over the batch?"
        )


def extremes(subject: Subject) -> None:
    """Far from where it was trained, or where all inputs are 0, no NaN and no infinity comes out."""
    for scale in SCALES:
        far = _scaled(subject, scale)
        said = far.judged(far.inputs, far.x)
        below_inf = (np.asarray(said.log_prob) < np.inf).all()  # -inf may be true; NaN is not below
        if not below_inf or not np.isfinite(said.own_log_prob).all() or not said.finite:
            raise CheckFailed(
                f"at inputs {scale:g} times as large log p is {said.own_log_prob} of its own draws and "
                f"{said.log_prob} of ordinary x, with gradients {'' if said.finite else 'not '}finite: "
                "keep scales off 0, and log-scales within soft bounds"
            )


def precision(subject: Subject) -> None:
    """With parameters and inputs in bfloat16 it runs, and likelihoods are computed in float32."""
    coarse = jax.tree.map(
        lambda leaf: leaf.astype(jnp.bfloat16) if _floating(leaf) else leaf, (subject.params, subject.inputs)
    )
    said = jax.eval_shape(evaluate, subject.apply, *coarse, subject.x, subject.key)
    law = jax.eval_shape(subject.apply, *coarse)
    made_of = jax.tree.leaves(law) if isinstance(law, dist.Independent) else []  # of others: parameters too
    found = {leaf.dtype for leaf in (said.own_log_prob, said.log_prob, *made_of) if _floating(leaf)}
    if found != {jnp.dtype(jnp.float32)}:
        raise CheckFailed(
            f"with parameters and inputs in bfloat16, the distribution and its log p are in "
            f"{sorted(map(str, found))}: take what the distribution is made of to float32"
        )


def no_recompilation(subject: Subject) -> None:
    """An equal network is the same program."""
    subject.judged(subject.inputs, subject.x)
    again = subject._replace(apply=apply_of(_rebuilt(subject.module)))
    with count_compilations() as compiled:
        again.judged(subject.inputs, subject.x)
    if compiled:
        raise CheckFailed(
            f"an equal network compiled {len(compiled)} programs: are its fields compared by value? A "
            "function in a field must be a module's own, not a lambda made anew"
        )


def transform_consistency(subject: Subject) -> None:
    """A row says the same alone as among others, and as it stands as compiled, up to the order of sums."""
    row, its_x = jax.tree.map(lambda leaf: leaf[:1], (subject.inputs, subject.x))
    law = subject.apply(subject.params, row)
    if isinstance(law, dist.Delta):  # a density that rounding takes from 0 to -inf: its place is compared
        alone, among, compiled = law.v, its_x, subject.judged(row, its_x).draws
    else:
        among = subject.judged(subject.inputs, subject.x).log_prob[:1]
        alone, compiled = law.log_prob(its_x), subject.judged(row, its_x).log_prob
    if not np.allclose(compiled, among, rtol=ROUNDING, atol=ROUNDING):
        raise CheckFailed(
            f"log p of a row is {compiled} alone, {among} among others: what depends on their number?"
        )
    if not np.allclose(alone, compiled, rtol=ROUNDING, atol=ROUNDING):
        raise CheckFailed(
            f"log p is {alone} as it stands, {compiled} compiled: does it look at Python values?"
        )


def keys(subject: Subject) -> None:
    """Parameters are made by the key, and from it alone; offsets and scales may start the same."""
    init = jax.jit(subject.module.init)
    first, again, other = (init(jax.random.key(seed), subject.inputs) for seed in (0, 0, 1))
    if not _same(first, again):
        raise CheckFailed("the same key gives other parameters: what else are they made of?")
    if any(leaf.ndim > 1 for leaf in jax.tree.leaves(first)) and _same(first, other):
        raise CheckFailed("another key gives the same parameters: is the key used?")


LAWS: Mapping[str, Callable[[Subject], None]] = {
    "dependence": dependence,
    "batch first": batch_first,
    "extremes": extremes,
    "precision": precision,
    "rebuilding": no_recompilation,
    "purity": transform_consistency,
    "keys": keys,
}
"""After those of state and shapes; the last two cost most: they compile each operation, and initialisers."""


def hold_to_laws(
    module: nn.Module, inputs: PyTree, key: Key, laws: Mapping[str, Callable[[Subject], None]] = LAWS
) -> tuple[str, ...]:
    """Holds a network to laws, in order; see ``check_decoder`` for what they are.

    Args:
        module: Takes ``inputs`` alone and returns a distribution.
        inputs: Three different rows or more on every leaf.
        key: For parameters and draws.
        laws: By name.

    Returns:
        The names of the laws kept.

    Raises:
        LawBroken: Naming the law, what was found, and what usually does it.
    """
    inputs = jax.tree.map(np.asarray, inputs)
    apply, params = _named("state", state, module, inputs, key)
    draw = _named("shapes", shapes, module, apply, params, inputs, key)
    nothing = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), draw)
    x = jax.tree.map(np.asarray, evaluate(apply, params, inputs, nothing, key).draws)
    for name, law in laws.items():
        _named(name, law, Subject(module, apply, params, inputs, x, key))
    return ("state", "shapes", *laws)


def _named(name: str, law: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return law(*arguments)
    except CheckFailed as error:
        raise CheckFailed(f"{name}: {error}") from error


def _rebuilt(value: Any) -> Any:
    """The same value made anew; functions stay."""
    if isinstance(value, nn.Module):
        names = {field.name for field in dataclasses.fields(value) if field.init} - {"parent", "name"}
        return value.clone(**{name: _rebuilt(getattr(value, name)) for name in names})
    if type(value) is tuple:
        return tuple(map(_rebuilt, value))
    return value if callable(value) else copy.deepcopy(value)


def _scaled(subject: Subject, scale: float) -> Subject:
    """With inputs so many times as large; of whole numbers, what ``nn.Embed`` looks up for them."""
    inputs = jax.tree.map(lambda leaf: leaf * scale if _floating(leaf) else leaf, subject.inputs)
    if any(map(_floating, jax.tree.leaves(inputs))):
        return subject._replace(inputs=inputs)
    times = {jax.tree_util.DictKey("embedding"): scale}
    params = jax.tree.map_with_path(lambda path, leaf: leaf * times.get(path[-1], 1.0), subject.params)
    return subject._replace(params=params)


def _floating(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))


def _same(first: PyTree, second: PyTree) -> bool:
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)
