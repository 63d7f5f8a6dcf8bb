"""Adjust an unadjusted kernel by the energy error that it reports, to check its invariance."""

import jax
from jax.tree_util import Partial

from jgen.samplers.accept import accept
from jgen.testing.sampler_checks.target_draws import Make
from jgen.types import DrawKind, Draws, Key, PyTree, Sampler, Target


def metropolised(make: Make) -> Make:
    r"""Make an exact kernel: two steps, accepted with probability :math:`\min(1, e^{-\Delta})`.

    :math:`\Delta` is the sum of ``info["energy_error"]`` over the steps, each minus the log of the
    Metropolis ratio that the kernel does not use. If the adjusted kernel leaves a target invariant, the steps
    are correct up to that error, on any target, at any step size, and the bias of the kernel is no
    more than the error that it reports. This does not detect a wrong step whose error is computed for that
    same wrong step: check that the error vanishes as it should when steps get short.

    Args:
        make: Makes the biased sampler; every two steps begin at its ``init``, so that momenta are fresh.

    Returns:
        Makes the adjusted one, a Markov sampler; it raises ValueError where no energy error is reported.

    Reference:
        Nilmeier, Crooks, Minh and Chodera (2011), "Nonequilibrium candidate Monte Carlo", PNAS 108(45).
    """

    def make_adjusted(target: Target, scale: float) -> Sampler:
        return Sampler(Partial(position_as_state), Partial(metropolised_step, make(target, scale)))

    return make_adjusted


def position_as_state(key: Key, position: PyTree) -> PyTree:
    """Return the position, which is the whole state."""
    del key
    return position


def metropolised_step(sampler: Sampler, key: Key, position: PyTree) -> tuple[PyTree, Draws]:
    """Initialise, make two steps and accept or reject them together."""
    init_key, step_key, accept_key = jax.random.split(key, 3)
    state = sampler.init(init_key, position)
    _, draws = jax.lax.scan(lambda state, key: sampler.step(key, state), state, jax.random.split(step_key))
    if "energy_error" not in draws.info:
        raise ValueError("metropolised needs info['energy_error'], minus the log of the Metropolis ratio")
    last = jax.tree.map(lambda leaf: leaf[-1], draws)
    position, rate, _ = accept(accept_key, -draws.info["energy_error"].sum(), last.value, position)
    info = {**last.info, "acceptance_rate": rate}
    return position, Draws(position, info, None, DrawKind.MARKOV, last.constant - {"acceptance_rate"})
