"""Test the checks of numbers and sizes."""

import pytest

from jgen.objectives import dreg, elbo, iwae, renyi, sliced_wasserstein
from tests.helpers.linear_gaussian import MODEL


def test_numbers_and_sizes_are_checked():
    for options in ({"beta": -0.1}, {"beta": float("nan")}, {"free_bits": -1}, {"capacity": float("inf")}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be finite and at least 0"):
            elbo(MODEL, **options)
    with pytest.raises(ValueError, match="alpha must be finite"):
        renyi(MODEL, 2, alpha=float("inf"))
    for make in (iwae, dreg, renyi, sliced_wasserstein):
        with pytest.raises(ValueError, match="must be at least 1; got 0"):
            make(MODEL, 0)
        with pytest.raises(TypeError, match=r"must be an int.*2\.0"):
            make(MODEL, 2.0)
