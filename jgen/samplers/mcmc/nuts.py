"""Sample by the No-U-Turn sampler, as a state machine with one gradient per step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.threefry import fold_in, step_uniforms
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_count
from jgen._internal.vmap_rules import put
from jgen.samplers.accept import MAX_ENERGY_ERROR, log_uniform, markov_draw, normal_and_log_uniform, report
from jgen.samplers.mass_matrix import to_force, to_velocity
from jgen.samplers.recipe import Recipe, local_recipe
from jgen.samplers.state import ChainState, bind_tuning, flatten, gradient_init
from jgen.samplers.state_machine import StateMachine, run_to_completion
from jgen.types import Array, Draws, Key, LogDensity, Sampler, Target


class Proposal(NamedTuple):
    """Point of the trajectory that the chain may move to."""

    point: Array  # [3, dim] position, momentum and gradient
    log_density: Array  # []


class Tree(NamedTuple):
    """Summary of a balanced binary tree of leapfrog points."""

    proposal: Proposal
    log_weight: Array  # [] log sum over its points of exp(initial energy - energy)
    momentum_sum: Array  # [dim]


class TrajectoryState(NamedTuple):
    """Trajectory so far, and the subtree that is being built at one end of it.

    The subtree extends the trajectory in place: if it is discarded the trajectory ends, and its end points
    are not needed any more. A checkpoint holds the momentum at the first leaf of a balanced subtree inside
    the subtree, and the sum of momenta up to that leaf, with half of its own.

    A point is one array of position, momentum (white, ``n = Lᵀ r``) and gradient: with a cheap density, the
    time of a step is proportional to the number of arrays that the loop carries.
    """

    key: Key
    initial_kinetic: Array  # [] energy of the momentum at the start
    growing_end: Array  # [3, dim]
    other_end: Array  # [3, dim]
    direction: Array  # [] +1 if the trajectory is extended forward in time, else -1
    tree: Tree
    depth: Array  # []
    subtree: Tree
    num_leaves: Array  # [] of the subtree
    checkpoints: Array  # [max_depth, 2, dim]
    num_grads: Array  # []
    acceptance_sum: Array  # []
    diverging: Array  # []
    stopped: Array  # [] whether the subtree diverges or makes a U-turn, so that it is discarded
    stage_done: Array  # [] whether the subtree is complete or stopped
    done: Array  # []


def nuts(
    log_density: LogDensity,
    *,
    step_size: float | Array = 1.0,
    inverse_mass_matrix: Array | None = None,
    max_depth: int = 10,
) -> Sampler:
    r"""Double a trajectory until it makes a U-turn, and draw a point from it; only the step size is tuned.

    A draw is taken from the whole trajectory with weights :math:`e^{-H}`: multinomial inside a
    subtree, biased towards the new half when two halves merge. A subtree is discarded, and ends the
    trajectory, when the generalised criterion :math:`n \cdot (\rho - (n_- + n_+)/2) \le 0` holds at
    either end of any balanced subtree inside it (:math:`\rho` is its sum of white momenta), or when a
    leaf's energy error passes 1000 nats.

    The recursion is unrolled into a ``StateMachine``: a step adds a leaf, for one gradient, and a stage is a
    doubling.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        step_size: Leapfrog step size.
        inverse_mass_matrix: None (identity), variances ``[dim]`` or a covariance ``[dim, dim]``.
        max_depth: Maximal number of doublings; structural, a new value compiles another program.

    Returns:
        A Markov sampler, whose state has the ``tuning`` that warm-up adapts.

    Raises:
        ValueError: If the step size or the depth is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling import sample
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
    log_density = as_partial(log_density)
    check_count("max_depth", max_depth)
    start, step = Partial(bind_static(init_work, max_depth=max_depth)), Partial(step_work, log_density)
    machine = StateMachine(start, step, Partial(finalize), Partial(finish_stage))
    init = Partial(gradient_init, log_density, bind_tuning(step_size, inverse_mass_matrix))
    return Sampler(init, Partial(run_to_completion, machine))


