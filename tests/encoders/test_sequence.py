"""Test the sequence encoder: tokens matter, in both directions, and padding does not."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.encoders.sequence import SequenceEncoder

END = 0
ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
STRINGS = jnp.array([[3, 1, 2, 4, END], [3, 1, END, END, END], [END] * 5, [3, 1, 2, 4, 1]])


def encoded(cell, x):
    encoder = SequenceEncoder(2, 5, width=4, cell=cell, end=END)
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(encoder.init, jax.random.key(0), x)
    q = jax.jit(encoder.apply)(jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), shapes), x)
    return np.concatenate([q.base_dist.loc, jnp.log(q.base_dist.scale)], axis=1)


@pytest.mark.parametrize(
    "cell", [nn.GRUCell(6), pytest.param(nn.OptimizedLSTMCell(6), marks=pytest.mark.weekly)]
)
def test_every_token_matters_and_padding_does_not(x64, cell):  # noqa: ARG001
    changed = [STRINGS[3].at[place].set(3 if place else 2) for place in range(5)]
    found = encoded(cell, jnp.stack([*STRINGS, *changed]))
    whole = found[:4]
    longer = encoded(cell, jnp.pad(STRINGS[:3], ((0, 0), (0, 3)), constant_values=END))
    np.testing.assert_allclose(longer, whole[:3], atol=ROUNDING)
    assert (np.abs(found[4:] - whole[3:]).max(1) > 1e-3).all()
    assert np.abs(whole[0] - whole[3]).max() > 1e-3  # the end token is read


def test_data_that_are_no_tokens_are_refused():
    encoder = SequenceEncoder(2, 5)
    for x in (jnp.zeros((2, 3)), jnp.zeros(3, int)):
        with pytest.raises(ValueError, match="integers"):
            jax.eval_shape(encoder.init, jax.random.key(0), x)
