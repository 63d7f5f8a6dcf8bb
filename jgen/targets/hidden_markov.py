"""Define the posterior of the path of a hidden Markov model, exact by recursion."""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jax.tree_util import Partial
from numpyro.distributions import Categorical

from jgen.targets.finite_states import one_hot
from jgen.targets.parts import check_options, make_target
from jgen.types import Array, Key, Target, Trait

OBSERVATIONS = (-1.2, -0.4, 0.3, 1.6, 0.9, -0.2, 1.1, -1.7, -0.6, -2.1, 0.1, 1.3)


class Chain(NamedTuple):
    """Hidden Markov model with the likelihood of its observations.

    Attributes:
        log_initial: log p(z_1) ``[state]``.
        log_transition: log p(z_t given z_{t-1}) ``[from, to]``.
        log_likelihood: log p(x_t given z_t) ``[T, state]``.
    """

    log_initial: Array
    log_transition: Array
    log_likelihood: Array


def hidden_markov(
    observations: Array | None = None,
    initial: Array | None = None,
    transition: Array | None = None,
    means: Array | None = None,
    scale: float = 1.0,
) -> Target:
    r"""Make the posterior of the states z given x, where x_t given z_t = k is N(mean_k, scale^2).

    .. math:: \log \tilde p(z) = \log p(z_1) + \sum_t \log p(z_t | z_{t-1}) + \sum_t \log p(x_t | z_t)

    log Z = log p(x) and the marginals come from the forward-backward recursions, exact draws from
    filtering forward and sampling backward. The proposal draws each state from its own
    marginal, mixed with 10 % of a uniform; the ratio is again a chain, so Viterbi's recursion gives
    its maximum, ``log_bound``, exactly.

    Args:
        observations: x ``[T]``; twelve fixed numbers by default.
        initial: p(z_1) ``[state]``; (1/2, 1/2) by default.
        transition: ``[from, to]``, rows sum to 1; ((.9, .1), (.2, .8)) by default.
        means: Mean of x in each state ``[state]``; (-1, 1) by default.
        scale: Standard deviation of x in each state, above 0.

    Returns:
        The target; its position is an integer array ``[T]`` of states, 0 .. states - 1; ``mean`` and
        ``variance`` are those of the state's number.

    Raises:
        ValueError: The shapes do not agree, or ``scale`` is not positive.

    Example:
        >>> target = hidden_markov(jnp.array([0.0, 0.0]), transition=jnp.full((2, 2), 0.5))
        >>> print(target.mean)
        [0.5 0.5]

    Reference:
        Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77, 1989.
    """
    x = jnp.array(OBSERVATIONS if observations is None else observations, float)
    initial = jnp.array((0.5, 0.5) if initial is None else initial)
    transition = jnp.array(((0.9, 0.1), (0.2, 0.8)) if transition is None else transition)
    means = jnp.array((-1.0, 1.0) if means is None else means)
    shapes = x.shape, initial.shape, transition.shape, means.shape
    not_empty = x.ndim == 1 and x.size > 0 and initial.ndim == 1 and initial.size > 0
    needs = "observations [T] and initial [state], neither empty"
    check_options("hidden_markov", needs, not_empty, shapes=shapes)
    (states,) = initial.shape
    needs = f"transition [{states}, {states}] and means [{states}] to match initial"
    agree = transition.shape == (states, states) and means.shape == (states,)
    check_options("hidden_markov", needs, agree, shapes=shapes)
    check_options("hidden_markov", "scale > 0, a standard deviation", 0 < scale < inf, scale=scale)
    chain, forward, marginals, cover, fields = solve(x, initial, transition, means, scale)
    numbers = jnp.asarray(np.arange(states), marginals.dtype)
    return make_target(
        Trait.DISCRETE,
        log_density=Partial(log_density, chain),
        sample=Partial(sample, chain, forward),
        expectations={"marginals": (Partial(one_hot, numbers), marginals)},
        proposal=Categorical(probs=cover).to_event(1),
        source="forward-backward recursion",
        **fields,
    )


