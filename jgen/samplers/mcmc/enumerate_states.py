"""An exact draw from a finite list."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.samplers.input_checks import check_scalar
from jgen.types import DrawKind, Draws, Key, LogDensity, PyTree, Sampler


class Enumerated(NamedTuple):
    """Where a chain stands; there is nothing else to know."""

    position: PyTree


def enumerate_states(log_density: LogDensity, candidates: PyTree) -> Sampler:
    r"""Weighs every candidate and draws one, :math:`p(x_k) \propto \tilde p(x_k)`.

    Its place is a discrete block of a larger position, ``block(Partial(enumerated, candidates=...),
    log_density, "z")``, whose full conditional it draws from exactly. For many discrete sites, whose joint
    values are too many to list, see ``discrete_gibbs``.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        candidates: All values that the position can take, each leaf ``[candidate, *event]``; a draw costs as
            many log densities.

    Returns:
        A Markov sampler. A NaN or +inf log density counts as zero probability and is flagged ``invalid``.
        ``stuck`` flags a draw that had nowhere else to go, every other candidate having probability zero: a
        block stuck in every draw is tied to the rest, and must be drawn together with it. ``unlisted`` flags
        a position that is no candidate: then the list is not that of all values.

    Raises:
        ValueError: If there are no candidates, or while tracing, if they do not look like positions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
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
            "enumerated takes one list of candidates, each leaf [candidate, *event] of the same length, at "
            f"least 1; got shapes {[leaf.shape for leaf in jax.tree.leaves(candidates)]}"
        )
    log_density = as_partial(log_density)
    return Sampler(
        Partial(enumerated_init, log_density, candidates), Partial(enumerated_step, log_density, candidates)
    )


def enumerated_init(log_density: LogDensity, candidates: PyTree, key: Key, position: PyTree) -> Enumerated:
    """Spends nothing."""
    del key
    first = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), candidates)
    place = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), position)
    if first != place:
        raise ValueError(f"enumerated: a candidate looks like {first}, the position like {place}")
    check_scalar(log_density, position)
    return Enumerated(position)


def enumerated_step(
    log_density: LogDensity, candidates: PyTree, key: Key, state: Enumerated
) -> tuple[Enumerated, Draws]:
    """As many log densities as candidates, one draw."""
    values = jax.vmap(log_density)(candidates)  # [candidate]
    usable = values < jnp.inf
    logits = jnp.where(usable, values, -jnp.inf)
    index = jax.random.categorical(key, logits)
    same = jax.tree.map(
        lambda listed, here: jnp.all((listed == here[None]).reshape(len(listed), -1), axis=1),
        candidates,
        state.position,
    )
    is_here = jnp.all(jnp.stack(jax.tree.leaves(same)), axis=0)  # [candidate]
    possible = logits > -jnp.inf
    position = jax.tree.map(
        lambda listed, here: jnp.where(jnp.any(possible), listed[index], here), candidates, state.position
    )
    info = {
        "invalid": ~jnp.all(usable),
        "lp": logits[index],
        "stuck": ~jnp.any(possible & ~is_here),
        "unlisted": ~jnp.any(is_here),
        "num_grads": jnp.int32(0),
        "num_log_densities": jnp.int32(logits.size),
    }
    return Enumerated(position), Draws(position, info, None, DrawKind.MARKOV)
