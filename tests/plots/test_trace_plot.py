"""Check traces and rank histograms."""

import numpy as np

from jgen import plots
from jgen.plots.trace_plot import rank_counts

RNG = np.random.default_rng(0)


def test_rank_counts_are_flat_for_interleaved_chains_and_count_every_draw():
    draws = np.arange(40.0).reshape(20, 2).T
    np.testing.assert_array_equal(rank_counts(draws, 4), np.full((2, 4), 5))
    np.testing.assert_allclose(rank_counts(np.sort(RNG.normal(size=(3, 7)), axis=0), 5).sum(axis=1), 7)


def test_rank_counts_of_tied_draws_are_those_of_their_mean_order():
    """Chains of the same counts agree in every bin, in any order; a stable sort would tell them apart."""
    counts = RNG.poisson(1.0, size=300)
    draws = np.stack([RNG.permutation(counts) for _ in range(4)])
    np.testing.assert_allclose(rank_counts(draws, 20), np.full((4, 20), 15))


def test_each_chain_is_drawn_and_values_that_are_not_finite_are_counted():
    draws = RNG.normal(size=(4, 60, 2))
    draws[1, 4, 1] = np.inf
    axes = np.array(plots.trace_plot(draws, ["mu", "tau"], max_chains=3).axes).reshape(2, 2)
    assert len(axes[0, 0].lines) == 3
    np.testing.assert_array_equal(axes[1, 0].lines[2].get_ydata(), draws[2, :, 1])
    drawn = axes[1, 1].patches[2].get_data().values
    np.testing.assert_array_equal(drawn, rank_counts(draws[..., 1], len(drawn))[2])
    assert [axis.get_title(loc="left") for axis in axes[:, 0]] == ["mu", "tau   (not finite: 1)"]
    assert "3 of 4" in axes[1, 0].get_xlabel()
    assert len(plots.trace_plot(draws[..., 0]).axes) == 2
