"""Test that the fuzz finds each kind of fault, and lets what is right and what is refused pass."""

import numpy as np
import pytest

from jgen.diagnostics import bfmi, weights
from tests.helpers.fuzz import Row, Unbuildable, check_case

CASES = 60


def draws(rng):
    return {"x": rng.normal(size=(3, 20))}


def sd(x):
    """Compute the standard deviation around a draw, in a good unit."""
    if x.ndim != 2 or not x.size:
        raise ValueError("[chain, draw]")
    size = np.abs(x - x.flat[0]).max()
    unit = size if 0 < size < np.inf else 1.0
    return unit * ((x - x.flat[0]) / unit).std()


def check(call, **options):
    row = Row(call, sd, draws, is_free=True, **options)
    outcomes = []
    for number in range(CASES):
        with np.errstate(all="ignore"):
            outcomes.append(check_case(row, "test", 0, number))
    return outcomes


def widened(x):
    if np.ndim(x) != 2 or not np.size(x):
        raise Unbuildable
    return np.asarray(x).astype(np.float64)


FAULTS = {
    "squares in the unit of the draws": lambda x: np.sqrt(np.square(widened(x).astype(np.float32)).mean()),
    "narrowed before it is centred": lambda x: np.float64(widened(x).astype(np.float32).std()),
    "sums in half precision": lambda x: widened(x).astype(np.float16).std(),
    "draws that are ignored": lambda x: np.nanstd(widened(x)),
    "a part of the draws": lambda x: widened(x)[:, 1:].std(),
    "an error of a library": lambda x: np.asarray(x).astype(np.float64).reshape(3, 20).std(),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_faults_are_found(name):
    with pytest.raises(AssertionError, match=r"JGEN_FUZZ_SEED=0"):
        check(FAULTS[name], is_wide="narrowed" in name)


def test_what_is_right_passes_and_is_compared():
    outcomes = check(lambda x: sd(widened(x)))
    assert outcomes.count("equal") > CASES / 2


def test_refusals_in_words_pass_unless_nothing_is_wrong_with_the_arguments():
    """``bfmi`` refuses other ranks; one that refuses all draws is found."""
    row = Row(lambda x: bfmi(np.zeros(3)), sd, draws)  # noqa: ARG005
    with pytest.raises(AssertionError, match="refused: bfmi takes energies"):
        [check_case(row, "test", 0, number) for number in range(CASES)]


def test_a_case_is_the_same_for_the_same_seed():
    seen = []
    row = Row(lambda x: (seen.append(np.asarray(x)), weights.kish_ess(x))[1], lambda x: None, draws)  # noqa: ARG005
    for _ in range(2):
        with pytest.raises(AssertionError, match="has no value"):
            check_case(row, "test", 5, 0)
    np.testing.assert_array_equal(*seen)
