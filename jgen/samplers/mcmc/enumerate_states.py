"""Draw exactly from a finite list of states."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.trees import select_tree
from jgen.samplers.accept import evaluations
from jgen.samplers.input_checks import check_scalar
from jgen.samplers.state import PositionState
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler


def enumerate_states(log_density: LogDensity, candidates: PyTree) -> Sampler:
    r"""Draw one of the listed states, :math:`p(x_k) \propto \tilde p(x_k)`.

    Use it for a discrete block of a larger position, ``block(Partial(enumerate_states, candidates=...),
    log_density, "z")``: it draws from the full conditional exactly. For many discrete sites, whose joint
    values are too many to list, see ``discrete_gibbs``.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        candidates: All values that the position can take, each leaf ``[candidate, *event]``; a draw costs as
            many log densities.

    Returns:
        A Markov sampler. A NaN or +inf log density counts as zero probability and is flagged ``invalid``.
        ``stuck`` flags a draw for which every other candidate had probability zero: a block stuck in every
        draw is determined by the rest, and must be drawn jointly with it. ``unlisted`` flags a position that
        is no candidate: then the list is incomplete.

    Raises:
        ValueError: If there are no candidates, or while tracing, if their shapes or types are not
            those of the position.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
        >>> sampler = enumerate_states(lambda x: jnp.log(x), candidates=jnp.array([1.0, 3.0]))
        >>> run = sample(jax.random.key(0), sampler, num_draws=1000, num_chains=4, position=jnp.ones(4))
        >>> bool(abs((run.draws.value == 3.0).mean() - 0.75) < 0.05)
        True

    Reference:
        Geman and Geman (1984), "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of
        images", IEEE PAMI 6(6).
    """
    candidates = jax.tree.map(jnp.asarray, candidates)
    sizes = {leaf.shape[:1] for leaf in jax.tree.leaves(candidates)}
    if len(sizes) != 1 or sizes & {(), (0,)}:
        raise ValueError(
            "enumerate_states takes one list of candidates, each leaf [candidate, *event] of the same "
            f"length, at least 1; got shapes {[leaf.shape for leaf in jax.tree.leaves(candidates)]}"
        )
    bound = as_partial(log_density), candidates
    return Sampler(Partial(enumerate_init, *bound), Partial(enumerate_step, *bound))


def enumerate_init(log_density: LogDensity, candidates: PyTree, key: Key, position: PyTree) -> PositionState:
    """Initialise at the position; costs nothing."""
    del key
    first = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), candidates)
    place = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), position)
    if first != place:
        raise ValueError(f"enumerate_states: a candidate looks like {first}, the position like {place}")
    check_scalar(log_density, position)
    return PositionState(position)


def equal(one: PyTree, other: PyTree) -> Array:
    """Return whether two positions are equal ``[]``."""
    return jnp.array(jax.tree.leaves(jax.tree.map(jnp.array_equal, one, other))).all()


def enumerate_step(
    log_density: LogDensity, candidates: PyTree, key: Key, state: PositionState
) -> tuple[PositionState, Draws]:
    """Draw once; costs a log density a candidate."""
    values = jax.vmap(log_density)(candidates)  # [candidate]
    usable = values < jnp.inf
    logits = jnp.where(usable, values, -jnp.inf)
    top = jnp.maximum(jnp.max(logits), jnp.finfo(logits.dtype).min)  # noise of order one is added to logits
    index = jax.random.categorical(key, logits - top)
    is_here = jax.vmap(equal, (0, None))(candidates, state.position)  # [candidate]
    possible = logits > -jnp.inf
    listed = jax.tree.map(lambda leaf: leaf[index], candidates)
    position = select_tree(jnp.any(possible), listed, state.position)
    info = {
        "invalid": ~jnp.all(usable),
        "lp": logits[index],
        "stuck": ~jnp.any(possible & ~is_here),
        "unlisted": ~jnp.any(is_here),
        **evaluations(num_log_densities=logits.size),
    }
    return PositionState(position), Draws(position, info, None, DrawKind.MARKOV, COUNTS)
