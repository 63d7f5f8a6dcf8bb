"""Test arguments divided into data and structure, and counted evaluations."""

import jax
import jax.numpy as jnp

from jgen.interop.external_kernel import Evaluations, divide, unite


def test_equal_structures_have_other_data():
    (data, structure), (other, same) = (divide({"a": a, "n": 3, "b": jnp.ones(2)}) for a in (0.5, 1.5))
    assert structure == same
    assert unite(structure, other)["a"] == 1.5
    assert unite(structure, data)["n"] == 3
    assert divide({"a": 0.5, "n": 4, "b": jnp.ones(2)})[1] != structure


def test_gradients_and_values_are_counted_as_they_are_traced():
    evaluations = Evaluations()
    density = evaluations.counted(lambda x: -0.5 * x**2)
    jax.eval_shape(lambda x: density(x) + jax.grad(density)(x) + jax.value_and_grad(density)(x)[0], 1.0)
    assert evaluations.cost({}) == {"num_grads": 2, "num_log_densities": 1}
    assert evaluations.cost({"num_steps": 3}) == {"num_grads": 6, "num_log_densities": 3}
    assert evaluations.cost({"subiter": 5}) == {"num_grads": 0, "num_log_densities": 5}