def init_work(key: Key, state: ChainState, *, max_depth: int) -> TrajectoryState:
    """Draw a momentum and a direction; costs nothing."""
    x, _ = ravel_pytree(state.position)
    momentum, _ = normal_and_log_uniform(fold_in(key, 0), x)
    key = fold_in(key, 1)
    kinetic = 0.5 * momentum @ momentum
    kinetic = kinetic.astype(jnp.promote_types(kinetic.dtype, state.log_density.dtype))
    start = Proposal(_stack(x, momentum, state.gradient), state.log_density)
    is_forward, _, _ = step_uniforms(key, 0, x.dtype)
    return TrajectoryState(
        key=key,
        initial_kinetic=kinetic,
        growing_end=start.point,
        other_end=start.point,
        direction=jnp.where(is_forward, 1, -1).astype(x.dtype),
        tree=Tree(start, jnp.zeros_like(kinetic), momentum),
        depth=jnp.int32(0),
        subtree=_empty_tree(start),
        num_leaves=jnp.int32(0),
        checkpoints=jnp.zeros((max_depth, 2, x.size), x.dtype),
        num_grads=jnp.int32(0),
        acceptance_sum=jnp.zeros_like(kinetic),
        diverging=jnp.array(False),
        stopped=jnp.array(False),
        stage_done=jnp.array(False),
        done=jnp.array(False),
    )


def step_work(log_density: LogDensity, state: ChainState, trajectory: TrajectoryState) -> TrajectoryState:
    """Add one leaf to the subtree, unless its stage is done; costs one gradient."""
    active = ~trajectory.stage_done
    step_size, factor = state.tuning
    _, density, _ = flatten(log_density, state.position)
    subtree = trajectory.subtree
    _, uniform, _ = step_uniforms(trajectory.key, trajectory.num_grads, trajectory.initial_kinetic.dtype)

    # One leapfrog step from the growing end.
    signed_step = trajectory.direction * step_size
    x, momentum, gradient = trajectory.growing_end
    momentum = momentum + 0.5 * signed_step * to_force(factor, gradient)
    x = jnp.where(active, x + signed_step * to_velocity(factor, momentum), x)
    value, gradient = jax.value_and_grad(density)(x)
    momentum = momentum + 0.5 * signed_step * to_force(factor, gradient)
    # Without the stack, XLA would recompute both for every element of the point that they select.
    kinetic = 0.5 * (momentum @ momentum) - trajectory.initial_kinetic
    value, error = jnp.stack([value, kinetic]) - jnp.stack([jnp.zeros_like(value), value - state.log_density])
    usable = jnp.all(jnp.isfinite(gradient)) & jnp.isfinite(error)
    error = jnp.where(usable, error, jnp.inf)
    diverging = trajectory.diverging | (active & (error > MAX_ENERGY_ERROR))

    # Multinomial choice between the new leaf and the subtree's proposal.
    log_weight = jnp.logaddexp(subtree.log_weight, -error)
    accepts_leaf = (trajectory.num_leaves == 0) | (log_uniform(uniform) < -error - log_weight)
    growing_end = _stack(x, momentum, gradient)
    proposal = select_tree(accepts_leaf, Proposal(growing_end, value), subtree.proposal)
    momentum_sum = subtree.momentum_sum + momentum

    # An even leaf is written to the checkpoint given by the number of bits of leaf / 2, an odd one to the
    # next, which is not read. Every balanced subtree that ends at this leaf is checked for a U-turn from the
    # checkpoint of its first leaf.
    slot = jax.lax.population_count(trajectory.num_leaves >> 1)
    num_ending_here = jax.lax.population_count((trajectory.num_leaves ^ (trajectory.num_leaves + 1)) >> 1)
    sum_to_middle = momentum_sum - 0.5 * momentum
    checkpoint = _stack(momentum, sum_to_middle)
    checkpoints = put(trajectory.checkpoints, slot + trajectory.num_leaves % 2, checkpoint)

    def check(index: Array, is_u_turn: Array) -> Array:
        first, sum_to_first = checkpoints[index]
        return is_u_turn | is_turning(first, momentum, sum_to_first, sum_to_middle)

    is_u_turn = jax.lax.fori_loop(slot - num_ending_here + 1, slot + 1, check, jnp.array(False))
    stopped = trajectory.stopped | diverging | (active & is_u_turn)
    num_leaves = trajectory.num_leaves + 1
    return trajectory._replace(
        growing_end=growing_end,
        subtree=Tree(proposal, log_weight, momentum_sum),
        num_leaves=num_leaves,
        checkpoints=checkpoints,
        num_grads=trajectory.num_grads + active,
        acceptance_sum=trajectory.acceptance_sum + jnp.where(active, jnp.exp(jnp.minimum(-error, 0.0)), 0.0),
        diverging=diverging,
        stopped=stopped,
        stage_done=trajectory.stage_done | stopped | (num_leaves == 1 << trajectory.depth),
    )


