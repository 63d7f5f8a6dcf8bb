"""A run that is cut anywhere and resumed is the run that was not cut, bit for bit, its last state too."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.tree_util import Partial
from numpyro.infer import NUTS

from jgen.samplers import block, burn_in, cycle, enumerate_states, gibbs, mala, select, thin
from jgen.sampling.adaptation import window
from jgen.sampling.driver import resume, start
from jgen.testing.sampler_checks.target_draws import positions
from tests.helpers.aimed_samplers import AIMED, SAMPLERS, TARGET, same

KEY = jax.random.key(20)


def plain(state):
    """Typed keys as the numbers they are."""
    return jax.tree.map(
        lambda leaf: jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf,
        state,
    )


def goes_on(sampler, **options):
    """7 draws are 3 and 4 more, where 5 fill a chunk: cut in the middle of a chunk, and joined in another."""
    state, _ = start(KEY, sampler, num_chains=5, **options)
    whole = resume(state, sampler, num_draws=7, chunk_size=5)
    some = resume(state, sampler, num_draws=3, chunk_size=5)
    rest = resume(some.state, sampler, num_draws=4, chunk_size=5)
    assert same(whole.draws, jax.tree.map(lambda *a: np.concatenate(a, axis=1), some.draws, rest.draws))
    assert same(plain(whole.state), plain(rest.state))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in ("adaptive_importance", "smc") else name
        for name in SAMPLERS
    ],
)
def test_twice_n_is_n_resumed(name):
    """Bit for bit, for every member: one that claims none of the targets here makes the collection fail."""
    goes_on(SAMPLERS[name], position=positions(AIMED[name], 5))


def test_twice_n_is_n_resumed_after_a_warm_up():
    options = {"num_warmup": 10, "adaptation": window(0.574), "position": positions(TARGET, 5)}
    goes_on(SAMPLERS["mala"], **options)


def coin_density(position):
    """A coin says which of two normals x is from."""
    return -0.5 * (position["x"] - 4.0 * position["coin"]) ** 2


def x_given(rest):
    return dist.Normal(4.0 * rest["coin"], 1.0)


@pytest.mark.slow
def test_twice_n_is_n_resumed_through_transforms():
    """All of them at once, around a kernel of its own."""
    flip = block(Partial(enumerate_states, candidates={"coin": jnp.arange(2)}), coin_density, "coin")
    sweep = cycle(flip, gibbs(x_given, "x"), block(mala, coin_density, "x"))
    position = {"coin": jnp.zeros(5, int), "x": jnp.zeros(5)}
    goes_on(select(burn_in(thin(sweep, 2), 3), "x"), position=position)


@pytest.mark.weekly
def test_twice_n_is_n_resumed_of_wrapped_kernels():
    blackjax = pytest.importorskip("blackjax")
    from jgen.interop import from_blackjax, from_numpyro

    options = {"step_size": 0.1, "inverse_mass_matrix": TARGET.variance}
    goes_on(from_blackjax(blackjax.nuts, TARGET.log_density, **options), position=positions(TARGET, 5))
    goes_on(from_numpyro(NUTS, TARGET.log_density, **options), position=positions(TARGET, 5))
