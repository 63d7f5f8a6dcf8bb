"""Modes held, on draws whose answer is known."""

import jax
import numpy as np
import pytest

from jgen.evaluation import mode_coverage
from jgen.targets import grid25

CENTRES = np.stack(np.meshgrid(*2 * [[-4.0, -2.0, 0.0, 2.0, 4.0]], indexing="ij"), -1).reshape(25, 2)


@pytest.fixture(scope="module")
def exact():
    target = grid25()
    return np.asarray(jax.jit(jax.vmap(target.sample))(jax.random.split(jax.random.key(0), 10_000)))


def test_exact_draws_hold_all_modes_and_as_many_are_near_as_should_be(exact):
    """Near is chi-square of 2 degrees: 1 - exp(-9/2); 5 standard errors, as are the counts of 400 each."""
    held = mode_coverage(exact, CENTRES, 0.15)
    share = 1 - np.exp(-4.5)
    assert held.num_held == 25
    assert abs(held.share_near - share) < 5 * np.sqrt(share * (1 - share) / 10_000)
    expected = 10_000 * share / 25
    assert (abs(held.counts - expected) < 5 * np.sqrt(expected)).all()


def test_what_is_dropped_is_not_held(exact):
    """A generator that lost the modes on the right holds 20; a collapsed one, 1; draws between them, none."""
    kept = exact[exact[:, 0] < 3]
    held = mode_coverage(kept, CENTRES, 0.15)
    assert held.num_held == 20
    assert held.counts.reshape(5, 5)[4].sum() == 0
    assert mode_coverage(exact[:1] * 0 + 2.0, CENTRES, 0.15).num_held == 1
    assert mode_coverage(exact + 1.0, CENTRES, 0.15).num_held == 0


def test_a_blur_holds_no_mode_unless_one_draw_is_enough(rng):
    """Uniform draws know no mode; yet some are near each: pi 0.15^2 / 81 of 10,000 are 8.7."""
    blur = rng.uniform(-4.5, 4.5, (10_000, 2))
    held = mode_coverage(blur, CENTRES, 0.15)
    assert held.num_held == 0
    assert held.share_near < 0.03
    assert held.rule == "at least 40 of 10000 draws within 0.15 of the nearest centre"
    assert mode_coverage(blur, CENTRES, 0.15, fewest=1).num_held == 25


def test_a_stray_draw_holds_a_mode_only_if_one_is_enough():
    draws = np.concatenate([np.zeros((10, 2)), [[4.0, 4.1]]])
    assert mode_coverage(draws, CENTRES, 0.15, fewest=1).num_held == 2
    strict = mode_coverage(draws, CENTRES, 0.15, fewest=2)
    assert strict.num_held == 1
    assert strict.share_near == 1.0
    assert strict.rule == "at least 2 of 11 draws within 0.15 of the nearest centre"


def test_a_draw_counts_for_the_nearest_mode_alone_and_chunks_do_not_matter(rng):
    draws = rng.normal(size=(9000, 2))
    held = mode_coverage(draws, [[0.0, 0.0], [1.0, 0.0]], radius=100.0)
    assert held.counts.tolist() == [(draws[:, 0] <= 0.5).sum(), (draws[:, 0] > 0.5).sum()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((3, 2)), np.ones((3, 3)), 1.0), "got shapes"),
        ((np.ones(3), np.ones(3), 1.0), "got shapes"),
        ((np.ones((0, 2)), CENTRES, 1.0), "at least one of each"),
        ((np.ones((3, 2)), CENTRES, 0.0), "radius"),
        ((np.ones((3, 2)), CENTRES, float("nan")), "radius"),
        ((np.ones((3, 2)), CENTRES, 1.0, 0), "fewest"),
    ],
)
def test_mistakes_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        mode_coverage(*arguments[:3], fewest=arguments[3] if len(arguments) > 3 else 1)
