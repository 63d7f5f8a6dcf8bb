"""Check draws and bits of models of digits against distributions that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen import models
from jgen.applications import DigitModel, bits_per_pixel
from jgen.applications.digit_models import EXACT, LEVELS, SHAPE
from jgen.data import dequantise, load
from jgen.types import LatentModel
from tests.helpers.random_keys import fresh_key


def no_params(key):  # noqa: ARG001
    return {}


def prior(params):  # noqa: ARG001
    return dist.Normal(jnp.zeros(1), 1.0).to_event(1)


def uniform(params, z):  # noqa: ARG001
    return dist.Uniform(jnp.zeros((len(z), *SHAPE)), 1.0).to_event(3)


def even(params, z):  # noqa: ARG001
    return dist.Categorical(logits=jnp.zeros((len(z), *SHAPE, LEVELS))).to_event(3)


def known(decoder, is_dequantised):
    """A model that has its decoder whatever the latent."""
    model = LatentModel(Partial(no_params), Partial(prior), Partial(decoder), None)
    likelihood = {"methods": {"iwae"}, "num_particles": 2}
    return DigitModel(model, {}, SHAPE, is_dequantised, likelihood)


KNOWN = {"uniform": known(uniform, True), "even": known(even, False)}


def check_draws(model):
    """Each of 17 levels has a share of 1/17: chi-square, of 200 x 64 pixels, below its 1 - 1e-6 quantile."""
    drawn = model.draw(fresh_key(), 200)
    assert drawn.dtype == np.uint8
    assert drawn.shape == (200, *SHAPE)
    counts = np.bincount(drawn.ravel(), minlength=LEVELS)
    assert len(counts) == LEVELS
    wanted = drawn.size / LEVELS
    assert ((counts - wanted) ** 2 / wanted).sum() < 58.0  # of 16 degrees of freedom


def check_bits(model):
    """Every image takes log2 17 bits a pixel, in either of the two spaces."""
    images = np.arange(3 * 64).reshape(3, *SHAPE) % LEVELS
    bits, mean = model.bits(fresh_key(), images)
    np.testing.assert_allclose(bits, np.log2(LEVELS), rtol=1e-5)
    np.testing.assert_allclose(float(mean.value), np.log2(LEVELS), rtol=1e-5)


@pytest.mark.parametrize("name", KNOWN)
def test_uniform_models_draw_all_levels_evenly(name):
    check_draws(KNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.usefixtures("broadcasting")
def test_uniform_models_take_the_bits_of_a_level(name):
    check_bits(KNOWN[name])


def test_a_linear_model_is_exact_and_compared_on_the_same_images():
    """Its bits are those of the closed form of dequantised pixels, and more latents take fewer."""
    images = load("digits", "test")["x"][:40]
    flat = dequantise(jax.random.key(0), jnp.asarray(load("digits", "train")["x"]), LEVELS).reshape(-1, 64)
    fits = {size: models.ppca(flat, size) for size in (2, 30)}
    made = {f"{size}": DigitModel(fit.model, fit.params, (64,), True, EXACT) for size, fit in fits.items()}
    key = fresh_key()
    line = bits_per_pixel(made, key, images)
    for own, (size, fit) in zip(jax.random.split(key, 2), fits.items(), strict=True):
        y = dequantise(jax.random.split(own)[0], jnp.asarray(images), LEVELS).reshape(-1, 64)
        wanted = models.bits_per_dimension(models.linear_log_prob(fit.params, y), 64, step=1 / LEVELS)
        np.testing.assert_allclose(float(line.results[f"{size}"].value), float(wanted.mean()), rtol=1e-4)
        assert line.results[f"{size}"].flags == ("log-likelihood: exact, pixels dequantised",)
    assert float(line.minus_best["30"].value) == 0 < float(line.minus_best["2"].low)
