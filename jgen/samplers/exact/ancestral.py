"""Sample a directed model ancestrally, parents first."""

import graphlib
import inspect
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial, bind_static
from jgen.distributions.parameters import log_prob_of
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_unbatched
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.samplers.state import stateless
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, Sampler, Target


def ancestral(
    conditionals: Mapping[str, Callable[..., Distribution]], observed: Mapping[str, Array] | None = None
) -> Sampler:
    r"""Draw every variable given its parents; an observed variable is fixed, and weights the draw.

    The model is :math:`p(x) = \prod_i p(x_i \mid \mathrm{pa}_i)`. Each conditional is a function whose
    parameters carry the names of its parents. With observations e, the other variables are drawn from their
    conditionals, and

    .. math:: \log w = \sum_{i \in e} \log p(e_i \mid \mathrm{pa}_i), \quad E[w] = p(e),

    which is likelihood weighting. Without observations, draws are exact and independent, of log-weight 0. The
    ``lp`` of a draw is its joint log probability, observations included. Only weighting counts as a log
    density.

    Args:
        conditionals: Name -> function of its parents' values, returning a NumPyro distribution without
            batch axes. Bind data by position, ``Partial(fn, data)``: bound parameters are not parents.
        observed: Name -> value.

    Returns:
        An independent sampler, or a weighted one if anything is observed. A draw is a dict of all
        variables.

    Raises:
        ValueError: If a parent or an observed variable is unknown, the graph has a cycle, or a
            conditional is batched.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> def rain():
        ...     return dist.Bernoulli(0.2)
        >>> def wet(rain):
        ...     return dist.Bernoulli(0.1 + 0.8 * rain)
        >>> run = sample(
        ...     jax.random.key(0), ancestral({"wet": wet, "rain": rain}, observed={"wet": 1}),
        ...     num_chains=1000, num_draws=10,
        ... )
        >>> weight = jax.numpy.exp(run.draws.log_weight)
        >>> bool(abs(weight.mean() - 0.26) < 0.02)  # p(wet)
        True
        >>> bool(abs((weight * run.draws.value["rain"]).mean() / weight.mean() - 0.18 / 0.26) < 0.05)
        True

    Reference:
        Fung and Chang (1990), "Weighing and integrating evidence for stochastic simulation in Bayesian
        networks".
    """
    # The same order whatever the order of the dict, so that equal graphs share a program.
    conditionals = {name: as_partial(conditionals[name]) for name in sorted(conditionals)}
    observed = dict(observed or {})
    parents = {name: tuple(inspect.signature(function).parameters) for name, function in conditionals.items()}
    for name, names in [*parents.items(), ("observed", tuple(observed))]:
        if unknown := sorted(set(names) - set(parents)):
            raise ValueError(
                f"{name} names {', '.join(unknown)}, but the model has only {', '.join(parents)}"
            )
    try:
        order = tuple(graphlib.TopologicalSorter(parents).static_order())
    except graphlib.CycleError as error:
        raise ValueError(f"the model has a cycle: {' -> '.join(error.args[1])}; a DAG is needed") from error
    graph = tuple((name, parents[name]) for name in order)
    step = bind_static(ancestral_step, graph=graph)
    sampler = stateless(step, conditionals, jax.tree.map(jnp.asarray, observed))
    jax.eval_shape(sampler.step, jax.random.key(0), ())  # raises for a batched or ill-shaped conditional
    return sampler


def ancestral_step(
    conditionals: Mapping[str, Partial],
    observed: Mapping[str, Array],
    key: Key,
    state: tuple[()],
    *,
    graph: tuple[tuple[str, tuple[str, ...]], ...],
) -> tuple[tuple[()], Draws]:
    """Draw all variables once."""
    value: dict[str, Array] = {}
    log_weight = lp = jnp.zeros(())
    for (name, parents), node_key in zip(graph, jax.random.split(key, len(graph)), strict=True):
        distribution = conditionals[name](*(value[parent] for parent in parents))
        check_unbatched(distribution, f"conditional of {name}")
        if name in observed:
            if jnp.shape(observed[name]) != distribution.event_shape:
                raise ValueError(
                    f"{name} is observed with shape {jnp.shape(observed[name])}; its conditional draws shape "
                    f"{distribution.event_shape}"
                )
            value[name] = observed[name]
            log_weight = log_weight + log_prob_of(distribution, value[name])
        else:
            value[name] = distribution.sample(node_key)
        lp = lp + log_prob_of(distribution, value[name])
    kind = DrawKind.WEIGHTED if observed else DrawKind.INDEPENDENT
    constant = COUNTS if observed else COUNTS | {"log_weight"}
    info = {"lp": lp, **evaluations(num_log_densities=int(bool(observed)))}
    return state, Draws(value, info, log_weight, kind, constant)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for any target that is given as a directed model."""
    del scale
    return recipe_from(ancestral, target.conditionals)
