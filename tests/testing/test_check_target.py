"""``check_target`` passes the shipped targets and detects each wrong claim.

Keys are fixed, so there are no false alarms but those of the keys chosen."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

from jgen.testing import CheckFailed, check_target
from jgen.types import Target
from tests.helpers.members import TARGETS, target_of


def log_density(scale, x):
    return -0.5 * jnp.sum(jnp.square(x / scale))


def nan_gradient(scale, x):
    return log_density(scale, x) + 0.0 * jnp.sqrt(jnp.sum(jnp.square(x)))


def draw(scale, key):
    return scale * jax.random.normal(key, (2,))


def square(x):
    return jnp.sum(jnp.square(x))


def joint(scale):
    """A distribution of one variable, as its conditional."""
    return dist.Normal(0.0, scale)


def log_joint(scale, x):
    return dist.Normal(0.0, scale).log_prob(x["a"])


CORRECT = Target(
    log_density=Partial(log_density, jnp.float32(2.0)),
    start=jnp.zeros(2),
    sample=Partial(draw, jnp.float32(2.0)),
    mean=jnp.zeros(2),
    variance=jnp.full(2, 4.0),
    log_evidence=np.log(8 * np.pi),
    expectations={"x^2": (Partial(square), 8.0)},
    proposal=dist.Normal(jnp.zeros(2), jnp.full(2, 2.5)).to_event(1),
    log_bound=np.log(2 * np.pi * 2.5**2),
    name="correct",
)
"""A normal of sd 2 without its constant; the ratio to the proposal is largest at 0."""
DIRECTED = Target(Partial(log_joint, jnp.float32(2.0)), {"a": jnp.zeros(())}, name="directed")


def test_a_correct_target_passes():
    results = check_target(CORRECT)
    checked = [name for name, evidence in results if not str(evidence).startswith("not checked")]
    assert checked == ["form", "log_density", "gradient", "exact_draws", "log_evidence", "log_bound"]
    assert results[-1].name == "conditionals"


@pytest.mark.weekly
@pytest.mark.parametrize("name", TARGETS)
def test_shipped_targets_pass(name):
    check_target(target_of(name))


WRONG = {
    "form: log_density is not a jax": {"log_density": lambda x: -square(x)},
    r"form: mean has shape \(3,\)": {"mean": jnp.zeros(3)},
    "form: expectation 'x'": {"expectations": {"x": (Partial(square), jnp.zeros(2))}},
    "form: an exact draw is": {"sample": Partial(jax.random.normal)},
    "form: .* there is no proposal": {"proposal": None},
    "log_density: .* at the start is -inf": {"start": jnp.full(2, jnp.inf)},
    "gradient: the gradient at the start": {"log_density": Partial(nan_gradient, jnp.float32(2.0))},
    "gradient: the start holds": dict.fromkeys(("sample", "proposal", "log_bound"))
    | {"start": jnp.zeros(2, int)},
    "exact_draws: .*the variance, coordinate": {"variance": jnp.full(2, 2.0)},
    r"exact_draws: .*x\^2": {"expectations": {"x^2": (Partial(square), 4.0)}},
    r"log_evidence: .* is [12]\.\d+ times": {"log_evidence": np.log(4 * np.pi)},
    "log_bound: log_bound is not a bound": {"log_bound": 0.0},
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_claim_is_detected(message):
    with pytest.raises(CheckFailed, match=message):
        check_target(replace(CORRECT, **WRONG[message]))


def test_conditionals_are_those_of_the_density():
    right, wrong = (
        replace(DIRECTED, conditionals={"a": Partial(joint, jnp.float32(scale))}) for scale in (2.0, 1.0)
    )
    assert dict(check_target(right))["conditionals"].startswith("nats by which log_density")
    with pytest.raises(CheckFailed, match=r"conditionals: .*not those of log_density"):
        check_target(wrong)
