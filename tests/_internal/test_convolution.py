"""Test that convolution by columns equals XLA's, and leaves none of XLA's in a loop on a CPU."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jgen._internal.convolution import Conv, convolve
from tests.helpers.marking import first_of_each
from tests.helpers.random_keys import fresh_key

CASES = {
    "a line": ((2, 9, 3), (4, 3, 5), (1,), "SAME"),
    "one tap": ((2, 5, 4, 3), (1, 1, 3, 2), (1, 1), "SAME"),
    "an image": ((3, 7, 6, 2), (3, 3, 2, 4), (1, 1), "SAME"),
    "in steps": ((3, 7, 6, 2), (3, 2, 2, 4), (2, 3), "SAME"),
    "inside": ((2, 8, 7, 2), (3, 3, 2, 4), (2, 2), "VALID"),
    "a lopsided rim": ((2, 6, 7, 2), (3, 3, 2, 1), (2, 1), ((2, 0), (0, 1))),
    "a solid": ((2, 5, 4, 6, 2), (3, 2, 3, 2, 3), (2, 1, 2), "SAME"),
}


def by_xla(x, kernel, strides, padding):
    axes = "DHW"[3 - (x.ndim - 2) :]
    layout = (f"N{axes}C", f"{axes}IO", f"N{axes}C")
    return lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=layout)


@pytest.mark.parametrize("case", first_of_each(CASES, family=lambda case: len(CASES[case][2])))
def test_values_and_derivatives_equal_those_of_xla(case):
    shape, window, strides, padding = CASES[case]
    keys = jax.random.split(fresh_key(), 4)
    pairs = zip(keys, (shape, window, shape, window), strict=True)
    # Small whole numbers: every sum is exact in any order, so that equal means equal.
    x, kernel, dx, dk = (jnp.round(3 * jax.random.normal(key, shape)) for key, shape in pairs)
    ours, theirs = (partial(f, strides=strides, padding=padding) for f in (convolve, by_xla))

    def derivatives(convolution):
        y, dy = jax.jvp(convolution, (x, kernel), (dx, dk))
        return y, dy, *jax.vjp(convolution, x, kernel)[1](y)

    for one, other in zip(*(jax.jit(derivatives, static_argnums=0)(f) for f in (ours, theirs)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="elsewhere the convolutions of XLA are used")
def test_a_loop_on_a_cpu_has_no_convolution_of_xla():
    layer = Conv(4, (3, 3))
    x = jnp.ones((2, 5, 5, 4))
    params = layer.init(jax.random.key(0), x)

    def descend(params, num_steps, layer):
        def step(_, params):
            slope = jax.grad(lambda p: jnp.square(layer.apply(p, x)).mean())(params)
            return jax.tree.map(lambda p, d: p - 0.1 * d, params, slope)

        return lax.fori_loop(0, num_steps, step, params)

    def compiled(layer):
        return jax.jit(partial(descend, layer=layer)).lower(params, jnp.int32(2)).compile().as_text()

    assert " convolution(" in compiled(layer.clone(conv_general_dilated=None))  # the search finds them
    assert " convolution(" not in compiled(layer)


def test_unsupported_options_raise():
    options = {
        "lhs_dilation": (2, 1),
        "rhs_dilation": (1, 2),
        "feature_group_count": 2,
        "batch_group_count": 2,
    }
    for option, value in (options | {"dimension_numbers": ("NCHW", "OIHW", "NCHW")}).items():
        with pytest.raises(ValueError, match=option):
            convolve(jnp.ones((1, 4, 4, 2)), jnp.ones((3, 3, 2, 2)), (1, 1), "SAME", **{option: value})
