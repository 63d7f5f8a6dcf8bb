"""Every objective keeps every law; one that breaks a law is told which."""

import math

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import Partial
from linear_gaussian import MODEL, data, log_prob

import jgen.objectives
from jgen.objectives.base import Setting
from jgen.testing.check_objective import check_objective
from jgen.testing.members import members

MEMBERS = members(jgen.objectives, "recipe")


def critic(examples):
    size = math.prod(examples.shape[1:])
    return Partial(init_critic, jnp.zeros(size)), Partial(score)


def init_critic(like, key):
    return {"in": jax.random.normal(key, (like.size, 3)), "out": jnp.array([1.0, -0.5, 0.3])}


def score(params, value):
    return jnp.tanh(value.reshape(value.shape[0], -1) @ params["in"]) @ params["out"]


@pytest.mark.parametrize("name", MEMBERS)
def test_laws_of(name):
    setting = Setting(MODEL, data(4), critic)
    recipe = MEMBERS[name].recipe(setting)
    options = recipe._asdict()
    exact = log_prob if name in ("elbo", "iwae", "dreg", "renyi") else None
    kept = check_objective(
        options.pop("make"), options.pop("init"), options.pop("batch"), log_prob=exact, **options
    )
    assert len(kept) == 7
