"""Test the exact flow of directions under a constant force, and its log-Jacobian."""

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers.microcanonical import random_direction, update_direction

KEY = jax.random.key(11)


def test_turns_compose_and_start_at_the_speed_of_their_equation(x64):
    """Both properties together make it the flow."""
    direction = random_direction(KEY, jnp.zeros(5))
    force = jnp.arange(5.0) - 1.5

    @jax.jit
    def turns(direction):
        half, first = update_direction(direction, force, 0.35)
        whole, second = update_direction(half, force, 0.35)
        derivative = jax.jacfwd(update_direction, argnums=2)(direction, force, 1e-9)
        return (whole, first + second), update_direction(direction, force, 0.7), derivative

    (whole, gains), (at_once, gain), (speed, power) = turns(direction)
    np.testing.assert_allclose(whole, at_once, rtol=1e-12)
    np.testing.assert_allclose(gains, gain, rtol=1e-12)
    along = direction @ force
    np.testing.assert_allclose(speed, 5**0.5 / 4 * (force - along * direction), rtol=1e-7)
    np.testing.assert_allclose(power, 5**0.5 * along, rtol=1e-7)
    del x64


def test_gain_is_minus_the_log_determinant_on_the_sphere(x64):
    """From the Jacobian in space, as the new direction is a function of the old one on the tangent."""
    direction = random_direction(KEY, jnp.zeros(4))
    force = jnp.array([2.0, -1.0, 0.5, 3.0])

    def turned_by(u):
        return update_direction(u / jnp.linalg.norm(u), force, 0.6)

    (turned, gain), (jacobian, _) = jax.jit(lambda u: (turned_by(u), jax.jacfwd(turned_by)(u)))(direction)
    # It maps the tangent space at u to that at u'; the outer product fills the missing direction with 1.
    log_det = np.linalg.slogdet(jacobian + np.outer(turned, direction))[1]
    np.testing.assert_allclose(-log_det, gain, rtol=1e-10)
    unforced, nothing = update_direction(direction, jnp.zeros(4), 0.6)
    np.testing.assert_allclose(unforced, direction, rtol=1e-12)
    assert float(nothing) == 0.0
    del x64
