"""Run a step of unknown length as a state machine, one evaluation a turn."""

from typing import NamedTuple

import jax
from jax.tree_util import Partial

from jgen._internal.vmap_rules import anywhere
from jgen.types import Draws, Key, PyTree


class StateMachine(NamedTuple):
    """A step that takes as many evaluations as it takes, as a machine whose every turn costs one.

    The loop that drives it is not its own: ``run_to_completion`` (samplers/base.py) makes a ``step`` of
    it, and
    a loop over a whole population can give every chain one turn at a time, each in its own phase.

    Attributes:
        init: ``init(key, state) -> work``; spends nothing. The work is a pytree with a field ``done``.
        step: ``step(state, work) -> work``; spends one evaluation of the target.
        finalize: ``finalize(state, work) -> (state, draws)``, once ``work.done``; spends nothing.
        finish_stage: ``finish_stage(work) -> work``, once ``work.stage_done``: ends a stage of several
        turns; spends nothing.
            None where all turns are alike. Chains may end their stages together: work that is stage_done
            before
            the others is advanced, and work that is done is settled, which must not change what ``finalize``
            makes of it.
    """

    init: Partial
    step: Partial
    finalize: Partial
    finish_stage: Partial | None = None


def run_to_completion(machine: StateMachine, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """The ``step`` of a machine: turns until it is done.

    Chains that are vmapped over go through their stages together. What is the same in all of them, such as
    the turns since a stage began, stays one number then.
    """
    work = machine.init(key, state)

    def advance(work: PyTree) -> PyTree:
        return machine.step(state, work)

    if (finish_stage := machine.finish_stage) is None:
        work = jax.lax.while_loop(lambda work: ~work.done, advance, work)
    else:

        def stage(work: PyTree) -> PyTree:
            return finish_stage(jax.lax.while_loop(lambda work: anywhere(~work.stage_done), advance, work))

        work = jax.lax.while_loop(lambda work: anywhere(~work.done), stage, work)
    return machine.finalize(state, work)
