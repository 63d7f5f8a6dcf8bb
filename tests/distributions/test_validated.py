"""Check that known parameters are validated as NumPyro does, without compiling a program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.testing import count_compilations


def make(loc, scale_tril):
    return MultivariateNormal(loc, scale_tril=scale_tril)


@pytest.mark.parametrize(
    ("loc", "scale_tril", "wrong"),
    [
        ([0.0, float("nan")], [[1.0, 0.0], [1.0, 1.0]], "loc"),
        ([0.0, 0.0], [[1.0, 1.0], [0.0, 1.0]], "scale_tril"),
        ([0.0, 0.0], [[1.0, 0.0], [1.0, -1.0]], "scale_tril"),
    ],
)
@pytest.mark.parametrize("array", [np.array, jnp.array])
def test_wrong_known_parameters_raise(loc, scale_tril, wrong, array):
    with pytest.raises(ValueError, match=f"invalid {wrong} parameter"):
        make(array(loc), array(scale_tril))
    jax.eval_shape(make, array(loc), array(scale_tril))


def test_validation_of_a_new_shape_compiles_nothing():
    made = MultivariateNormal(jnp.zeros(7), scale_tril=jnp.eye(7), validate_args=False)
    with count_compilations() as compiled:
        made.validate_args()
    assert not compiled


def test_tracers_are_not_validated():
    traced = jax.make_jaxpr(lambda *parameters: make(*parameters).loc)(jnp.zeros(3), jnp.eye(3))
    assert not {"eq", "gt", "reduce_and"} & {equation.primitive.name for equation in traced.eqns}
