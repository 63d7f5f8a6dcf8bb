"""How the law of invariance judges an unadjusted kernel: by the energy error that it reports."""

import jax
from jax.tree_util import Partial

from jgen.samplers.accept import accept
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import DrawKind, Draws, Key, PyTree, Sampler, Target


def metropolised(make: Make) -> Make:
    r"""Two steps from a fresh start, accepted with probability :math:`\min(1, e^{-\Delta})`: an exact kernel.

    :math:`\Delta` is the sum of ``info["energy_error"]`` over the steps, each minus the log of the
    Metropolis ratio that the kernel does not use. If the adjusted kernel leaves a target invariant, the steps
    are right up to that error, on any target, at any step size; and then the bias of the kernel is no
    more than what its users are shown. What this cannot see is a wrong step whose error is computed for that
    same wrong step: watch that the error vanishes as it should when steps get short.

    Args:
        make: Makes the biased sampler; every two steps begin at its ``init``, so that momenta are fresh.

    Returns:
        Makes the adjusted one, a Markov sampler; it raises ValueError where no energy error is reported.

    Reference:
        Nilmeier, Crooks, Minh and Chodera (2011), "Nonequilibrium candidate Monte Carlo", PNAS 108(45).
    """

    def make_adjusted(target: Target, scale: float) -> Sampler:
        return Sampler(Partial(stand), Partial(metropolised_step, make(target, scale)))

    return make_adjusted


def stand(key: Key, position: PyTree) -> PyTree:
    """The position is the whole state."""
    del key
    return position


def metropolised_step(sampler: Sampler, key: Key, position: PyTree) -> tuple[PyTree, Draws]:
    """A fresh start, two steps, one decision."""
    init_key, step_key, accept_key = jax.random.split(key, 3)
    state = sampler.init(init_key, position)
    _, draws = jax.lax.scan(lambda state, key: sampler.step(key, state), state, jax.random.split(step_key))
    if "energy_error" not in draws.info:
        raise ValueError("adjusted needs info['energy_error'], minus the log of the Metropolis ratio")
    last = jax.tree.map(lambda leaf: leaf[-1], draws)
    position, rate, _ = accept(accept_key, -draws.info["energy_error"].sum(), last.value, position)
    return position, Draws(position, {**last.info, "acceptance_rate": rate}, None, DrawKind.MARKOV)
