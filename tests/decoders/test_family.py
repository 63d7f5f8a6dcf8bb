"""Every decoder, found by its recipe, under every law; and each law broken by what it is there for."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest

import jgen.decoders
import jgen.decoders.heads
from jgen.testing import members
from jgen.testing.check_decoder import check_decoder
from jgen.testing.network_checks import LAWS, hold_to_laws
from jgen.testing.sampler_checks import CheckFailed
from tests.helpers.marking import first_in_ci

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
DECODERS = {
    f"{name}-{number}": decoder
    for name, module in members(jgen.decoders, "recipe").items()
    for number, decoder in enumerate(module.recipe())
}
HEADS = {
    f"{name}-{number}": head
    for name, module in members(jgen.decoders.heads, "recipe").items()
    for number, head in enumerate(module.recipe())
}
DEAR = ("purity", "keys")
"""They compile each operation by itself, and initialisers: two seconds a network and more."""
CHEAP_LAWS = {name: law for name, law in LAWS.items() if name not in DEAR}
DEAR_LAWS = {name: LAWS[name] for name in DEAR}


def held(module, latent_dim, laws):
    z = jax.random.normal(jax.random.key(1), (3, latent_dim))
    return hold_to_laws(module, z, jax.random.key(0), laws)


@pytest.mark.parametrize(
    "name",
    [
        name
        if name.endswith("-0") and not name.startswith("transformer")
        else pytest.param(name, marks=pytest.mark.slow)
        for name in DECODERS
    ],
)
def test_a_decoder_keeps_the_cheap_laws(name):
    held(*DECODERS[name], CHEAP_LAWS)


@pytest.mark.parametrize("name", first_in_ci(DECODERS))
def test_a_decoder_keeps_the_dear_laws(name):
    held(*DECODERS[name], DEAR_LAWS)


@pytest.mark.parametrize("name", first_in_ci(HEADS))
def test_a_decoder_with_any_head_keeps_every_law(name):
    check_decoder(jgen.decoders.MLP((2, 3), HEADS[name], hidden=(4,)), 2)


@pytest.mark.parametrize(
    "name", [name for name, (decoder, _) in DECODERS.items() if hasattr(decoder, "head")]
)
def test_a_decoder_takes_any_head(name):
    """Shapes alone, traced: batch, event, a draw."""
    decoder, latent_dim = DECODERS[name]
    z = jnp.zeros((3, latent_dim))

    def draw(key, decoder):
        law, _ = decoder.init_with_output(key, z)
        assert (law.batch_shape, law.event_shape) == ((3,), decoder.shape)
        return law.sample(key)

    for head in {type(head): head for head in HEADS.values()}.values():
        headed = decoder.clone(head=head)
        draws = jax.eval_shape(lambda key, headed=headed: draw(key, headed), jax.random.key(0))
        assert draws.shape == (3, *decoder.shape)


def test_decoders_built_twice_are_equal():
    """Recipes are called anew: what they make is the same key of the cache of compiled programs."""
    for module in members(jgen.decoders, "recipe").values():
        for (first, _), (second, _) in zip(module.recipe(), module.recipe(), strict=True):
            assert first == second
            assert hash(first) == hash(second)


class Plain(nn.Module):
    """A right decoder, whose parts are replaced below."""

    sizes: tuple | list = (4,)
    noise: object = None

    @nn.compact
    def __call__(self, z):
        h = self.hidden(z)
        return self.said(nn.Dense(3)(h), h)

    def hidden(self, z):
        for size in self.sizes:
            z = nn.tanh(nn.Dense(size)(z))
        return z

    def said(self, mean, h):
        del h
        return dist.Normal(mean, jnp.ones_like(mean)).to_event(1)


class WithState(Plain):
    def hidden(self, z):
        return nn.BatchNorm(use_running_average=False)(super().hidden(z))


class InHalf(Plain):
    def hidden(self, z):
        return nn.Dense(4, param_dtype=jnp.float16)(z)


class NotAnEvent(Plain):
    def said(self, mean, _):
        return dist.Normal(mean, jnp.ones_like(mean))


class Mapped(Plain):
    def said(self, mean, _):
        return jax.vmap(lambda row: dist.Normal(row, 1.0).to_event(1))(mean)


class Wrong(Plain):
    shape: tuple = (4,)


class Deaf(Plain):
    def hidden(self, z):
        return super().hidden(0 * z)


class Normalised(Plain):
    """Over the batch, without any state."""

    def said(self, mean, h):
        return super().said(mean - 1e-4 * mean.mean(0, keepdims=True), h)


class Unbounded(Plain):
    def hidden(self, z):
        return z

    def said(self, mean, h):
        return dist.Normal(mean, jnp.exp(nn.Dense(3)(h))).to_event(1)


class Vanishing(Plain):
    """A gradient that is NaN where z is 0."""

    def hidden(self, z):
        return super().hidden(z / jnp.linalg.norm(z, axis=-1, keepdims=True).clip(1e-6))


class Precise(Plain):
    def said(self, mean, h):
        return super().said(mean.astype(jnp.float32), h)


class Counting(Plain):
    """What it says depends on how many rows there are."""

    def said(self, mean, h):
        return super().said(mean / len(mean), h)


class Peeking(Plain):
    """What it says depends on whether it is compiled."""

    def said(self, mean, h):
        return super().said(mean if isinstance(mean, jax.core.Tracer) else mean + 1, h)


class Constant(Plain):
    @nn.compact
    def __call__(self, z):
        weights = self.param("weights", lambda _, shape: jnp.cos(jnp.arange(6.0)).reshape(shape), (2, 3))
        return self.said(z @ weights, z)


class Function:
    """Compared by identity, and never the same."""

    def __deepcopy__(self, memo):
        return Function()

    def __eq__(self, other):
        return False

    def __hash__(self):
        return 0


@pytest.mark.slow
def test_a_right_network_keeps_every_law():
    assert check_decoder(Precise(), 2) == ("state", "shapes", *LAWS)


@pytest.mark.parametrize(
    ("module", "law", "complaint"),
    [
        (WithState(), "state", "it keeps .*batch_stats"),
        (InHalf(), "state", "parameters of .*float16"),
        (Plain(sizes=[4]), "state", "a field cannot be hashed"),
        (NotAnEvent(), "shapes", r"batch_shape is \(3, 3\) for 3 rows"),
        (Mapped(), "shapes", "batch_shape is .* and never vmap"),
        (Wrong(), "shapes", r"event_shape is \(3,\), and the field shape"),
        (Deaf(), "dependence", "other inputs give the same log p"),
        (Normalised(), "batch first", "changes with the rows beside it"),
        (Unbounded(), "extremes", "at inputs"),
        (Vanishing(), "extremes", "at inputs 0 times as large"),
        (Plain(), "precision", "log p are in .*bfloat16"),
        (Plain(noise=Function()), "rebuilding", "an equal network compiled"),
        (Counting(), "purity", "what depends on their number"),
        (Peeking(), "purity", "does it look at Python values"),
        (Constant(), "keys", "another key gives the same parameters"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_each_law_is_broken_by_what_it_is_there_for(module, law, complaint):
    with pytest.raises(CheckFailed, match=f"^{law}: .*{complaint}"):
        held(module, 2, {name: LAWS[name] for name in LAWS if name == law})
