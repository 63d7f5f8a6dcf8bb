"""Estimate log Z from the chains of a ladder of temperatures, with a jackknife error."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from jgen.evaluation.evidence.student_interval import student_result
from jgen.samplers.annealing_path import check_ladder
from jgen.types import Array, Draws, Result


def read_ladder(
    draws: Draws,
    betas: Any,
    jackknife: Callable[[Array, Array], tuple[Array, Array]],
    caller: str,
    method: str,
) -> Result:
    """Estimate log Z from the draws of ``tempering``, each chain left out in turn.

    Args:
        draws: ``[chain, draw]``, with ``log_ratio [chain, draw, temperature]`` in their info.
        betas: The ladder they were made with ``[temperature]``.
        jackknife: ``(betas, log_ratio) -> (estimate, standard error)``, each ``[]``.
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
    return student_result(
        *jackknife(betas, jnp.asarray(ratio)), num_chains - 1, num_chains * num_draws, method
    )
