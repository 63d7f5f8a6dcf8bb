"""Estimators of a ladder of temperatures refuse invalid ladders and draws of another one."""

import jax.numpy as jnp
import pytest

from jgen.evaluation.evidence import stepping_stones, thermodynamic
from jgen.types import DrawKind, Draws

ESTIMATORS = pytest.mark.parametrize("estimate", [stepping_stones, thermodynamic])
BETAS = [0.0, 0.5, 1.0]


def draws_of(shape, ratio=0.0):
    info = {} if shape is None else {"log_ratio": jnp.full(shape, ratio)}
    return Draws(jnp.zeros((4, 10)), info, None, DrawKind.MARKOV)


@ESTIMATORS
def test_an_invalid_ladder_is_refused(estimate):
    with pytest.raises(ValueError, match=r"must rise from 0 to 1, .* got shape \(1, 3\)"):
        estimate(draws_of((4, 10, 3)), [BETAS])


@ESTIMATORS
@pytest.mark.parametrize("shape", [None, (3, 10, 3), (4, 10, 2), (10, 3)])
def test_draws_of_another_ladder_or_of_few_chains_are_refused(estimate, shape):
    words = rf"{estimate.__name__} takes draws of tempering .* log_ratio \[chain, draw, 3"
    with pytest.raises(ValueError, match=words):
        estimate(draws_of(shape), BETAS)


@ESTIMATORS
def test_one_ratio_everywhere_is_log_z(estimate):
    """The error is 0, with as many degrees of freedom as chains, less one."""
    found = estimate(draws_of((4, 10, 3), 2.5), BETAS)
    assert (found.standard_error, found.dof, found.n) == (0.0, 3, 40)
    assert round(float(found.value), 5) == 2.5
