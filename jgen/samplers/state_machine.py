"""Run a step of unknown length as a state machine, one evaluation a turn."""

from typing import NamedTuple

import jax
from jax.tree_util import Partial

from jgen._internal.vmap_rules import anywhere
from jgen.types import Draws, Key, PyTree


class Machine(NamedTuple):
    """A step that takes as many evaluations as it takes, as a machine whose every turn costs one.

    The loop that drives it is not its own: ``turn_until_done`` (samplers/base.py) makes a ``step`` of it, and
    a loop over a whole population can give every chain one turn at a time, each in its own phase.

    Attributes:
        begin: ``begin(key, state) -> work``; spends nothing. The work is a pytree with a field ``done``.
        advance: ``advance(state, work) -> work``; spends one evaluation of the target.
        finish: ``finish(state, work) -> (state, draws)``, once ``work.done``; spends nothing.
        settle: ``settle(work) -> work``, once ``work.ripe``: ends a stage of several turns; spends nothing.
            None where all turns are alike. Chains may end their stages together: work that is ripe before
            the others is advanced, and work that is done is settled, which must not change what ``finish``
            makes of it.
    """

    begin: Partial
    advance: Partial
    finish: Partial
    settle: Partial | None = None


def turn_until_done(machine: Machine, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """The ``step`` of a machine: turns until it is done.

    Chains that are vmapped over go through their stages together. What is the same in all of them, such as
    the turns since a stage began, stays one number then.
    """
    work = machine.begin(key, state)

    def advance(work: PyTree) -> PyTree:
        return machine.advance(state, work)

    if (settle := machine.settle) is None:
        work = jax.lax.while_loop(lambda work: ~work.done, advance, work)
    else:

        def stage(work: PyTree) -> PyTree:
            return settle(jax.lax.while_loop(lambda work: anywhere(~work.ripe), advance, work))

        work = jax.lax.while_loop(lambda work: anywhere(~work.done), stage, work)
    return machine.finish(state, work)
