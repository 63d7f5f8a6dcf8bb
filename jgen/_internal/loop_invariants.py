"""What a step of a loop leaves as it is, read off its program."""

from collections.abc import Sequence

from jax.extend.core import ClosedJaxpr, Literal


def still_outputs(program: ClosedJaxpr, carried: Sequence[tuple[int, int]]) -> list[bool]:
    """Which outputs of a loop's body are the same at every turn, whatever the values.

    An input is still if it is not carried, or if it is carried and handed on as it came; what is computed
    from still inputs alone is still. An output that is not found still may yet be: that a sum comes to the
    same, or a branch is never taken, is not seen.

    Args:
        program: Of the body.
        carried: For each input that changes from turn to turn, its index and that of the output that
            takes its place.

    Returns:
        A flag for each output.

    Example:
        >>> import jax
        >>> def body(data, state):
        ...     position, scale = state
        ...     return (position + data, scale), (position, 2 * scale, data)
        >>> program = jax.jit(body).trace(1.0, (0.0, 3.0)).jaxpr
        >>> still_outputs(program, [(1, 0), (2, 1)])
        [False, True, False, True, True]
    """
    inputs, outputs = program.jaxpr.invars, program.jaxpr.outvars
    moved = {inputs[source] for source, target in carried if outputs[target] is not inputs[source]}
    for equation in program.jaxpr.eqns:
        if equation.effects or any(
            not isinstance(atom, Literal) and atom in moved for atom in equation.invars
        ):
            moved.update(equation.outvars)
    return [isinstance(atom, Literal) or atom not in moved for atom in outputs]
