"""The law of rebuilding: new data and new options of the same shapes compile nothing."""

import jax
import jax.numpy as jnp

from jgen.sampling.driver import sample
from jgen.testing.check_result import CheckFailed
from jgen.testing.count_compilations import count_compilations
from jgen.testing.sampler_checks.invalid_region import with_invalid_region
from jgen.testing.sampler_checks.target_draws import Make, positions
from jgen.types import Key, Target


def no_recompilation(make: Make, target: Target, key: Key) -> None:
    """A sampler made again, for new data and with other steps, runs through the compiled programs.

    Args:
        make: Makes the sampler.
        target: A target that the sampler claims.
        key: Any key.

    Raises:
        LawBroken: If the second run compiles anything.
    """
    target = with_invalid_region(target)
    other_data = jax.tree.map(lambda leaf: leaf + 0 if isinstance(leaf, jax.Array) else leaf, target)
    first, second = make(target, 1.0), make(other_data, 0.9)
    options = {"num_chains": 2, "num_draws": 3, "position": positions(target, 2)}
    jax.block_until_ready(jnp.asarray(sample(key, first, **options).state.step))
    with count_compilations() as compiled:
        sample(key, second, **options)
    if compiled:
        raise CheckFailed(
            f"a rebuilt sampler compiled {len(compiled)} programs: bind data and options with "
            "jax.tree_util.Partial of module-level functions (never a closure or lambda), and structural "
            "options with jgen._internal.binding.static"
        )
