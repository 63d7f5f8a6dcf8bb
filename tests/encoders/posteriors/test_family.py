"""Check every posterior, found by its recipe, in an encoder."""

import jax
import pytest

import jgen.encoders.posteriors
from jgen.encoders import MLPEncoder
from jgen.testing import members
from jgen.testing.check_decoder import check_encoder

POSTERIORS = {
    f"{name}-{number}": posterior
    for name, module in members(jgen.encoders.posteriors, "recipe").items()
    for number, posterior in enumerate(module.recipe())
}


@pytest.mark.weekly  # by default the checks of an encoder have a Gaussian posterior
@pytest.mark.parametrize("name", POSTERIORS)
def test_an_encoder_with_any_posterior_passes_every_check(name):
    x = jax.random.normal(jax.random.key(1), (3, 4))
    check_encoder(MLPEncoder(2, (4,), POSTERIORS[name]), x)
