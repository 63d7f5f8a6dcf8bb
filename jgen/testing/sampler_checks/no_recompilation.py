"""Check that new data and new options of the same shapes compile nothing."""

import jax
import jax.numpy as jnp

from jgen.sampling.driver import sample
from jgen.testing.requirements import BINDING, require_no_compilation
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, positions
from jgen.types import Key, Target


def no_recompilation(make: Make, target: Target, key: Key) -> str:
    """Run a sampler made again, for new data and with other steps, through the compiled programs.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Returns:
        The number of programs compiled, none, in words.

    Raises:
        CheckFailed: If the second run compiles anything.
    """
    target = with_invalid_region(target)
    other_data = jax.tree.map(lambda leaf: leaf + 0 if isinstance(leaf, jax.Array) else leaf, target)
    first, second = make(target, 1.0), make(other_data, 0.9)
    options = {"num_chains": 2, "num_draws": 3, "position": positions(target, 2)}
    jax.block_until_ready(jnp.asarray(sample(key, first, **options).state.step))
    return require_no_compilation(lambda: sample(key, second, **options), BINDING)
