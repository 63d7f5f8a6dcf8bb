"""Check every decoder, found by its recipe."""

import jax
import jax.numpy as jnp
import pytest

import jgen.decoders
from jgen.decoders import DiscretisedLogisticMixture
from jgen.testing import members
from jgen.testing.check_decoder import check_decoder
from tests.helpers.marking import first_of_each

MEMBERS = members(jgen.decoders, "recipe")
DECODERS = {
    f"{name}-{number}": decoder
    for name in sorted(MEMBERS, key=lambda name: name != "mlp")  # the cheapest first
    for number, decoder in enumerate(MEMBERS[name].recipe())
}


@pytest.mark.usefixtures("unoptimised")  # each program compiles for longer than it runs
@pytest.mark.parametrize("name", first_of_each(DECODERS))
def test_a_decoder_passes_every_check(name):
    check_decoder(*DECODERS[name])


@pytest.mark.parametrize(
    "name", [name for name, (decoder, _) in DECODERS.items() if hasattr(decoder, "head")]
)
def test_a_decoder_takes_a_head_of_any_width(name):
    """Batch shape, event shape and draws, traced only."""
    decoder, latent_dim = DECODERS[name]

    headed = decoder.clone(head=DiscretisedLogisticMixture(17, 3))

    def draw(key):
        distribution, _ = headed.init_with_output(key, jnp.zeros((3, latent_dim)))
        assert (distribution.batch_shape, distribution.event_shape) == ((3,), decoder.shape)
        return distribution.sample(key)

    draws = jax.eval_shape(draw, jax.random.key(0))
    assert draws.shape == (3, *decoder.shape)


def test_decoders_built_twice_are_equal():
    """Equal decoders are one key of the cache of compiled programs."""
    for module in MEMBERS.values():
        for (first, _), (second, _) in zip(module.recipe(), module.recipe(), strict=True):
            assert first == second
            assert hash(first) == hash(second)
