"""Sequential Monte Carlo down a path of temperatures."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.validation import check_count, is_traced
from jgen.diagnostics.weights import kish_ess, systematic
from jgen.samplers.annealing_path import (
    AnnealingPath,
    Kernel,
    bound_kernel,
    check_path,
    checked_ladder,
    local_kernel,
    log_ratio,
    merge,
    move,
    scaled,
)
from jgen.samplers.recipe import Recipe
from jgen.samplers.state import no_state
from jgen.samplers.tempering_schedule import Metric, adaptive_schedule, fixed_schedule, particle_metric
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler, Target


def smc(
    path: AnnealingPath,
    kernel: Kernel,
    *,
    num_particles: int,
    betas: Any = None,
    num_steps: int | Array = 1,
    metric: Metric | None = None,
    num_pilots: int | None = None,
    ess_fraction: float | Array = 0.8,
    max_temperatures: int = 100,
    resample: Callable[[Key, Array], Array] = systematic,
    resample_below: float | Array = 0.5,
) -> Sampler:
    r"""Carries a population down a path of densities; one step is one whole run of it.

    N particles begin at draws of q. At each temperature they are weighted, then resampled if few weigh
    anything, then moved; with :math:`r = \log \tilde p - \log q`,

    .. math:: w_i \leftarrow w_i \, e^{(\beta' - \beta) r_i}, \qquad \text{if } ESS(w) < c N: \;
        x_i \leftarrow x_{a_i}, \; w_i \leftarrow \tfrac1N \textstyle\sum_j w_j, \qquad
        x_i \sim T_{\beta'}(x_i, \cdot).

    The weights average to :math:`\hat Z`, and for any N and any kernel exactly

    .. math:: E[\hat Z] = Z, \qquad E\bigl[\tfrac1N \textstyle\sum_i w_i h(x_i)\bigr] = Z \, E_p[h].

    Particles of one run depend on each other, so a draw has a particle axis, and errors are those between
    runs: make several, side by side, by ``num_chains``.

    Without ``betas`` the next temperature is the one at which the conditional ESS, which falls with it, is
    a fraction of N:

    .. math:: CESS(\beta') = N \Bigl(\sum_i W_i e^{(\beta' - \beta) r_i}\Bigr)^2 \Big/
        \sum_i W_i e^{2 (\beta' - \beta) r_i}, \qquad W = w / \sum w.

    It is chosen by a population of pilots that is moved along and then left out, as is the ``metric``: so the
    expectations above stay exact. (Chosen by the particles themselves, as is usual, a metric lowers log Z:
    by 0.9 on ``linear_decoder`` from its prior with N = 50, where the error between runs is 0.7.)

    Args:
        path: From a base that can be drawn from to the target; see ``AnnealingPath``.
        kernel: Log density -> a Markov sampler, e.g. ``Partial(hmc, step_size=0.3, num_steps=5)``. What is
            structural is bound by ``bind_static``, as in ``Partial(bind_static(nuts, max_depth=5))``.
        num_particles: N; structural, another number compiles anew.
        betas: Inverse temperatures ``[temperature]``, rising from 0 to 1; None finds them.
        num_steps: Steps of the kernel at each temperature.
        metric: ``diagonal_metric`` or ``dense_metric`` (or your own) gives the kernel, as its
            ``inverse_mass_matrix``, the spread of the pilots at each temperature.
        num_pilots: Particles that choose; by default N where there is something to choose. Structural.
        ess_fraction: Conditional ESS of a rise in temperature over N; unused with ``betas``.
        max_temperatures: The most rises of a ladder that is found; the last goes to 1 whatever its ESS, and
            is flagged as ``truncated``. Structural, unused with ``betas``.
        resample: Key and log-weights ``[particle]`` -> the ancestor of each ``[particle]``: ``systematic``,
            ``stratified`` or ``multinomial`` of ``jgen.diagnostics.weights``.
        resample_below: c; 0 never resamples.

    Returns:
        An ensemble sampler; it needs no starting position. Its info has the temperatures met, ``betas``
        ``[max_temperatures + 1]``, then ones, ``num_temperatures``, the number of rises, and the least ESS
        met over N, ``least_ess``.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1, the base is batched, there are no particles, no
            steps, or no pilots where something is to be chosen, or a fraction is none; while tracing, if the
            kernel is no exact Markov kernel.
        TypeError: If the log density of one draw of the base is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis
        >>> from jgen.sampling.driver import sample
        >>> from jgen.diagnostics.summary import log_evidence
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * (x - 3.0) ** 2
        >>> sampler = smc(AnnealingPath(dist.Normal(0.0, 1.0), log_density), metropolis, num_particles=100)
        >>> run = sample(jax.random.key(0), sampler, num_chains=16, num_draws=2)
        >>> result = log_evidence(run.draws)
        >>> run.draws.value.shape, bool(abs(result.value - 0.919) < result.high - result.low)
        ((16, 2, 100), True)

    Reference:
        Del Moral, Doucet and Jasra (2006), "Sequential Monte Carlo samplers", JRSS B 68(3); Zhou, Johansen
        and Aston (2016), JCGS 25(3); Whiteley, Lee and Heine (2016), "On the role of interaction in
        sequential Monte Carlo algorithms", Bernoulli 22(1).
    """
    path, kernel = check_path(path), bound_kernel(kernel)
    chooses = betas is None or metric is not None
    num_pilots = (num_particles if chooses else 0) if num_pilots is None else num_pilots
    sizes = {"num_particles": num_particles, "num_pilots": num_pilots, "max_temperatures": max_temperatures}
    sizes = {
        name: int(check_count(name, size, least=int(name != "num_pilots"))) for name, size in sizes.items()
    }
    if chooses and not num_pilots:
        raise ValueError(
            "pilots choose the temperatures and the metric: take num_pilots >= 1, or give betas, and bind "
            "the metric to the kernel"
        )
    if betas is None:
        next_beta = Partial(adaptive_schedule, _fraction("ess_fraction", ess_fraction))
    else:
        betas = checked_ladder(betas)
        next_beta, sizes["max_temperatures"] = Partial(fixed_schedule, betas), len(betas) - 1
    resample_below, num_steps = (
        _fraction("resample_below", resample_below),
        check_count("num_steps", num_steps),
    )
    metric = None if metric is None else as_partial(metric)
    bound = path, kernel, next_beta, as_partial(resample), resample_below, metric, num_steps
    return Sampler(Partial(no_state), Partial(bind_static(smc_step, **sizes), *bound))


class Descent(NamedTuple):
    """A run on its way; pilots come before particles.

    Attributes:
        num_temperatures: Rises made ``[]``.
        betas: Temperatures met, then ones ``[max_temperatures + 1]``.
        position: ``[pilot + particle, *event]``.
        log_weight: ``[pilot + particle]``.
        least_ess: Least ESS met by the particles, over N ``[]``.
        facts: Counts and flags so far, and the sum of the acceptance rates.
    """

    num_temperatures: Array
    betas: Array
    position: PyTree
    log_weight: Array
    least_ess: Array
    facts: dict[str, Array]


def smc_step(
    path: AnnealingPath,
    kernel: Partial,
    next_beta: Partial,
    resample: Partial,
    resample_below: Array,
    metric: Partial | None,
    num_steps: Array,
    key: Key,
    state: tuple[()],
    *,
    num_particles: int,
    num_pilots: int,
    max_temperatures: int,
) -> tuple[tuple[()], Draws]:
    """One run."""
    num_all = num_pilots + num_particles

    def move_all(make: Kernel, beta: Array, key: Key, position: PyTree) -> tuple[PyTree, dict[str, Array]]:
        keys = jax.random.split(key, num_all)
        position, facts = jax.vmap(partial(move, path, make, num_steps, beta))(keys, position)
        return position, merge(facts)

    def descend(run: Descent) -> Descent:
        index, beta = run.num_temperatures, run.betas[run.num_temperatures]
        resample_key, move_key = jax.random.split(jax.random.fold_in(run_key, index))
        ratio, invalid = jax.vmap(partial(log_ratio, path))(run.position)  # [pilot + particle]
        wanted = next_beta(index, beta, run.log_weight[:num_pilots], ratio[:num_pilots])
        after = jnp.where(index + 1 == max_temperatures, 1.0, wanted)
        log_weight = run.log_weight + scaled(after - beta, ratio)  # [pilot + particle]
        make: Kernel = kernel
        if metric is not None:
            pilots = jax.tree.map(lambda leaf: leaf[:num_pilots], run.position)
            make = partial(
                kernel, inverse_mass_matrix=particle_metric(metric, pilots, log_weight[:num_pilots])
            )

        ancestor, log_weight, ess = renewed(
            resample, resample_below * (after < 1), resample_key, log_weight, num_pilots
        )
        position = jax.tree.map(lambda leaf: leaf[ancestor], run.position)
        position, facts = move_all(make, after, move_key, position)
        facts["num_log_densities"] += num_all
        facts["invalid"] = invalid.any() | facts.get("invalid", False)
        facts["truncated"] = (after == 1) & (wanted < 1)
        return Descent(
            index + 1,
            run.betas.at[index + 1].set(after),
            position,
            log_weight,
            jnp.minimum(run.least_ess, ess),
            {name: run.facts[name] + fact for name, fact in facts.items()},
        )

    start_key, run_key = jax.random.split(key)
    position = jax.vmap(path.base.sample)(jax.random.split(start_key, num_all))
    betas = jnp.ones(max_temperatures + 1).at[0].set(0.0)  # [temperature]
    facts = jax.eval_shape(partial(move_all, kernel), betas[0], run_key, position)[1]
    nothing = {name: jnp.zeros(fact.shape, fact.dtype) for name, fact in facts.items()}
    flags = {"invalid": jnp.array(False), "truncated": jnp.array(False)}
    start = Descent(
        jnp.int32(0), betas, position, jnp.zeros(num_all), jnp.ones_like(betas[0]), nothing | flags
    )
    end = jax.lax.while_loop(lambda run: run.betas[run.num_temperatures] < 1, descend, start)

    info = {**end.facts, **{name: getattr(end, name) for name in ("betas", "least_ess", "num_temperatures")}}
    if "acceptance_rate" in info:
        info["acceptance_rate"] = info["acceptance_rate"] / end.num_temperatures
    value = jax.tree.map(lambda leaf: leaf[num_pilots:], end.position)
    return state, Draws(value, info, end.log_weight[num_pilots:], DrawKind.ENSEMBLE)


def renewed(
    resample: Partial, below: Array, key: Key, log_weight: Array, num_pilots: int
) -> tuple[Array, Array, Array]:
    """Ancestors and weights, each population resampled if its ESS is low; the ESS of the particles over N."""

    def one(key: Key, log_weight: Array) -> tuple[Array, Array, Array]:
        ess = kish_ess(log_weight) / log_weight.size
        is_poor = ess < below
        ancestor = jnp.where(is_poor, resample(key, log_weight), jnp.arange(log_weight.size))
        log_mean = logsumexp(log_weight) - jnp.log(log_weight.size)
        return ancestor, jnp.where(is_poor, log_mean, log_weight), ess

    if not num_pilots:
        return one(key, log_weight)
    pilot_key, key = jax.random.split(key)
    pilots, pilots_weight, _ = one(pilot_key, log_weight[:num_pilots])
    ancestor, log_weight, ess = one(key, log_weight[num_pilots:])
    return (
        jnp.concatenate([pilots, num_pilots + ancestor]),
        jnp.concatenate([pilots_weight, log_weight]),
        ess,
    )


def _fraction(name: str, value: float | Array) -> Array:
    """A number in [0, 1], after refusing a concrete one that is not."""
    if not is_traced(value) and not 0 <= float(value) <= 1:
        raise ValueError(f"{name} is a fraction of the particles, between 0 and 1; got {value}")
    return jnp.asarray(value, float)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Eight particles and as many pilots, where the target has gradients and a proposal that covers it."""
    if target.proposal is None or (kernel := local_kernel(target, scale)) is None:
        return None
    return Recipe(smc(AnnealingPath(target.proposal, target.log_density), kernel, num_particles=8), None)
