"""The law of survival: no NaN and no infinity of a density gets into a chain."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgen.sampling.driver import sample
from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, by_particle, flat_values, positions
from jgen.types import DrawKind, Draws, Key, Target

POISONS = {
    "NaN": {"value": jnp.nan},
    "-inf": {"value": -jnp.inf},
    "a NaN gradient": {"slope": jnp.nan},
}
SCALES = (1.0, 0.25)


def nan_robustness(make: Make, target: Target, key: Key) -> None:
    """Where half of the space answers NaN, -inf, or a NaN gradient, chains stay in the other half.

    The wall stands at the first coordinate of the start, a little beyond it, so that chains meet it
    often. Draws that come unweighted must never lie beyond it, except where only a gradient is NaN and the
    kernel also moves by values alone; weighted draws beyond it must weigh nothing.

    A chain that never looked beyond the wall proves nothing. One that did makes other draws, or tells other
    facts, than it does with the same key where no wall is; each poison that it can meet it must meet.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: If a draw is not finite, lies beyond the wall, or has a NaN weight; or if the wall is
            never met.
    """
    wall = float(ravel_pytree(target.start)[0][0]) + 0.1
    unmet = set(POISONS)
    for scale in SCALES:

        def run(fence: Target, scale: float = scale) -> Draws:
            options = {"num_chains": 2, "num_draws": 100, "position": positions(target, 2)}
            draws = sample(key, make(fence, scale), **options).draws
            assert draws is not None
            return draws

        free = run(with_invalid_region(target))
        cost = {name: np.sum(free.info[name]) for name in ("num_grads", "num_log_densities")}
        if not cost["num_grads"]:
            unmet.discard("a NaN gradient")
        if not any(cost.values()):  # exact draws, which ask no density
            return
        for name, poison in POISONS.items():
            draws = run(with_invalid_region(target, wall, **poison))
            require_survival(draws, name, wall, by_value=bool(cost["num_log_densities"]))
            if not _same(draws, free):
                unmet.discard(name)
    if unmet:
        raise CheckFailed(
            f"chains never met {' or '.join(sorted(unmet))} a tenth beyond their start, with steps "
            f"{' or '.join(map(str, SCALES))} times as long as usual: do they evaluate what they "
            "propose, and is there room beyond the target's start?"
        )


def require_survival(draws: Draws, name: str, wall: float, *, by_value: bool) -> None:
    """Nothing that was drawn has been poisoned; ``by_value`` where kernels also move by values alone."""
    values = flat_values(by_particle(draws))
    if not np.isfinite(values).all():
        raise CheckFailed(f"with {name} draws are not finite: guard NaN where a proposal is accepted")
    beyond = values[..., 0] > wall
    is_gradient = name == "a NaN gradient"
    if draws.log_weight is None and beyond.any() and not (is_gradient and by_value):
        raise CheckFailed(f"with {name} a chain moved where the density is unusable")
    if draws.kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE):
        log_weight = np.asarray(draws.log_weight).reshape(beyond.shape)
        if np.isnan(log_weight).any():
            raise CheckFailed(f"with {name} a log-weight is NaN; it must be -inf")
        if not is_gradient and np.isfinite(log_weight[beyond]).any():
            raise CheckFailed(f"with {name} a draw of no density has weight")


def _same(first: Draws, second: Draws) -> bool:
    """Whether two runs agree to the last bit, in draws and facts."""
    return all(
        np.array_equal(a, b, equal_nan=bool(np.issubdtype(a.dtype, np.inexact)))
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    )
