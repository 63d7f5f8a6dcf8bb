"""Discrepancies of codes from the prior, and penalties on codes and slopes: against closed forms."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from scipy.integrate import quad
from scipy.stats import norm

from jgen.objectives import contractive, decoder_gradient, imq, latent_l2, mmd, rbf, sliced_wasserstein
from jgen.objectives.mmd import mmd_terms
from jgen.objectives.sliced_wasserstein import transport_cost
from tests.helpers.linear_gaussian import MODEL, data, exact_params
from tests.helpers.many_keys import assert_mean, outcomes
from tests.helpers.mutant import Bug, plant

SHIFT, SCALE, NUM_EXAMPLES = np.array([0.8, -0.4]), 1.6, 5


def blind(params, x):
    """Codes ~ N(SHIFT, SCALE^2), whatever x."""
    del params
    mean = jnp.broadcast_to(jnp.asarray(SHIFT)[None], (x.shape[0], 2))
    return dist.Normal(mean, jnp.full_like(mean, SCALE)).to_event(1)


BLIND = MODEL._replace(encoder=Partial(blind))
X = np.zeros((NUM_EXAMPLES, 6))


def mean_rbf(lengths, shift, variance):
    """E k(x, y) where x - y ~ N(shift, variance), in closed form."""
    squared = np.asarray(lengths) ** 2
    dim = len(shift)
    return (
        (squared / (squared + variance)) ** (dim / 2) * np.exp(-(shift @ shift) / (2 * (squared + variance)))
    ).sum()


def exact_mmd(lengths):
    within_codes, within_prior = (mean_rbf(lengths, 0 * SHIFT, 2 * s**2) for s in (SCALE, 1.0))
    return within_codes + within_prior - 2 * mean_rbf(lengths, SHIFT, SCALE**2 + 1)


@pytest.mark.usefixtures("x64")
def test_mmd_is_unbiased():
    loss, aux = outcomes(mmd(BLIND, kernel=rbf([0.7, 1.5])), exact_params(), X)
    assert_mean(loss, exact_mmd([0.7, 1.5]))
    np.testing.assert_allclose(aux["mmd_squared"].mean(1), loss, rtol=1e-9, atol=1e-15)
    assert (np.asarray(loss) < 0).any()


bug = partial(Bug, "objectives.mmd")
PLANTED = {
    "MMD, a draw paired with itself": bug("others = 1 - jnp.eye(num_draws, dtype=x.dtype)", "others = 1.0"),
    "MMD, divided by n": bug("/ (num_draws - 1)", "/ num_draws"),
    "MMD, one cross term": bug("- 2 * kernel", "- kernel"),
}


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", PLANTED)
def test_a_biased_mmd_is_seen(name, kills):
    planted = plant(PLANTED[name])
    loss, _ = outcomes(planted.mmd(BLIND, kernel=rbf([0.7, 1.5])), exact_params(), X)
    with kills(name, error=AssertionError):
        assert_mean(loss, exact_mmd([0.7, 1.5]))


def test_kernels_are_their_formulas():
    squared = np.array([[0.0, 1.0], [4.0, 100.0]], np.float32)
    np.testing.assert_allclose(rbf([1, 3])(squared), np.exp(-squared / 2) + np.exp(-squared / 18), rtol=1e-6)
    np.testing.assert_allclose(imq([0.5, 2])(squared), 0.5 / (0.5 + squared) + 2 / (2 + squared), rtol=1e-6)


@pytest.mark.usefixtures("x64")
def test_the_usual_kernel_fits_a_standard_normal_prior_of_as_many_latents():
    """c = 2 d (0.1, ..., 10), and d is 2."""
    usual, written = (
        jax.jit(mmd(BLIND, **options))(exact_params(), X, jax.random.key(0))[0]
        for options in ({}, {"kernel": imq([0.4, 0.8, 2.0, 4.0, 8.0, 20.0, 40.0])})
    )
    np.testing.assert_allclose(usual, written, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_mmd_of_an_imq_is_unbiased():
    def mean_imq(shift, sd):
        return quad(lambda u: norm.pdf(u) / (1 + (shift + sd * u) ** 2), -12, 12, epsabs=1e-12)[0]

    draws = {
        "z": 0.5 + 2.0 * np.random.default_rng(1).normal(size=(400_000, 1)),
        "y": np.random.default_rng(2).normal(size=(400_000, 1)),
    }

    pairs = jax.tree.map(lambda leaf: leaf.reshape(-1, 4, 1), draws)  # many small batches
    loss = jax.jit(jax.vmap(lambda z, y: mmd_terms(imq([1.0]), z, y).mean()))(pairs["z"], pairs["y"])
    assert_mean(loss, mean_imq(0, 8**0.5) + mean_imq(0, 2**0.5) - 2 * mean_imq(0.5, 5**0.5))


def shift_costs(cost_of):
    """What it costs to carry draws by SHIFT, ``[key, draw]``, along one line a key."""
    y = np.random.default_rng(3).normal(size=(7, 2))
    keys = jax.random.split(jax.random.key(0), 4000)
    return jax.jit(jax.vmap(lambda key: cost_of(key, y + SHIFT, y, 1)))(keys)


@pytest.mark.usefixtures("x64")
def test_a_shift_costs_its_square_over_the_dimension():
    assert_mean(
        shift_costs(transport_cost), SHIFT @ SHIFT / 2
    )  # for each draw, whose partner is its own old self


ANY_LENGTH = Bug(
    "objectives.sliced_wasserstein",
    "directions / jnp.linalg.norm(directions, axis=0, keepdims=True)",
    "directions",
)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_directions_of_any_length_are_seen(kills):
    planted = plant(ANY_LENGTH)
    with kills("sliced Wasserstein, no unit directions", error=AssertionError):
        assert_mean(shift_costs(planted.transport_cost), SHIFT @ SHIFT / 2)


@pytest.mark.usefixtures("x64")
def test_on_a_line_draws_are_carried_in_order():
    x, y = np.array([[3.0], [1.0], [2.0]]), np.array([[10.0], [-1.0], [4.0]])  # to 10, -1 and 4

    def loss(x):
        cost = transport_cost(jax.random.key(0), x, y, 3)
        return cost.mean(), cost

    (_, cost), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(x)
    np.testing.assert_allclose(cost, [49.0, 4.0, 4.0], rtol=1e-12)
    np.testing.assert_allclose(gradient[:, 0], 2 * np.array([3 - 10, 1 + 1, 2 - 4]) / 3, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_samples_of_two_normals_are_as_far_apart_as_their_order_statistics():
    r"""Codes along a line are N(m, s^2) and draws N(0, 1), and :math:`E m^2 = |d|^2 / 2` over all lines.

    With U and V the order statistics of three of N(0, 1) each, independent,
    :math:`E (m + s U_i - V_i)^2 = m^2 + s^2 + 1 - 2 s (E U_i)^2` averaged over i, where the mean of the
    :math:`(E U_i)^2` is :math:`\tfrac23 (3 / 2 \sqrt\pi)^2 = 3 / 2 \pi`.
    """
    loss, aux = outcomes(sliced_wasserstein(BLIND, 4), exact_params(), np.zeros((3, 6)))
    assert_mean(loss, SHIFT @ SHIFT / 2 + SCALE**2 + 1 - 2 * SCALE * 3 / (2 * np.pi))
    np.testing.assert_allclose(aux["transport_cost"].mean(1), loss, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_slopes_of_a_linear_model_are_the_norms_of_its_matrices():
    params, x = exact_params(), data()
    bent = params | {
        "decoder": params["decoder"] | {"weight": params["decoder"]["weight"] + 0.3},
        "encoder": params["encoder"] | {"weight": params["encoder"]["weight"] - 0.2},
    }
    for objective, part in ((decoder_gradient, "decoder"), (contractive, "encoder")):
        exact = {
            name: (np.asarray(tree[part]["weight"]) ** 2).sum()
            for name, tree in (("straight", params), ("bent", bent))
        }
        loss, aux = outcomes(objective(MODEL), params, x)
        np.testing.assert_allclose(
            aux[objective.__name__], exact["straight"], rtol=1e-12
        )  # orthogonal: no noise
        loss, aux = outcomes(objective(MODEL), bent, x)
        assert_mean(loss, exact["bent"])
        assert np.asarray(loss).std() > 0.1


@pytest.mark.usefixtures("x64")
def test_codes_of_a_known_law_have_its_second_moment():
    loss, aux = outcomes(latent_l2(BLIND), exact_params(), X)
    assert_mean(loss, (SHIFT @ SHIFT + 2 * SCALE**2) / 2)
    np.testing.assert_allclose(aux["latent_l2"].mean(1), loss, rtol=1e-12)