def finish_stage(trajectory: TrajectoryState) -> TrajectoryState:
    """Merge a complete subtree into the trajectory, and draw the direction of the next doubling."""
    tree, subtree = trajectory.tree, trajectory.subtree
    reverses, _, uniform = step_uniforms(trajectory.key, trajectory.num_grads, tree.log_weight.dtype)
    merges = ~trajectory.stopped & ~trajectory.done
    accepts_subtree = merges & (log_uniform(uniform) < subtree.log_weight - tree.log_weight)
    momentum_sum = tree.momentum_sum + subtree.momentum_sum
    first, last = trajectory.other_end[1], trajectory.growing_end[1]
    is_u_turn = is_turning(first, last, 0.5 * first, momentum_sum - 0.5 * last)
    proposal = select_tree(accepts_subtree, subtree.proposal, tree.proposal)
    log_weight = jnp.logaddexp(tree.log_weight, subtree.log_weight)
    log_weight = jnp.where(merges, log_weight, tree.log_weight)
    depth = trajectory.depth + merges
    done = trajectory.done | trajectory.stopped | is_u_turn | (depth == len(trajectory.checkpoints))
    return trajectory._replace(
        growing_end=jnp.where(reverses, trajectory.other_end, trajectory.growing_end),
        other_end=jnp.where(reverses, trajectory.growing_end, trajectory.other_end),
        direction=jnp.where(reverses, -trajectory.direction, trajectory.direction),
        tree=Tree(proposal, log_weight, momentum_sum),
        depth=depth,
        subtree=_empty_tree(subtree.proposal),
        num_leaves=jnp.zeros_like(trajectory.num_leaves),
        stage_done=done,
        done=done,
    )


def is_turning(first: Array, last: Array, sum_to_first: Array, sum_to_last: Array) -> Array:
    """Return whether a sequence of leapfrog points makes a U-turn ``[]``.

    Args:
        first: White momentum at one end ``[dim]``.
        last: White momentum at the other end ``[dim]``.
        sum_to_first: Sum of momenta from any earlier point to the first, with half of the first.
        sum_to_last: Sum of momenta from the same point to the last, with half of the last.
    """
    momentum_sum = sum_to_last - sum_to_first
    return (jnp.sum(first * momentum_sum) <= 0.0) | (jnp.sum(last * momentum_sum) <= 0.0)


def finalize(state: ChainState, trajectory: TrajectoryState) -> tuple[ChainState, Draws]:
    """Return the draw of a finished trajectory."""
    _, unravel = ravel_pytree(state.position)
    (x, momentum, gradient), value = trajectory.tree.proposal
    state = ChainState(unravel(x), value, gradient, state.tuning)
    info = {
        "acceptance_rate": trajectory.acceptance_sum / trajectory.num_grads,
        "diverging": trajectory.diverging,
        "energy": 0.5 * momentum @ momentum - value,  # grouped so that all lanes of a vmap round it equally
        "n_steps": trajectory.num_grads,
        "tree_depth": trajectory.depth,
        **report(state, trajectory.num_grads),
    }
    return state, markov_draw(state, info, "num_log_densities", "step_size")


def _empty_tree(proposal: Proposal) -> Tree:
    """Return a tree without leaves; the proposal only gives the shapes."""
    zero = jnp.zeros_like(proposal.log_density)
    return Tree(proposal, zero - jnp.inf, jnp.zeros_like(proposal.point[0]))


def _stack(*vectors: Array) -> Array:
    """Stack vectors; under ``vmap`` XLA would compute ``jnp.stack`` twice, in two layouts."""
    return jnp.concatenate(vectors).reshape(len(vectors), -1)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make NUTS for a target that suits local moves."""
    return local_recipe(nuts, target, scale, 0.8)
