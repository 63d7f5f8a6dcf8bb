"""Check that an unadjusted kernel has exactly the bias that it states, on a Gaussian."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers.transforms.thin import thin
from jgen.targets.standard_gaussian import standard_gaussian
from jgen.testing.check_result import Measurement, require_within
from jgen.testing.sampler_checks.target_draws import Make, exact_draws
from jgen.types import Array, Key, Target


def bias(
    make: Make,
    target: Target,
    key: Key,
    *,
    biased_variance: Callable[[float], Array | float],
    scales: tuple[float, ...] = (0.5, 1.0),
    num_chains: int = 20_000,
    num_steps: int = 256,
    false_alarm: float = 1e-6,
) -> list[Measurement]:
    r"""Compare the variance of independent chains on N(0, I) with the variance that the kernel states.

    A linear kernel maps Gaussians to Gaussians, so that its stationary variance is a closed form. The chains
    start at exact draws, not at the stated variance, and must reach it. Their second moments are independent,
    hence the standard error :math:`se \approx \sqrt{2 / n d}`, 0.7 % of the variance, and the threshold
    :math:`se \sqrt{2 \log(1 / \alpha)}`, 4 %. That is 5.4 standard errors of a mean of 20,000 squares: by the
    central limit theorem a correct kernel passes them with probability :math:`\alpha`, which is no bound.
    Noise too small by :math:`\sqrt 2` makes an error of one half, at every step size.

    Args:
        make: Makes the sampler.
        target: Ignored: the check uses a standard Gaussian in two dimensions.
        key: Any key.
        biased_variance: Scale -> the exact stationary variance there.
        scales: Step scales.
        num_chains: Chains.
        num_steps: Number of steps from the start, until it has no influence.
        false_alarm: Probability that a correct kernel fails, for means that are normal.

    Returns:
        The distance from the stated variance at each scale, in standard errors.

    Raises:
        CheckFailed: If a variance is not the one stated.

    Reference:
        Durmus and Moulines (2017), Annals of Applied Probability 27(3).
    """
    del target
    target = standard_gaussian(2)
    draw_key, run_key = jax.random.split(key)
    starts = exact_draws(draw_key, target, num_chains)

    @jax.jit
    def run(scale: Array) -> Array:
        kernel = thin(make(target, scale), num_steps)
        keys = jax.random.split(run_key, (2, num_chains))
        return jax.vmap(kernel.step)(keys[1], jax.vmap(kernel.init)(keys[0], starts))[1].value

    threshold = math.sqrt(2 * math.log(len(scales) / false_alarm))
    found = []
    for scale in scales:
        squares = np.mean(np.asarray(run(jnp.float32(scale)), np.float64) ** 2, axis=1)  # [chain]
        error, variance = float(squares.std() / math.sqrt(num_chains)), float(squares.mean())
        stated = float(biased_variance(scale))
        both = f"the variance {variance:.4f} on a standard Gaussian and the stated {stated:.4f}"
        quantity = f"standard errors at scale {scale:.3g} between {both}"
        found.append(Measurement(abs(variance - stated) / error, threshold, quantity))
    require_within(
        found,
        "the bias is not the one that the kernel states",
        "noise of the wrong variance, a step size used twice or halved, biased_variance of another scheme",
    )
    return found
