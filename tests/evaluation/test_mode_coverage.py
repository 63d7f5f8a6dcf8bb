"""Count covered modes on draws whose answer is known."""

import jax
import numpy as np
import pytest

from jgen.evaluation import mode_coverage
from jgen.targets import grid25

CENTRES = np.stack(np.meshgrid(*2 * [[-4.0, -2.0, 0.0, 2.0, 4.0]], indexing="ij"), -1).reshape(25, 2)


@pytest.fixture(scope="module")
def exact():
    sample = jax.jit(jax.vmap(grid25().sample))
    return np.asarray(sample(jax.random.split(jax.random.key(0), 10_000)))


def test_exact_draws_cover_all_modes_and_the_expected_share_is_near(exact):
    """Near is chi-square of 2 degrees: 1 - exp(-9/2); 5 standard errors, as are the counts of 400 each."""
    found = mode_coverage(exact, CENTRES, 0.15)
    share = 1 - np.exp(-4.5)
    assert found.num_covered == 25
    assert abs(found.share_near - share) < 5 * np.sqrt(share * (1 - share) / 10_000)
    expected = 10_000 * share / 25
    assert (abs(found.counts - expected) < 5 * np.sqrt(expected)).all()


def test_dropped_modes_are_not_covered(exact):
    """A generator without the modes on the right covers 20; a collapsed one, 1; draws between modes, none."""
    shares = exact[exact[:, 0] < 3], np.full((1, 2), 2.0), exact + 1.0
    left, *others = (mode_coverage(draws, CENTRES, 0.15) for draws in shares)
    assert [left.num_covered, *(one.num_covered for one in others)] == [20, 1, 0]
    assert left.counts.reshape(5, 5)[4].sum() == 0


def test_uniform_draws_cover_no_mode_unless_one_draw_is_enough(rng):
    """Some uniform draws are near each mode: pi 0.15^2 / 81 of 10,000 are 8.7."""
    uniform = rng.uniform(-4.5, 4.5, (10_000, 2))
    found = mode_coverage(uniform, CENTRES, 0.15)
    rule = "at least 40 of 10000 draws within 0.15 of the nearest centre"
    assert (found.num_covered, found.rule) == (0, rule)
    assert found.share_near < 0.03
    assert mode_coverage(uniform, CENTRES, 0.15, min_draws=1).num_covered == 25


def test_one_draw_covers_a_mode_only_if_one_is_enough():
    draws = np.concatenate([np.zeros((10, 2)), [[4.0, 4.1]]])
    one, two = (mode_coverage(draws, CENTRES, 0.15, min_draws=least) for least in (1, 2))
    assert (one.num_covered, two.num_covered, two.share_near) == (2, 1, 1.0)


def test_a_draw_counts_for_the_nearest_mode_alone_and_chunks_do_not_matter(rng):
    draws = rng.normal(size=(9000, 2))
    found = mode_coverage(draws, [[0.0, 0.0], [1.0, 0.0]], radius=100.0)
    assert found.counts.tolist() == [(draws[:, 0] <= 0.5).sum(), (draws[:, 0] > 0.5).sum()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((3, 2)), np.ones((3, 3)), 1.0, 1), "got shapes"),
        ((np.ones(3), np.ones(3), 1.0, 1), "got shapes"),
        ((np.ones((0, 2)), CENTRES, 1.0, 1), "at least one of each"),
        ((np.ones((3, 2)), CENTRES, float("nan"), 1), "radius"),
        ((np.ones((3, 2)), CENTRES, 1.0, 0), "min_draws"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        mode_coverage(*arguments[:3], min_draws=arguments[3])
