"""Estimate log Z from the chains of a ladder of temperatures, with a jackknife error."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jgen._internal.units import unit_of
from jgen.diagnostics.student_interval import student_result
from jgen.samplers.annealing_path import check_ladder
from jgen.types import Array, Draws, Result


def read_ladder(
    draws: Draws, betas: Any, estimate: Callable[[Array, Array, Array], Array], caller: str, method: str
) -> Result:
    """Estimate log Z from the draws of ``tempering``, each chain left out in turn.

    Args:
        draws: ``[chain, draw]``, with ``log_ratio [chain, draw, temperature]`` in their info.
        betas: The ladder they were made with ``[temperature]``.
        estimate: ``(betas, log_ratio, counted [chain]) -> []``, from the chains that count.
        caller: The name of the estimator, for the error.
        method: How the estimate is computed, in a few words.

    Returns:
        A ``Result``, whose degrees of freedom are the number of chains minus one.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1, or the draws are not those of ``tempering`` on
            it, or of fewer than four chains.
    """
    betas = check_ladder(betas)
    ratio = draws.info.get("log_ratio")
    if ratio is None or ratio.ndim != 3 or ratio.shape[0] < 4 or ratio.shape[2] != len(betas):
        raise ValueError(
            f"{caller} takes draws of tempering on this ladder, log_ratio [chain, draw, {len(betas)}] "
            f"in their info, of four chains or more; got {None if ratio is None else ratio.shape}"
        )
    num_chains, num_draws = ratio.shape[:2]
    value, error = jackknife(estimate, betas, jnp.asarray(ratio))
    return student_result(value, error, num_chains - 1, num_chains * num_draws, method)


@partial(jax.jit, static_argnums=0)
def jackknife(
    estimate: Callable[[Array, Array, Array], Array], betas: Array, ratio: Array
) -> tuple[Array, Array]:
    """Compute ``estimate(betas, ratio, counted [chain])`` from all chains, and its standard error ``[]``."""
    left_out = jnp.eye(len(ratio), dtype=bool)
    without = jax.vmap(estimate, (None, None, 0))(betas, ratio, ~left_out)  # [chain]
    value = estimate(betas, ratio, left_out.any(axis=0))
    apart = without - value
    unit = unit_of(apart)[0]
    return value, unit * jnp.sqrt((len(ratio) - 1) * (apart / unit).var())