@jax.jit
def solve(
    x: Array, initial: Array, transition: Array, means: Array, scale: Array | float
) -> tuple[Chain, Array, Array, Array, dict[str, Array]]:
    """Run all recursions as one program.

    Returns:
        The chain; log p(x up to t, z_t) ``[T, state]``; the marginals p(z_t given x) ``[T, state]``; the same
        with a tenth of them spread over all states, as proposal; and fields of the target: mean, variance and
        likeliest value of the number of each state ``[T]``, log p(x), and the bound.
    """
    chain = Chain(jnp.log(initial), jnp.log(transition), norm.logpdf(x[:, None], means[None], scale))
    forward, backward = filter_forward(chain), filter_backward(chain)
    log_evidence = jax.nn.logsumexp(forward[-1])
    marginals = jnp.exp(forward + backward - log_evidence)
    numbers = jnp.arange(len(initial), dtype=marginals.dtype)
    mean = (marginals * numbers[None]).sum(1)
    cover = 0.9 * marginals + 0.1 / len(initial)
    ratio = chain._replace(log_likelihood=chain.log_likelihood - jnp.log(cover))
    fields = {
        "mean": mean,
        "variance": (marginals * jnp.square(numbers[None] - mean[:, None])).sum(1),
        "log_evidence": log_evidence,
        "start": jnp.argmax(marginals, 1).astype(int),
        "log_bound": filter_forward(ratio, jnp.max)[-1].max(),  # by Viterbi's recursion
    }
    return chain, forward, marginals, cover / cover.sum(1, keepdims=True), fields


def log_density(chain: Chain, path: Array) -> Array:
    """Evaluate log p(path, x) for the integers ``path [T]``; -inf where a state does not exist."""
    states = len(chain.log_initial)
    log_prior = chain.log_initial[path[0]] + chain.log_transition[path[:-1], path[1:]].sum()
    log_joint = log_prior + jnp.take_along_axis(chain.log_likelihood, path[:, None], 1).sum()
    return jnp.where(((path >= 0) & (path < states)).all(), log_joint, -jnp.inf)


def filter_forward(chain: Chain, total: Callable[..., Array] = jax.nn.logsumexp) -> Array:
    """Evaluate log p(x up to t, z_t), ``[T, state]``; of the best path alone with a maximum as ``total``."""

    def step(alpha: Array, log_likelihood: Array) -> tuple[Array, Array]:
        alpha = total(alpha[:, None] + chain.log_transition, 0) + log_likelihood
        return alpha, alpha

    first = chain.log_initial + chain.log_likelihood[0]
    return jnp.concatenate([first[None], jax.lax.scan(step, first, chain.log_likelihood[1:])[1]])


def filter_backward(chain: Chain) -> Array:
    """Evaluate log p(x after t given z_t), ``[T, state]``."""

    def step(beta: Array, log_likelihood: Array) -> tuple[Array, Array]:
        beta = jax.nn.logsumexp(chain.log_transition + (log_likelihood + beta)[None], 1)
        return beta, beta

    last = jnp.zeros_like(chain.log_initial)
    earlier = jax.lax.scan(step, last, chain.log_likelihood[1:], reverse=True)[1]
    return jnp.concatenate([earlier, last[None]])


def sample(chain: Chain, forward: Array, key: Key) -> Array:
    """Draw one exact path ``[T]``: the last state from the filter, then each one before it."""
    uniforms = jax.random.uniform(key, (len(forward),), forward.dtype)

    def draw(logits: Array, uniform: Array) -> Array:
        return (jnp.cumsum(jax.nn.softmax(logits))[:-1] < uniform).sum()

    def step(later: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        alpha, uniform = inputs
        state = draw(alpha + chain.log_transition[:, later], uniform)
        return state, state

    last = draw(forward[-1], uniforms[-1])
    earlier = jax.lax.scan(step, last, (forward[:-1], uniforms[:-1]), reverse=True)[1]
    return jnp.append(earlier, last)
