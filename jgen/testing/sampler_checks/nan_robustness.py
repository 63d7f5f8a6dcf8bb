"""Check that no NaN and no infinity of a density enters a chain."""

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgen._internal.particles import merge_particles
from jgen.sampling.driver import sample
from jgen.testing.requirements import require, same_bits
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, flat_values, positions
from jgen.types import DrawKind, Draws, Key, Target

INVALID = {"NaN": {"value": jnp.nan}, "-inf": {"value": -jnp.inf}, "a NaN gradient": {"slope": jnp.nan}}
SCALES = (1.0, 0.25)


def nan_robustness(make: Make, target: Target, key: Key) -> str:
    """Check that chains stay out of a half-space where the density is NaN or -inf, or its gradient NaN.

    The half-space begins a little beyond the first coordinate of the start, so that chains propose moves into
    it often. Unweighted draws must never lie in it, except where only a gradient is NaN and the kernel also
    moves by values alone; weighted draws in it must have no weight.

    The check fails if no chain evaluates the density there. A chain that does has other draws or another info
    than with the same key and no invalid region; this is required for each invalid value that the kernel can
    evaluate.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Returns:
        The invalid values that chains evaluated, in words.

    Raises:
        CheckFailed: If a draw is not finite, lies in the invalid region, or has a NaN weight; or if the
            region is never evaluated.
    """
    boundary = float(ravel_pytree(target.start)[0][0]) + 0.1
    possible, met = set(INVALID), set()
    for scale in SCALES:

        def run(target: Target, scale: float = scale) -> Draws:
            options = {"num_chains": 2, "num_draws": 100, "position": positions(target, 2)}
            draws = sample(key, make(target, scale), **options).draws
            assert draws is not None
            return draws

        valid = run(with_invalid_region(target))
        cost = {name: np.sum(valid.info[name]) for name in ("num_grads", "num_log_densities")}
        if not cost["num_grads"]:
            possible.discard("a NaN gradient")
        if not any(cost.values()):  # exact draws, which evaluate no density
            return "no density evaluated"
        for name, invalid in INVALID.items():
            draws = run(with_invalid_region(target, boundary, **invalid))
            require_valid(draws, name, boundary, by_value=bool(cost["num_log_densities"]))
            if not same_bits(draws, valid):
                met.add(name)
    require(
        possible <= met,
        f"chains never met {' or '.join(sorted(possible - met))} a tenth beyond their start, with steps "
        f"{' or '.join(map(str, SCALES))} times as long as usual: do they evaluate what they propose, and is "
        "there room beyond the target's start?",
    )
    return f"met {', '.join(sorted(met))}; no draw there"


def require_valid(draws: Draws, name: str, boundary: float, *, by_value: bool) -> None:
    """Check that no draw is invalid; ``by_value`` where kernels also move by values alone."""
    values = flat_values(merge_particles(draws, 1))
    message = f"with {name} draws are not finite: treat a NaN log ratio as -inf at the accept step"
    require(np.isfinite(values).all(), message)
    beyond = values[..., 0] > boundary
    is_gradient = name == "a NaN gradient"
    require(
        draws.log_weight is not None or not beyond.any() or (is_gradient and by_value),
        f"with {name} a chain moved where the density is invalid. Usual causes: a NaN log ratio that is "
        "accepted (treat it as -inf, and write comparisons so that NaN rejects), or an acceptance ratio "
        "that is reversed",
    )
    if draws.kind in (DrawKind.WEIGHTED, DrawKind.ENSEMBLE):
        log_weight = np.asarray(draws.log_weight).reshape(beyond.shape)
        require(not np.isnan(log_weight).any(), f"with {name} a log-weight is NaN; it must be -inf")
        has_weight = not is_gradient and np.isfinite(log_weight[beyond]).any()
        require(not has_weight, f"with {name} a draw of density 0 has weight")
