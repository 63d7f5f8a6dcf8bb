"""The sequence encoder: padding is not read, all else is, in both directions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.encoders.sequence import SequenceEncoder

END = 0
CELLS = [nn.GRUCell(6), nn.OptimizedLSTMCell(6)]
ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
STRINGS = jnp.array([[3, 1, 2, 4, END], [3, 1, END, END, END], [END] * 5, [3, 1, 2, 4, 1]])


def encoded(cell, x):
    encoder = SequenceEncoder(2, 5, width=4, cell=cell, end=END)
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(encoder.init, jax.random.key(0), x)
    q = jax.jit(encoder.apply)(jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), shapes), x)
    return np.concatenate([q.base_dist.loc, jnp.log(q.base_dist.scale)], axis=1)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_not_read_and_every_token_is(x64, cell):  # noqa: ARG001
    whole = encoded(cell, STRINGS)
    longer = encoded(cell, jnp.pad(STRINGS[:3], ((0, 0), (0, 3)), constant_values=END))
    np.testing.assert_allclose(longer, whole[:3], atol=ROUNDING)
    alone = encoded(cell, STRINGS[1:2, :3])  # up to the end alone
    np.testing.assert_allclose(alone, whole[1:2], atol=ROUNDING)
    changed = [STRINGS[3].at[place].set(3 if place else 2) for place in range(5)]
    assert (np.abs(encoded(cell, jnp.stack(changed)) - whole[3:]).max(1) > 1e-3).all()
    assert np.abs(whole[0] - whole[3]).max() > 1e-3  # the end itself is read


def test_data_of_another_kind_are_refused():
    encoder = SequenceEncoder(2, 5)
    for x in (jnp.zeros((2, 3)), jnp.zeros(3, int)):
        with pytest.raises(ValueError, match="integers"):
            jax.eval_shape(encoder.init, jax.random.key(0), x)
