"""What a program asks of a log density, counted as it runs: for kernels that do not say what they cost."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, jaxpr_as_fun
from jax.tree_util import Partial

from jgen.types import Array, LogDensity, PyTree

MARKS = ("jgen: a gradient", "jgen: a log density")


def marked(log_density: LogDensity) -> Partial:
    """The same density, whose values ``counted`` sees; one that comes with its gradient counts as a gradient.

    Args:
        log_density: A ``Partial``.
    """
    return Partial(_marked_density, log_density)


def _marked_density(log_density: LogDensity, position: PyTree) -> Array:
    return _mark(log_density(position))


@jax.custom_jvp
def _mark(value: Array) -> Array:
    return checkpoint_name(value, MARKS[1])


@_mark.defjvp
def _mark_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return checkpoint_name(primals[0], MARKS[0]), tangents[0]


def counted(function: Callable[..., Any], *arguments: PyTree) -> tuple[Any, Array, Array]:
    """Calls a function, and counts what it asks of densities that are ``marked``.

    The function is traced, and its program is run again with two counters that go in and out of every loop
    and branch. So the counts are those of the branches taken and the turns made, chain by chain under
    ``vmap``. Evaluations that the function makes side by side, by a ``vmap`` of its own, count one each.

    Args:
        function: Any function of pytrees to a pytree.
        *arguments: What it is called with; a tracer it closes over is as good as an argument.

    Returns:
        Its result, ``num_grads []`` and ``num_log_densities []``, int32.

    Raises:
        TypeError: If a density is asked inside something that has no known order of turns.

    Example:
        >>> density = marked(Partial(lambda x: -0.5 * x**2))
        >>> def climb(x, count):
        ...     return jax.lax.fori_loop(0, count, lambda _, x: x + 0.1 * jax.grad(density)(x), x)
        >>> top, num_grads, num_log_densities = counted(climb, jnp.float32(1.0), 7)
        >>> int(num_grads), int(num_log_densities)
        (7, 0)
    """
    with jax.disable_jit(False):  # a loop that ran in Python now would not be seen
        program, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
    leaves, spent = _run(program, jax.tree.leaves(arguments), jnp.zeros(2, jnp.int32))
    return jax.tree.unflatten(jax.tree.structure(shapes), leaves), spent[0], spent[1]


def _run(program: ClosedJaxpr, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    """Runs a program, equation by equation, and adds to what was spent ``[grads, log densities]``."""
    jaxpr = program.jaxpr
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*program.consts, *inputs], strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        if _asks(equation):
            outputs, spent = _rule(equation)(equation, inputs, spent)
        else:
            outputs = _alone(jaxpr, equation, inputs)
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars], spent


def _alone(jaxpr: Jaxpr, equation: JaxprEqn, inputs: list[Any]) -> list[Any]:
    """One equation of a program that asks nothing."""
    pairs = zip(equation.invars, inputs, strict=True)
    values = {atom: value for atom, value in pairs if not isinstance(atom, Literal)}
    one = jaxpr.replace(constvars=[], invars=list(values), outvars=equation.outvars, eqns=[equation])
    return jaxpr_as_fun(ClosedJaxpr(one, ()))(*values.values())


def _asks(equation: JaxprEqn) -> bool:
    """Whether a density is asked in it, however deep."""
    if equation.primitive.name == "name":
        return equation.params["name"] in MARKS
    return any(_asks(inner) for program in _inside(equation) for inner in program.jaxpr.eqns)


def _inside(equation: JaxprEqn) -> Iterator[ClosedJaxpr]:
    """The programs that an equation runs."""
    for parameter in equation.params.values():
        for program in parameter if isinstance(parameter, tuple | list) else (parameter,):
            if isinstance(program, ClosedJaxpr):
                yield program
            elif isinstance(program, Jaxpr):
                yield ClosedJaxpr(program, ())


def _rule(equation: JaxprEqn) -> Callable[..., tuple[list[Any], Array]]:
    """How an equation is run that asks a density."""
    name = equation.primitive.name
    if name in RULES:
        return RULES[name]
    programs = list(_inside(equation))
    if len(programs) == 1 and len(programs[0].jaxpr.invars) == len(equation.invars):
        return _inline
    raise TypeError(
        f"this kernel asks the log density inside {name}, where jgen cannot count; keep it to jit, scan, "
        "while_loop and cond"
    )


def _count(equation: JaxprEqn, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    kind = MARKS.index(equation.params["name"])
    return inputs, spent.at[kind].add(jnp.size(inputs[0]))


def _inline(equation: JaxprEqn, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    (program,) = _inside(equation)
    return _run(program, inputs, spent)


def _cond(equation: JaxprEqn, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    index, *operands = inputs
    branches = [partial(_run, program) for program in equation.params["branches"]]
    return jax.lax.switch(index, branches, operands, spent)


def _while(equation: JaxprEqn, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    condition, body = equation.params["cond_jaxpr"], equation.params["body_jaxpr"]
    num_condition = equation.params["cond_nconsts"]
    first = num_condition + equation.params["body_nconsts"]
    for_condition, for_body = inputs[:num_condition], inputs[num_condition:first]

    def ask(carry: tuple[list[Any], Array]) -> tuple[Array, Array]:
        (goes_on,), spent = _run(condition, [*for_condition, *carry[0]], carry[1])
        return goes_on, spent

    def turn(carry: tuple[Array, list[Any], Array]) -> tuple[Array, list[Any], Array]:
        outputs, spent = _run(body, [*for_body, *carry[1]], carry[2])
        goes_on, spent = ask((outputs, spent))
        return goes_on, outputs, spent

    # The condition may ask the density too, so it is a part of the turn.
    goes_on, spent = ask((inputs[first:], spent))
    _, outputs, spent = jax.lax.while_loop(lambda carry: carry[0], turn, (goes_on, inputs[first:], spent))
    return outputs, spent


def _scan(equation: JaxprEqn, inputs: list[Any], spent: Array) -> tuple[list[Any], Array]:
    options = equation.params
    num_constants, num_carry = options["num_consts"], options["num_carry"]
    constants, begin = inputs[:num_constants], inputs[num_constants : num_constants + num_carry]

    def turn(carry: tuple[list[Any], Array], rows: list[Any]) -> tuple[tuple[list[Any], Array], list[Any]]:
        outputs, spent = _run(options["jaxpr"], [*constants, *carry[0], *rows], carry[1])
        return (outputs[:num_carry], spent), outputs[num_carry:]

    (last, spent), stacked = jax.lax.scan(
        turn,
        (begin, spent),
        inputs[num_constants + num_carry :],
        length=options["length"],
        reverse=options["reverse"],
        unroll=options["unroll"],
    )
    return [*last, *stacked], spent


RULES = {"name": _count, "cond": _cond, "while": _while, "scan": _scan}
