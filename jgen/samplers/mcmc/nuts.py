"""The No-U-Turn sampler, written as a machine whose every turn costs one gradient."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.threefry import fold_in, turn_uniforms
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_positive
from jgen._internal.vmap_rules import put
from jgen.samplers.accept import MAX_ENERGY_ERROR, T, log_uniform, normal_and_log_uniform
from jgen.samplers.mass_matrix import check_inverse_mass_matrix, to_force, to_velocity
from jgen.samplers.recipe import BEYOND_LOCAL_MOVES, Recipe
from jgen.samplers.state import ChainState, flatten, gradient_init
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, Sampler, Target


class Candidate(NamedTuple):
    """Where the chain may go."""

    point: Array  # [3, dim] as the ends of the trajectory
    log_density: Array  # []


class Tree(NamedTuple):
    """A balanced binary tree of leapfrog points, seen from outside."""

    candidate: Candidate
    log_weight: Array  # [] log sum over its points of exp(energy of the start - energy)
    momentum_sum: Array  # [dim]


class TrajectoryState(NamedTuple):
    """The trajectory so far, and the subtree now growing at one end of it.

    A subtree grows at the front, in place: if it is thrown away the trajectory is over and its ends are
    of no more use. Checkpoints belong to the subtree; one holds the momentum at the first leaf of a
    balanced subtree inside it, and the sum of momenta up to the middle of that leaf.

    A point is one array of position, momentum (white, ``n = Lᵀ r``) and gradient: of cheap densities, the
    number of arrays that a loop carries is what a turn costs.
    """

    key: Key
    start_energy: Array  # []
    front: Array  # [3, dim]
    back: Array  # [3, dim]
    direction: Array  # [] +1 if the front is later in time than the back, else -1
    tree: Tree
    depth: Array  # []
    subtree: Tree
    leaf: Array  # [] leaves the subtree has
    checkpoints: Array  # [max_depth, 2, dim]
    num_grads: Array  # []
    acceptance_sum: Array  # []
    diverging: Array  # []
    broken: Array  # [] whether the subtree diverges or turns
    stage_done: Array  # [] whether the subtree will grow no more
    done: Array  # []


def nuts(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
    max_depth: int = 10,
) -> Sampler:
    r"""Trajectories that double until they would turn back; nothing but a step size to choose.

    A draw is taken from the whole trajectory with weights :math:`e^{-H}`: multinomial inside a
    subtree, biased towards the new half when two halves merge. A subtree ends the trajectory, and is
    thrown away, when the generalised criterion :math:`n \cdot (\rho - (n_- + n_+)/2) \le 0` holds at
    either end of any balanced subtree inside it (:math:`\rho` is its sum of white momenta), or when a
    leaf's energy error passes 1000 nats.

    The recursion is unrolled into a ``StateMachine``, ``init``, ``step`` (a leaf, one gradient),
    ``finish_stage`` (a doubling) and ``finalize``, so that any loop can drive it.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        max_depth: Doublings at most; structural, a new value compiles anew.

    Returns:
        A Markov sampler; the state carries ``tuning`` for warm-up.

    Raises:
        ValueError: If the step size or the depth is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = nuts(log_density, step_size=0.5, max_depth=5)
        >>> run = sample(jax.random.key(0), sampler, num_draws=100, num_chains=4, position=jnp.zeros((4, 2)))
        >>> int(run.draws.info["tree_depth"].max()) <= 5
        True

    Reference:
        Hoffman and Gelman (2014), JMLR 15; Betancourt (2017), arXiv 1701.02434; the iterative form
        after Phan, Pradhan and Jankowiak (2019), arXiv 1912.11554.
    """
    log_density, step_size = as_partial(log_density), check_positive("step_size", step_size)
    if max_depth < 1:
        raise ValueError(f"max_depth must be at least 1; got {max_depth}")
    machine = StateMachine(
        Partial(bind_static(init_work, max_depth=max_depth)),
        Partial(step_work, log_density),
        Partial(finalize),
        Partial(finish_stage),
    )
    return Sampler(
        Partial(gradient_init, log_density, step_size, check_inverse_mass_matrix(inverse_mass_matrix)),
        Partial(run_to_completion, machine),
    )


def init_work(key: Key, state: ChainState, *, max_depth: int) -> TrajectoryState:
    """Refreshes the momentum; spends no gradient."""
    x, _ = ravel_pytree(state.position)
    momentum, _ = normal_and_log_uniform(fold_in(key, 0), x)
    key = fold_in(key, 1)
    energy = 0.5 * momentum @ momentum - state.log_density
    here = Candidate(_stacked(x, momentum, state.gradient), state.log_density)
    heads, _, _ = turn_uniforms(key, 0, x.dtype)
    return TrajectoryState(
        key=key,
        start_energy=energy,
        front=here.point,
        back=here.point,
        direction=jnp.where(heads, 1, -1).astype(x.dtype),
        tree=Tree(here, jnp.zeros_like(energy), momentum),
        depth=jnp.int32(0),
        subtree=_empty_tree(here),
        leaf=jnp.int32(0),
        checkpoints=jnp.zeros((max_depth, 2, x.size), x.dtype),
        num_grads=jnp.int32(0),
        acceptance_sum=jnp.zeros_like(energy),
        diverging=jnp.array(False),
        broken=jnp.array(False),
        stage_done=jnp.array(False),
        done=jnp.array(False),
    )


def step_work(log_density: LogDensity, state: ChainState, growth: TrajectoryState) -> TrajectoryState:
    """Adds one leaf to the subtree; broken ones, and those of trajectories that are done, stay put."""
    alive = ~growth.stage_done
    step_size, factor = state.tuning
    _, density, _ = flatten(log_density, state.position)
    subtree = growth.subtree
    _, uniform, _ = turn_uniforms(growth.key, growth.num_grads, growth.start_energy.dtype)

    # One leapfrog step from the front.
    signed_step = growth.direction * step_size
    x, momentum, gradient = growth.front
    momentum = momentum + 0.5 * signed_step * to_force(factor, gradient)
    x = jnp.where(alive, x + signed_step * to_velocity(factor, momentum), x)
    value, gradient = jax.value_and_grad(density)(x)
    momentum = momentum + 0.5 * signed_step * to_force(factor, gradient)
    # Were they not stacked, XLA would compute both anew for every number of the point that they select.
    start = jnp.stack([jnp.zeros_like(value), growth.start_energy])
    value, error = jnp.stack([value, 0.5 * (momentum @ momentum) - value]) - start
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(error)
    error = jnp.where(usable, error, jnp.inf)
    diverging = growth.diverging | (alive & (error > MAX_ENERGY_ERROR))

    # The subtree takes the leaf.
    log_weight = jnp.logaddexp(subtree.log_weight, -error)
    takes_leaf = (growth.leaf == 0) | (log_uniform(uniform) < -error - log_weight)
    front = _stacked(x, momentum, gradient)
    candidate = _select(takes_leaf, Candidate(front, value), subtree.candidate)
    momentum_sum = subtree.momentum_sum + momentum

    # An even leaf is kept at the checkpoint that counts the bits of leaf / 2, an odd one where nobody looks.
    # Every balanced subtree that ends at this leaf is checked for a turn: its first leaf is at a checkpoint.
    slot = jax.lax.population_count(growth.leaf >> 1)
    num_ending_here = jax.lax.population_count((growth.leaf ^ (growth.leaf + 1)) >> 1)
    sum_to_middle = momentum_sum - 0.5 * momentum
    checkpoints = put(growth.checkpoints, slot + growth.leaf % 2, _stacked(momentum, sum_to_middle))

    def check(index: Array, turns: Array) -> Array:
        first, sum_to_first = checkpoints[index]
        return turns | is_turning(first, momentum, sum_to_first, sum_to_middle)

    turns = jax.lax.fori_loop(slot - num_ending_here + 1, slot + 1, check, jnp.array(False))
    broken = growth.broken | diverging | (alive & turns)
    leaf = growth.leaf + 1
    return growth._replace(
        front=front,
        subtree=Tree(candidate, log_weight, momentum_sum),
        leaf=leaf,
        checkpoints=checkpoints,
        num_grads=growth.num_grads + alive,
        acceptance_sum=growth.acceptance_sum + jnp.where(alive, jnp.exp(jnp.minimum(-error, 0.0)), 0.0),
        diverging=diverging,
        broken=broken,
        stage_done=growth.stage_done | broken | (leaf == 1 << growth.depth),
    )


def finish_stage(growth: TrajectoryState) -> TrajectoryState:
    """Joins a whole subtree to a trajectory that is not done, and tosses for the end that grows next."""
    tree, subtree, front, back = growth.tree, growth.subtree, growth.front, growth.back
    heads, _, uniform = turn_uniforms(growth.key, growth.num_grads, growth.start_energy.dtype)
    merges = ~growth.broken & ~growth.done
    takes_subtree = merges & (log_uniform(uniform) < subtree.log_weight - tree.log_weight)
    momentum_sum = tree.momentum_sum + subtree.momentum_sum
    (_, first, _), (_, last, _) = back, front
    turned = is_turning(first, last, 0.5 * first, momentum_sum - 0.5 * last)
    depth = growth.depth + merges
    done = growth.done | growth.broken | turned | (depth == len(growth.checkpoints))
    return growth._replace(
        front=jnp.where(heads, back, front),
        back=jnp.where(heads, front, back),
        direction=jnp.where(heads, -growth.direction, growth.direction),
        tree=Tree(
            _select(takes_subtree, subtree.candidate, tree.candidate),
            jnp.where(merges, jnp.logaddexp(tree.log_weight, subtree.log_weight), tree.log_weight),
            momentum_sum,
        ),
        depth=depth,
        subtree=_empty_tree(subtree.candidate),
        leaf=jnp.zeros_like(growth.leaf),
        stage_done=done,
        done=done,
    )


def is_turning(first: Array, last: Array, sum_to_first: Array, sum_to_last: Array) -> Array:
    """Whether a stretch of leapfrog points has begun to turn back ``[]``.

    Args:
        first: White momentum at one end ``[dim]``.
        last: At the other.
        sum_to_first: Sum of momenta from anywhere before to the middle of the first: half of it counts.
        sum_to_last: From the same point to the middle of the last.
    """
    stretch = sum_to_last - sum_to_first
    return (jnp.sum(first * stretch) <= 0.0) | (jnp.sum(last * stretch) <= 0.0)


def finalize(state: ChainState, growth: TrajectoryState) -> tuple[ChainState, Draws]:
    """The draw of a finished trajectory."""
    _, unravel = ravel_pytree(state.position)
    (x, momentum, gradient), value = growth.tree.candidate
    state = ChainState(unravel(x), value, gradient, state.tuning)
    info = {
        "acceptance_rate": growth.acceptance_sum / growth.num_grads,
        "diverging": growth.diverging,
        "energy": 0.5 * momentum @ momentum - value,  # lanes would round 0.5 * (n @ n) otherwise
        "lp": value,
        "n_steps": growth.num_grads,
        "step_size": state.tuning.step_size,
        "tree_depth": growth.depth,
        "num_grads": growth.num_grads,
        "num_log_densities": jnp.zeros_like(growth.num_grads),
    }
    return state, Draws(state.position, info, None, DrawKind.MARKOV)


def _empty_tree(candidate: Candidate) -> Tree:
    """A tree without a leaf; the candidate only gives the shapes."""
    nothing = jnp.zeros_like(candidate.log_density)
    return Tree(candidate, nothing - jnp.inf, jnp.zeros_like(candidate.point[0]))


def _stacked(*vectors: Array) -> Array:
    """Vectors as one array; of vmapped ones XLA would make ``jnp.stack`` twice, in two layouts."""
    return jnp.concatenate(vectors).reshape(len(vectors), -1)


def _select(condition: Array, new: T, old: T) -> T:
    return select_tree(condition, new, old)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """NUTS for any smooth target whose modes are connected."""
    if target.traits & BEYOND_LOCAL_MOVES:
        return None
    return Recipe(nuts(target.log_density, step_size=scale, inverse_mass_matrix=target.variance), 0.8)
