"""Bound log Z from below and above by bidirectional Monte Carlo."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen._internal.validation import check_count
from jgen.diagnostics.student_interval import skewness_of, student_result
from jgen.evaluation.evidence.density_ratio import bridged
from jgen.samplers import AnnealingPath, annealing_path
from jgen.samplers.populations.annealed import anneal
from jgen.samplers.transforms.cycle import cycle_step
from jgen.types import Array, Key, PyTree, Result, Sampler


class Bounds(NamedTuple):
    """Bounds of log Z from annealing in both directions, in nats.

    Attributes:
        lower: Mean log-weight of the passes to the target: its expectation is at most log Z.
        upper: Minus that of the passes from the target: its expectation is at least log Z.
        log_evidence: The estimate between them, a bridge built from all passes; None where the kernel is not
            reversible.
    """

    lower: Result
    upper: Result
    log_evidence: Result | None


def bidirectional(
    key: Key,
    path: AnnealingPath,
    kernel: annealing_path.Kernel,
    betas: Any,
    exact: PyTree,
    *,
    num_steps: int | Array = 1,
    reversible: bool = True,
) -> Bounds:
    r"""Anneal from the base to the target, and from exact draws of the target to the base.

    A pass to the target has a weight with :math:`E[w] = Z`; a pass from it, along the same path and with
    the same kernels, one with :math:`E[w'] = 1 / Z`. By Jensen's inequality

    .. math:: E[\log w] \le \log Z \le -E[\log w'],

    and their distance measures how well the path was annealed, with no truth to compare with. For the
    bounds the kernel need only leave each density invariant: each direction is annealed importance sampling
    of its own, one of Z and one of 1 / Z.

    The estimate between them needs more. A pass back that moved by the kernels' reversals would be a draw of
    a density on whole passes whose ratio to that of forward passes is w / Z: then :math:`E[f(w)]` forward is
    :math:`Z \, E[f(w) / w]` backward for any f, and Bennett's acceptance ratio gives log Z. These passes back
    move by the kernel itself, which is its own reversal only if it is reversible on positions, over
    ``num_steps`` steps from a fresh start. So are ``metropolis``, ``mala``, ``hmc`` and ``nuts``, repeated
    or not, and ``ghmc``, whose momentum and slice are redrawn at each temperature. A ``cycle``, sweeps in
    a fixed order (``discrete_gibbs``), and more than one step of ``jittered_hmc``, whose lengths come in a
    fixed order, are not: pass ``reversible=False``, for bounds and no estimate.

    Exact draws of a posterior come from data simulated by the model: draw z, then x given z; then z is one
    draw of the posterior given x.

    Args:
        key: Any key.
        path: From a base that can be drawn from to the target; see ``AnnealingPath``.
        kernel: Log density -> a Markov sampler, e.g. ``Partial(hmc, step_size=0.3, num_steps=5)``.
        betas: Inverse temperatures ``[temperature]``, rising from 0 to 1.
        exact: Independent exact draws of the target, with a leading axis ``[pass]``; as many passes are made
            in each direction.
        num_steps: Steps of the kernel at each temperature.
        reversible: Whether these steps satisfy detailed balance on positions.

    Returns:
        Two bounds, each with the 95 % interval of the expected log-weight (which bounds log Z, but need not
        be near it), and the estimate between them, with that of log Z, if the kernel is reversible. One pass
        alone has no error, and its intervals are NaN.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1, the base is batched, ``num_steps`` is below 1,
            there is no exact draw, or a ``cycle`` is declared reversible; while tracing, if the kernel is no
            exact Markov kernel.
        TypeError: If the log density of one draw of the base is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * (x - 2.0) ** 2
        >>> path = AnnealingPath(dist.Normal(0.0, 1.0), log_density)
        >>> exact = 2.0 + jax.random.normal(jax.random.key(0), (500,))
        >>> bounds = bidirectional(jax.random.key(1), path, metropolis, jnp.linspace(0, 1, 9), exact)
        >>> bool(bounds.lower.value < 0.919 < bounds.upper.value)
        True

    Reference:
        Grosse, Ghahramani and Adams (2015), "Sandwiching the marginal likelihood using bidirectional Monte
        Carlo", arXiv 1511.02543; Bennett (1976), Journal of Computational Physics 22(2).
    """
    path, betas = annealing_path.check_path(path), annealing_path.check_ladder(betas)
    kernel = annealing_path.bind_kernel(kernel)
    sizes = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(exact)}
    if len(sizes) != 1 or sizes <= {(), (0,)}:
        raise ValueError(
            f"exact draws share a leading axis, [pass], one or more; got {sorted(sizes)}: give one "
            "draw as x[None]"
        )
    if reversible and has_cycle(kernel(Partial(annealing_path.path_log_density, path, betas[-1]))):
        raise ValueError(
            "a cycle moves in a fixed order, and its reversal is another kernel: the bounds hold, but no "
            "estimate between them does; pass reversible=False for the bounds alone, or one reversible kernel"
        )
    forward, back = _passes(path, kernel, betas, check_count("num_steps", num_steps), key, exact)
    bounds = bounds_of(forward, back)
    return bounds if reversible else bounds._replace(log_evidence=None)


def has_cycle(sampler: Sampler) -> bool:
    """Return whether a sampler is made by ``cycle``, or a part of it is."""

    def is_cycle(node: Any) -> bool:
        return isinstance(node, Partial) and node.func is cycle_step

    return any(map(is_cycle, jax.tree.leaves(sampler, is_leaf=is_cycle)))


def bounds_of(forward: Array, back: Array) -> Bounds:
    """Compute bounds and estimate from log-weights of passes to the target, and minus those from it.

    Args:
        forward: ``[pass]``, in nats.
        back: ``[pass]``, in nats.
    """
    lower = _mean(forward, "lower bound: mean log-weight of annealing to the target")
    upper = _mean(back, "upper bound: minus the mean log-weight of annealing from the target")
    value, error, _ = bridged(forward, back, jnp.size)
    dof, size = min(len(forward), len(back)) - 1, len(forward) + len(back)
    method = "acceptance ratio of annealing in both directions"
    return Bounds(lower, upper, student_result(value, error, dof, size, method))


@jit
def _passes(
    path: AnnealingPath, kernel: Partial, betas: Array, num_steps: Array, key: Key, exact: PyTree
) -> tuple[Array, Array]:
    """Compute log-weights of passes to the target ``[pass]``, and minus those from it ``[pass]``."""
    size = jax.tree.leaves(exact)[0].shape[0]
    start_keys, forward_keys, back_keys = jax.random.split(key, (3, size))
    starts = jax.vmap(path.base.sample)(start_keys)
    there = jax.vmap(partial(anneal, path, kernel, betas, num_steps))(forward_keys, starts)[1]
    return there, jax.vmap(partial(anneal_back, path, kernel, betas, num_steps))(back_keys, exact)


def anneal_back(
    path: AnnealingPath, kernel: Partial, betas: Array, num_steps: Array, key: Key, position: PyTree
) -> Array:
    """Anneal once from a draw of the target to the base; return minus its log-weight, in nats ``[]``.

    It makes the moves of a pass to the target in the opposite order, and updates the weight after each.
    """

    def climb(position: PyTree, rung: tuple[Array, Array, Key]) -> tuple[PyTree, Array]:
        before, after, key = rung
        position, _ = annealing_path.move(path, kernel, num_steps, before, key, position)
        ratio, invalid = annealing_path.log_ratio(path, position)
        # Outside the support of the base the bound is infinite, not that of a weight of zero.
        return position, jnp.where(invalid, jnp.inf, annealing_path.log_increment(before - after, ratio))

    rungs = betas[:0:-1], betas[-2::-1], jax.random.split(key, len(betas) - 1)
    return jax.lax.scan(climb, position, rungs)[1].sum()


def _mean(values: Array, method: str) -> Result:
    """Compute the mean of independent numbers, with Student's interval."""
    error = values.std(ddof=1) / jnp.sqrt(values.size) if values.size > 1 else jnp.asarray(jnp.nan)
    skewness = jnp.nan_to_num(skewness_of(values))
    return student_result(values.mean(), error, values.size - 1, values.size, method, skewness=skewness)
