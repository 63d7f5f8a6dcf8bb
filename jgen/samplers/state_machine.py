"""Run a sampler's step as a state machine with one evaluation per transition."""

from typing import NamedTuple

import jax
from jax.tree_util import Partial

from jgen._internal.threefry import as_threefry
from jgen._internal.vmap_rules import anywhere
from jgen.types import Draws, Key, PyTree


class StateMachine(NamedTuple):
    """State machine of a sampler's step that takes an unknown number of evaluations, one at a time.

    ``run_to_completion`` runs it as the ``step`` of a sampler. Another loop may run many chains, one
    evaluation of each at a time, at different stages.

    Attributes:
        init: ``init(key, state) -> work``; costs nothing. The work is a pytree with a field ``done``.
        step: ``step(state, work) -> work``; costs one evaluation of the target.
        finalize: ``finalize(state, work) -> (state, draws)``, once ``work.done``; costs nothing.
        finish_stage: ``finish_stage(work) -> work``, once ``work.stage_done``: ends a stage of several
            steps; costs nothing. None where there are no stages. Chains may end their stages together: work
            whose stage is done may be stepped before the others are, and finished work may go through
            ``finish_stage``; neither may change the result of ``finalize``.
    """

    init: Partial
    step: Partial
    finalize: Partial
    finish_stage: Partial | None = None


def run_to_completion(machine: StateMachine, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """Step a state machine until it is done: the ``step`` of its sampler.

    Chains that are vmapped over go through their stages together, so that values equal in all of them, such
    as the number of steps since the stage began, stay one scalar.
    """
    work = machine.init(as_threefry(key), state)

    def one_step(work: PyTree) -> PyTree:
        return machine.step(state, work)

    if (finish_stage := machine.finish_stage) is None:
        work = jax.lax.while_loop(lambda work: ~work.done, one_step, work)
    else:

        def stage(work: PyTree) -> PyTree:
            return finish_stage(jax.lax.while_loop(lambda work: anywhere(~work.stage_done), one_step, work))

        work = jax.lax.while_loop(lambda work: anywhere(~work.done), stage, work)
    return machine.finalize(state, work)
