"""Check every objective, found by its recipe, and its refusals of models that do not fit."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial

import jgen.objectives
from jgen._internal.members import members
from jgen.objectives import contractive, decoder_gradient
from jgen.objectives.recipe import RecipeInputs
from jgen.testing.check_objective import check_objective
from jgen.types import LatentModel
from tests.helpers.linear_gaussian import MODEL, POINT, data, encoder, exact_params, log_prob
from tests.helpers.many_keys import assert_mean, outcomes

MEMBERS = members(jgen.objectives, "recipe")
CHECKED = ("mse", "scheduled")
"""Objectives that go through every check by default; bounds and adversarial ones have other tests."""
BOUNDS = ("dreg", "elbo", "iwae", "renyi")
WITHOUT_CODES = {"conditional_likelihood", "exact_likelihood", "gan", "maximum_likelihood", "wasserstein_gan"}
KEY = jax.eval_shape(lambda: jax.random.key(0))


def critic(examples):
    return Partial(init_critic, jnp.zeros(math.prod(examples.shape[1:]))), Partial(score)


def init_critic(like, key):
    return {"in": jax.random.normal(key, (like.size, 3)), "out": jnp.array([1.0, -0.5, 0.3])}


def score(params, value):
    return jnp.tanh(value.reshape(value.shape[0], -1) @ params["in"]) @ params["out"]


def recipe_of(name):
    return MEMBERS[name].recipe(RecipeInputs(MODEL, data(4), critic))


@pytest.mark.parametrize("name", MEMBERS)
def test_losses_are_scalars_and_aux_is_per_example(name):
    recipe = recipe_of(name)
    params = jax.eval_shape(recipe.init, KEY)
    run = jax.value_and_grad(recipe.make(1.0), has_aux=True)
    (loss, aux), gradient = jax.eval_shape(run, params, recipe.batch, KEY)
    assert loss.shape == ()
    assert {value.shape for value in aux.values()} == {(4,)}
    assert gradient == params
    assert ("bound" in aux) == (name in BOUNDS)
    assert jax.tree.structure(recipe.make(0.5)) == jax.tree.structure(recipe.make(1.0))


@pytest.mark.usefixtures("unoptimised")  # each program compiles for longer than it runs
@pytest.mark.parametrize(
    "name", [name if name in CHECKED else pytest.param(name, marks=pytest.mark.weekly) for name in MEMBERS]
)
def test_an_objective_passes_every_check(name):
    make, init, batch, *options = recipe_of(name)
    names = ("stochastic", "coupled", "smallest")
    exact = log_prob if name in BOUNDS else None
    check_objective(make, init, batch, log_prob=exact, **dict(zip(names, options, strict=True)))


def trace(name, model=MODEL, params=None, x=None):
    """Trace a member on another model than that of its recipe, on other parameters or examples."""
    objective = jax.tree.map(
        lambda part: model if isinstance(part, LatentModel) else part,
        recipe_of(name).make(1.0),
        is_leaf=lambda part: isinstance(part, LatentModel),
    )
    params = exact_params() if params is None else params
    params = {"model": params, "critic": {}} if name == "adversarial_autoencoder" else params
    return jax.eval_shape(lambda *inputs: objective(*inputs), params, data() if x is None else x, KEY)


@pytest.mark.parametrize("name", sorted(set(MEMBERS) - WITHOUT_CODES))
def test_an_encoder_that_does_not_fit_is_refused(name):
    with pytest.raises(ValueError, match="no encoder"):
        trace(name, MODEL._replace(encoder=None))
    other = exact_params() | {"encoder": exact_params(6, 3)["encoder"]}
    with pytest.raises(ValueError, match=r"encoder's latents have shape \(3,\) and the prior's \(2,\)"):
        trace(name, params=other)
    with pytest.raises(ValueError, match=r"encoder does not take an input of shape \(4, 5\)"):
        trace(name, x=data()[:, :5])


@pytest.mark.parametrize("name", [*BOUNDS, "kl"])
def test_point_encoders_are_refused_where_a_density_is_needed(name):
    with pytest.raises(ValueError, match=r"Delta.*no density"):
        trace(name, POINT)


def no_gradient(params, x):
    return dist.Bernoulli(logits=encoder(params, x).mean).to_event(1)


@pytest.mark.parametrize("name", ["elbo", "reconstruction", "mmd"])
def test_draws_must_carry_a_gradient(name):
    with pytest.raises(ValueError, match=r"encoder's draws must carry a gradient.*Independent"):
        trace(name, MODEL._replace(encoder=Partial(no_gradient)))


@pytest.mark.usefixtures("x64")
def test_slopes_of_a_linear_model_are_norms_of_its_matrices():
    params, x = exact_params(), data()
    skewed = params | {
        "decoder": params["decoder"] | {"weight": params["decoder"]["weight"] + 0.3},
        "encoder": params["encoder"] | {"weight": params["encoder"]["weight"] - 0.2},
    }
    for objective, part in ((decoder_gradient, "decoder"), (contractive, "encoder")):
        _, aux = outcomes(objective(MODEL), params, x)
        exact, other = (np.square(tree[part]["weight"]).sum() for tree in (params, skewed))
        np.testing.assert_allclose(aux[objective.__name__], exact, rtol=1e-12)
        loss, _ = outcomes(objective(MODEL), skewed, x)
        assert_mean(loss, other)
        assert np.asarray(loss).std() > 0.1
