"""Test the refusal of data outside a support: the value, the support, and what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from jgen import decoders
from jgen.decoders import check_support

GREY = np.array([[[0.0, 0.25], [1.0, 0.5]]])
BYTES = np.array([[[0, 255], [17, 3]]])
BERNOULLI, CONTINUOUS, NORMAL = decoders.Bernoulli(), decoders.ContinuousBernoulli(), decoders.Normal()
LOGISTICS = decoders.DiscretisedLogisticMixture(256)


def test_data_in_the_support_pass():
    for head, *data in [
        (BERNOULLI, GREY > 0, (GREY > 0).astype(np.float32)),
        (CONTINUOUS, GREY),
        (NORMAL, jnp.asarray(GREY)),
        (decoders.Categorical(256), BYTES),
        (LOGISTICS, BYTES.astype(np.uint8), BYTES.astype(np.float32)),
        (dist.Normal(jnp.zeros((1, 2, 2)), 1.0).to_event(2), GREY),
    ]:
        assert [check_support(head, x) for x in data] == [None] * len(data)


@pytest.mark.parametrize(
    ("head", "x", "complaint"),
    [
        (BERNOULLI, GREY, r"Bernoulli: x\[0, 0, 1\] is 0.25, one of 2 in 4. It takes 0 or 1. Binarise"),
        (CONTINUOUS, BYTES, r"x\[0, 0, 1\] is 255, one of 3 in 4. .* between 0 and 1. Scale"),
        (CONTINUOUS, -GREY, r"x\[0, 0, 1\] is -0.25"),
        (NORMAL, np.where(GREY == 1, np.nan, GREY), r"x\[0, 1, 0\] is nan, one of 1 in 4. It takes finite"),
        (NORMAL, np.where(GREY == 1, np.inf, GREY), r"x\[0, 1, 0\] is inf"),
        (decoders.Categorical(17), BYTES, r"is 255, one of 2 in 4. It takes integers 0 to 16. Quantise"),
        (LOGISTICS, GREY, r"x\[0, 0, 1\] is 0.25, .* integers 0 to 255"),
        (dist.BernoulliLogits(jnp.zeros((1, 2, 2))).to_event(2), GREY, r"BernoulliLogits: x\[0, 0, 1\]"),
    ],
)
def test_data_outside_the_support_are_refused(head, x, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_support(head, x)


def test_distributions_are_checked_like_heads():
    decoder = decoders.RNN(length=2, vocabulary=3, width=2, cells=())
    distribution, _ = decoder.init_with_output(jax.random.key(0), jnp.zeros((1, 0)))
    check_support(distribution, np.array([[0, 2]]))
    with pytest.raises(ValueError, match=r"x\[0, 1\] is 3"):
        check_support(distribution, np.array([[0, 3]]))


def test_traced_data_are_refused():
    with pytest.raises(TypeError, match="outside of jit"):
        jax.jit(lambda x: check_support(BERNOULLI, x))(GREY)


@pytest.mark.parametrize("head", [BERNOULLI, decoders.Categorical(3)])
def test_data_outside_the_support_are_impossible_under_jit(head):
    """The log-probability is -inf; other heads have tests of their own."""
    distribution = head.apply({}, jnp.zeros((1, 2, head.width)))
    log_prob = jax.jit(lambda p, x: p.log_prob(x))(distribution, jnp.array([[0.0, -7.5]]))
    assert log_prob.tolist() == [-np.inf]
