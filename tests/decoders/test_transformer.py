"""Test the Transformer against NumPy, and its sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from jgen.decoders.transformer import Transformer
from tests.helpers.sequence_networks import HEADS, LENGTH, ROUNDING, STRINGS, VOCABULARY, evaluated


def numpy_transformer(params, z, before, num_heads):
    """Compute logits ``[position, vocabulary]`` by the papers; pairs rotate as complex numbers."""
    p = jax.tree.map(np.asarray, params)
    x = p["reading"]["tokens"]["embedding"][before] + z @ p["reading"]["latent"]["kernel"]
    x = x + p["reading"]["latent"]["bias"]
    length, width = x.shape
    half = width // num_heads // 2
    rotation = np.exp(1j * np.arange(length)[:, None, None] * 10_000.0 ** (-np.arange(half) / half))

    def norm(x, p):
        white = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        return white * p["scale"] + p["bias"]

    for block in (p[f"blocks_{i}"] for i in range(2)):
        normal = norm(x, block["attention_norm"])
        heads = [block[name] for name in ("query", "key", "value")]
        q, k, v = (np.einsum("tw,whd->thd", normal, head["kernel"]) + head["bias"] for head in heads)
        q, k = ((a[..., :half] + 1j * a[..., half:]) * rotation for a in (q, k))
        scores = np.einsum("thd,shd->hts", q, k.conj()).real / np.sqrt(2 * half)
        weights = scipy.special.softmax(np.where(np.tri(length, dtype=bool), scores, -np.inf), axis=-1)
        attended = np.einsum("hts,shd->thd", weights, v)
        x = x + np.einsum("thd,hdw->tw", attended, block["attention"]["kernel"]) + block["attention"]["bias"]
        hidden = norm(x, block["mlp_norm"]) @ block["hidden"]["kernel"] + block["hidden"]["bias"]
        gelu = hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3))) / 2
        x = x + gelu @ block["mlp"]["kernel"] + block["mlp"]["bias"]
    return norm(x, p["last_norm"]) @ p["logits"]["kernel"] + p["logits"]["bias"]


def test_log_prob_equals_that_of_a_numpy_transformer(x64):  # noqa: ARG001
    strings, (terms, _, _) = evaluated("rotary")
    for index in (0, 87, 411, 624):
        string = STRINGS[index]
        for row, z in enumerate(np.asarray(strings.context)):
            logits = numpy_transformer(strings.params, z, [VOCABULARY, *string[:-1]], HEADS["num_heads"])
            truth = scipy.special.log_softmax(logits, axis=-1)[np.arange(LENGTH), string]
            np.testing.assert_allclose(terms[index, row], truth, atol=ROUNDING)


@pytest.mark.parametrize(("complaint", "width", "heads"), [("num_heads 3", 8, 3), ("even", 6, 2)])
def test_widths_that_the_heads_cannot_share_are_refused(complaint, width, heads):
    network = Transformer(length=2, vocabulary=3, width=width, num_heads=heads)
    with pytest.raises(ValueError, match=complaint):
        jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((2, 1)))
