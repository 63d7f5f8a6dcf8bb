"""``check_head`` passes the shipped heads and detects a wrong support and a lost normaliser."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from numpyro.distributions import constraints

import jgen.decoders.heads
from jgen.testing import CheckFailed, check_head
from jgen.testing.check_head import normalisation, support
from tests.helpers.examples import examples_of
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
KEY = jax.random.key(0)
HEADS = examples_of(jgen.decoders.heads)


def of_one_element(head):
    return head.init_with_output(KEY, jax.random.normal(KEY, (3, 1, head.width)))[0]


@pytest.mark.parametrize("name", first_of_each(HEADS, family=lambda name: name.startswith(("nor", "con"))))
def test_shipped_heads_are_normalised(name):
    head = HEADS[name]
    beginning = "not checked" if name.startswith("delta") else "distance of a total mass from 1"
    assert str(normalisation(head, of_one_element(head), KEY)).startswith(beginning)


@pytest.mark.weekly
@pytest.mark.parametrize("name", HEADS)
def test_shipped_heads_pass(name):
    assert [result.name for result in check_head(HEADS[name])][-2:] == ["support", "normalisation"]


class Lost(dist.Normal):
    """A normal distribution whose density lacks the scale."""

    def log_prob(self, value):
        return super().log_prob(value) + jnp.log(self.scale)


def head_of(family=dist.Normal, constraint=constraints.real, words="finite numbers"):
    """A head whose distribution, support or words may be wrong."""

    class Head(nn.Module):
        width = 1
        support = property(lambda self: constraint)  # noqa: ARG005
        takes = words
        remedy = "none"

        def __call__(self, raw):
            return family(raw[..., 0], 0.5).to_event(raw.ndim - 2)

    return Head()


@pytest.mark.parametrize(
    ("check", "head", "message"),
    [
        (normalisation, head_of(Lost), "numbers do not sum to 1: distance of a total mass from 1: 0.5"),
        (support, head_of(constraint=constraints.unit_interval), "lie outside the support"),
        (support, head_of(words=None), "the head has no takes"),
    ],
)
def test_a_mistake_is_detected(check, head, message):
    with pytest.raises(CheckFailed, match=message):
        check(head, of_one_element(head), KEY)


@pytest.mark.parametrize("values", [constraints.nonnegative_integer, constraints.integer_interval(0, 10**6)])
def test_supports_of_too_many_values_are_not_summed(values):
    evidence = str(normalisation(head_of(constraint=values), of_one_element(head_of()), KEY))
    assert evidence.startswith("not checked: no sum")
