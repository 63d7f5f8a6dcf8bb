"""Test evaluations counted while a program is traced, and while it runs."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.interop.evaluation_counts import TracedCount, count_running


def log_density(x):
    return -0.5 * jnp.sum(x**2)


def test_gradients_and_values_are_counted_as_they_are_traced():
    count = TracedCount()
    density = count.counted(log_density)
    jax.eval_shape(lambda x: density(x) + jax.grad(density)(x) + jax.value_and_grad(density)(x)[0], 1.0)
    assert count.cost({}) == {"num_grads": 2, "num_log_densities": 1}
    assert count.cost({"num_steps": 3}) == {"num_grads": 6, "num_log_densities": 3}
    assert count.cost({"subiter": 5}) == {"num_grads": 0, "num_log_densities": 5}


def climb(key, x, num_turns):
    """Take as many gradients as turns, and a value where those are more than 2."""

    def run(density):
        x_end = jax.lax.fori_loop(0, num_turns, lambda _, x: x + 0.1 * jax.value_and_grad(density)(x)[1], x)
        x_end = jax.lax.cond(num_turns > 2, lambda: x_end + 0 * density(x_end), lambda: x_end)
        return x_end, jax.random.split(key)[0], 7

    return count_running(run, log_density)


def test_results_are_those_of_the_function_itself():
    (x, key, seven), num_grads, _ = climb(jax.random.key(0), jnp.ones(2), 3)
    np.testing.assert_allclose(x, 0.9**3 * np.ones(2), rtol=1e-6)
    assert key == jax.random.split(jax.random.key(0))[0]
    assert type(seven) is int
    assert num_grads.dtype == jnp.int32


def test_loops_and_branches_are_counted_as_they_run_for_each_chain():
    @jax.jit
    @jax.custom_batching.sequential_vmap
    def run(x, num_turns):
        return climb(jax.random.key(0), x, num_turns)[1:]

    num_grads, num_log_densities = jax.vmap(run)(jnp.ones((3, 2)), jnp.array([0, 2, 5]))
    assert (num_grads.tolist(), num_log_densities.tolist()) == ([0, 2, 5], [0, 0, 1])


def test_evaluations_side_by_side_count_one_each():
    def run(density):
        return jax.vmap(jax.grad(density))(jax.vmap(jax.vmap(density))(jnp.ones((3, 5))))

    _, num_grads, num_log_densities = count_running(run, log_density)
    assert (num_grads, num_log_densities) == (3, 15)
