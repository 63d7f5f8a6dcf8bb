"""The law of bias: on a Gaussian, an unadjusted kernel is wrong by exactly as much as it says."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen.samplers.transforms.thin import thin
from jgen.targets.standard_gaussian import standard_gaussian
from jgen.testing.check_result import CheckFailed
from jgen.testing.sampler_checks.target_draws import Make, exact_draws
from jgen.types import Array, Key, Target


class Bias(NamedTuple):
    """What the law found at one step size."""

    scale: float
    stated: float
    found: float
    standard_error: float


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
) -> list[Bias]:
    r"""Independent chains on N(0, I) end with the variance that the kernel states, within chance.

    A linear kernel maps Gaussians to Gaussians, so that its stationary variance is a closed form. The chains
    start at exact draws, not at what is stated, and must get there. Their second moments are independent,
    hence the standard error :math:`se \approx \sqrt{2 / n d}`, 0.7 % of what is stated, and the threshold
    :math:`se \sqrt{2 \log(1 / \alpha)}`, 4 %. That is 5.4 standard errors of a mean of 20,000 squares: by the
    central limit theorem a right kernel passes them with probability :math:`\alpha`, which is no bound. Noise
    too small by :math:`\sqrt 2` makes an error of one half, at every step size.

    Args:
        make: Makes the sampler.
        target: Not looked at: the law is about a standard Gaussian in two dimensions.
        key: Any key.
        biased_variance: Scale -> the exact stationary variance there.
        scales: Step scales.
        num_chains: Chains.
        num_steps: Steps to forget the start.
        false_alarm: Probability that a right kernel fails, for means that are normal.

    Returns:
        What was found at each scale.

    Raises:
        LawBroken: If a variance is not the one stated.

    Reference:
        Durmus and Moulines (2017), Annals of Applied Probability 27(3).
    """
    del target
    target = standard_gaussian(2)
    draw_key, run_key = jax.random.split(key)
    beginning = exact_draws(draw_key, target, num_chains)

    @jax.jit
    def run(scale: Array) -> Array:
        kernel = thin(make(target, scale), num_steps)
        keys = jax.random.split(run_key, (2, num_chains))
        return jax.vmap(kernel.step)(keys[1], jax.vmap(kernel.init)(keys[0], beginning))[1].value

    threshold = math.sqrt(2 * math.log(len(scales) / false_alarm))
    found = []
    for scale in scales:
        squares = np.mean(np.asarray(run(jnp.float32(scale)), np.float64) ** 2, axis=1)  # [chain]
        error = float(squares.std() / math.sqrt(num_chains))
        finding = Bias(scale, float(biased_variance(scale)), float(squares.mean()), error)
        found.append(finding)
        if not abs(finding.found - finding.stated) <= threshold * error:
            raise CheckFailed(
                f"at scale {scale:.3g} the variance on a standard Gaussian comes out {finding.found:.4f} +- "
                f"{error:.4f}; the kernel states {finding.stated:.4f}"
            )
    return found
