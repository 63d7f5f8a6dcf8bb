"""Sample by annealed importance sampling."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.validation import check_count
from jgen.samplers import annealing_path
from jgen.samplers.annealing_path import AnnealingPath, Kernel
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import stateless
from jgen.types import Array, DrawKind, Draws, Info, Key, PyTree, Sampler, Target


def annealed(path: AnnealingPath, kernel: Kernel, betas: Any, *, num_steps: int | Array = 1) -> Sampler:
    r"""Anneal from the base to the target by a Markov kernel: one pass is one weighted draw.

    From :math:`x_0 \sim q`, at each temperature the weight is updated first and the move is made after it,

    .. math:: \log w = \sum_{k=1}^{K} (\beta_k - \beta_{k-1}) \, [\log \tilde p - \log q](x_{k-1}), \qquad
        x_k \sim T_{\beta_k}(x_{k-1}, \cdot),

    where :math:`T_\beta` leaves :math:`q^{1 - \beta} \tilde p^\beta` invariant. Then :math:`E[w] = Z` and
    :math:`E[w \, h(x_K)] = Z \, E_p[h]`, exactly, however badly the kernel mixes; the mixing only decides
    the variance of the weights. Passes are independent, so their weights are used as those of ``importance``.

    Args:
        path: From a base that can be drawn from to the target; see ``AnnealingPath``.
        kernel: Log density -> a Markov sampler, e.g. ``Partial(hmc, step_size=0.3, num_steps=5)``. What is
            structural is bound by ``bind_static``, as in ``Partial(bind_static(nuts, max_depth=5))``.
        betas: Inverse temperatures ``[temperature]``, increasing from 0 to 1; two are importance sampling.
        num_steps: Steps of the kernel at each temperature.

    Returns:
        A weighted sampler; it needs no starting position. A pass through a NaN or +inf density gets
        weight zero and is flagged as ``invalid``.

    Raises:
        ValueError: If the betas do not rise from 0 to 1, the base is batched, or ``num_steps`` is below 1;
            while tracing, if the kernel is no exact Markov kernel.
        TypeError: If the log density of one draw of the base is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis
        >>> from jgen.sampling import sample
        >>> from jgen.diagnostics import log_evidence
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * (x - 1.0) ** 2
        >>> path = AnnealingPath(dist.Normal(0.0, 1.0), log_density)
        >>> sampler = annealed(path, metropolis, jnp.linspace(0, 1, 9))
        >>> run = sample(jax.random.key(0), sampler, num_chains=1000, num_draws=5)
        >>> result = log_evidence(run.draws)
        >>> bool(abs(result.value - 0.919) < result.high - result.low)  # four standard errors
        True

    Reference:
        Neal (2001), "Annealed importance sampling", Statistics and Computing 11(2); Jarzynski (1997).
    """
    path, kernel = annealing_path.check_path(path), annealing_path.bind_kernel(kernel)
    betas, num_steps = annealing_path.check_ladder(betas), check_count("num_steps", num_steps)
    return stateless(annealed_step, path, kernel, betas, num_steps)


def annealed_step(
    path: AnnealingPath, kernel: Partial, betas: Array, num_steps: Array, key: Key, state: tuple[()]
) -> tuple[tuple[()], Draws]:
    """Make one pass."""
    start_key, move_key = jax.random.split(key)
    value, log_weight, info = anneal(path, kernel, betas, num_steps, move_key, path.base.sample(start_key))
    return state, Draws(value, info, log_weight, DrawKind.WEIGHTED)


def anneal(
    path: AnnealingPath, kernel: Partial, betas: Array, num_steps: Array, key: Key, position: PyTree
) -> tuple[PyTree, Array, Info]:
    """Make one pass from a draw of the base; return the last position, its log-weight ``[]`` and info."""

    def anneal_step(carry: tuple[PyTree, Array], temperature: tuple[Array, Array, Key]) -> tuple[tuple, Info]:
        position, log_weight = carry
        before, after, key = temperature
        ratio, invalid = annealing_path.log_ratio(path, position)
        log_weight = log_weight + annealing_path.log_increment(after - before, ratio)
        position, info = annealing_path.move(path, kernel, num_steps, after, key, position)
        info["num_log_densities"] += 1
        return (position, log_weight), {**info, "invalid": invalid | info.get("invalid", False)}

    temperatures = betas[:-1], betas[1:], jax.random.split(key, len(betas) - 1)
    start = position, jnp.zeros_like(betas[0])
    (position, log_weight), info = jax.lax.scan(anneal_step, start, temperatures)
    return position, log_weight, annealing_path.merge_info(info)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler with six temperatures for any target with a proposal and gradients."""
    return annealing_path.path_recipe(annealed, target, scale, betas=jnp.linspace(0.0, 1.0, 6))
