"""Sample by importance sampling from a Student t mixture that is fitted to the target."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.special import gammaln, logsumexp
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial, bind_static
from jgen._internal.trees import select_tree
from jgen._internal.validation import check_count, check_positive
from jgen.samplers.accept import evaluations
from jgen.samplers.annealing_path import log_increment
from jgen.samplers.input_checks import check_proposal, static_counts
from jgen.samplers.mixture_proposal import balance_heuristic
from jgen.samplers.recipe import Recipe, recipe_from
from jgen.samplers.state import flatten_particles, stateless
from jgen.samplers.tempering_schedule import adaptive_schedule
from jgen.types import COUNTS, Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler, Target


def adaptive_importance(
    log_density: LogDensity,
    proposal: Distribution,
    *,
    num_particles: int,
    num_pilots: int | None = None,
    num_rounds: int | Array = 10,
    num_components: int = 1,
    dof: float | Array = 5.0,
) -> Sampler:
    r"""Fit a mixture of Student t distributions to weighted pilot draws, and draw particles from it.

    One step is a whole run. In each round pilots are drawn, a quarter from the proposal :math:`q_0`, the rest
    from the fit so far, and weighted by the mixture of both; then the fit takes one step of weighted EM,

    .. math:: \alpha_k = \sum_i s_i \rho_{ik}, \quad
        \mu_k = \frac{\sum_i s_i \rho_{ik} \gamma_{ik} x_i}{\sum_i s_i \rho_{ik} \gamma_{ik}}, \quad
        \Sigma_k = \frac{1}{\alpha_k} \sum_i s_i \rho_{ik} \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top, \quad
        \gamma_{ik} = \frac{\nu + d}{\nu + |x_i - \mu_k|^2_{\Sigma_k}},

    with :math:`\rho_{ik}` the responsibility of component k for :math:`x_i`. The weights are
    :math:`s_i \propto w_i^\beta`, beta at most 1 and so small that their ESS is a fifth of the pilots or
    more: a poor first fit does not collapse onto the one pilot of largest weight. The last fit is q. The
    particles are independent of the pilots, a quarter from :math:`q_0` and the rest from q, and weighted by
    the mixture of both. As q does not depend on them, for any numbers of particles and pilots,

    .. math:: E\bigl[\tfrac1N \textstyle\sum_i w_i h(x_i)\bigr] = Z \, E_p[h],

    and no weight exceeds four times the weight with proposal :math:`q_0` alone.

    Args:
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        proposal: q_0, positive wherever the target is; over real numbers, without batch axes.
        num_particles: N, 4 or more. Structural: another number compiles another program.
        num_pilots: Number of pilots in every round, 4 or more; by default N. Structural.
        num_rounds: Number of steps of the fit.
        num_components: Number of components of the mixture. Structural.
        dof: Degrees of freedom nu of a component; fewer are heavier tails.

    Returns:
        An ensemble sampler, whose draws have a particle axis; it needs no starting position. Its info has
        ``flattened``, the last beta: below 1, more pilots or rounds are needed. A NaN or +inf log density
        gets weight zero and is flagged as ``invalid``.

    Raises:
        ValueError: If the proposal is batched, or an option is not positive or too small.
        TypeError: If the log density of one draw is not a scalar, or draws are not of real numbers.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
        >>> from jgen.diagnostics import log_evidence
        >>> def log_density(x):  # much narrower than the proposal; Z = 2 pi / 100, log Z = -2.767
        ...     return -0.5 * jnp.sum(((x - 3.0) / 0.1) ** 2)
        >>> proposal = dist.Normal(jnp.zeros(2), 5.0).to_event(1)
        >>> sampler = adaptive_importance(log_density, proposal, num_particles=100, num_rounds=20)
        >>> run = sample(jax.random.key(0), sampler, num_chains=16, num_draws=2)
        >>> result = log_evidence(run.draws)
        >>> bool(abs(result.value + 2.767) < result.high - result.low), bool(result.high - result.low < 0.1)
        (True, True)

    Reference:
        Cappe, Douc, Guillin, Marin and Robert (2008), "Adaptive importance sampling in general mixture
        classes", Statistics and Computing 18(4); Bugallo et al. (2017), "Adaptive importance sampling: the
        past, the present, and the future", IEEE Signal Processing Magazine 34(4); Hesterberg (1995),
        "Weighted average importance sampling and defensive mixture distributions", Technometrics 37(2).
    """
    check_proposal(log_density, proposal)
    for leaf in jax.tree.leaves(jax.eval_shape(proposal.sample, jax.random.key(0))):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise TypeError(
                f"adaptive_importance fits distributions of real numbers; this proposal draws {leaf.dtype}"
            )
    num_pilots = num_particles if num_pilots is None else num_pilots
    sizes = static_counts(num_components=num_components)
    sizes |= static_counts(4, num_particles=num_particles, num_pilots=num_pilots)
    num_rounds, dof = check_count("num_rounds", num_rounds), check_positive("dof", dof)
    step = bind_static(adaptive_importance_step, **sizes)
    return stateless(step, as_partial(log_density), proposal, num_rounds, dof)


class StudentMixture(NamedTuple):
    """Mixture of Student t distributions over positions.

    The inverse is stored, so that no draw solves a linear system: on CPU, XLA (0.10) may deadlock on many
    small ones at once.

    Attributes:
        log_weight: ``[component]``.
        location: ``[component, dim]``.
        factor: Lower triangular, of the scale matrices ``[component, dim, dim]``.
        inverse: Of the factor ``[component, dim, dim]``.
        dof: ``[]``.
        like: A position, for the structure of draws.
    """

    log_weight: Array
    location: Array
    factor: Array
    inverse: Array
    dof: Array
    like: PyTree

    def sample(self, key: Key) -> PyTree:
        """Draw a position."""
        component_key, normal_key, scale_key = jax.random.split(key, 3)
        component = jax.random.categorical(component_key, self.log_weight)
        normal = jax.random.normal(normal_key, self.location.shape[1:], self.location.dtype)
        scale = jnp.sqrt(self.dof / (2 * jax.random.gamma(scale_key, self.dof / 2)))
        flat = self.location[component] + scale * (self.factor[component] @ normal)
        return ravel_pytree(self.like)[1](flat)

    def distance(self, x: Array) -> Array:
        """Return the squared Mahalanobis distance of a vector from each location ``[component]``."""
        return jnp.sum(jnp.einsum("kij,kj->ki", self.inverse, x[None] - self.location) ** 2, axis=1)

    def log_joint(self, x: Array) -> Array:
        """Return the joint log density of a vector and each component ``[component]``."""
        nu, dim = self.dof, x.size
        log_scale = jnp.log(jnp.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        constant = gammaln((nu + dim) / 2) - gammaln(nu / 2) - dim / 2 * jnp.log(jnp.pi * nu)
        tail = -(nu + dim) / 2 * jnp.log1p(self.distance(x) / nu)
        return self.log_weight + constant - log_scale + tail

    def log_prob(self, value: PyTree) -> Array:
        """Return the log density of a position ``[]``."""
        return logsumexp(self.log_joint(ravel_pytree(value)[0]))

    def precision(self, x: Array) -> Array:
        """Return the expected precision of a vector in each component, gamma above ``[component]``."""
        return (self.dof + x.size) / (self.dof + self.distance(x))


def adaptive_importance_step(
    log_density: LogDensity,
    proposal: Distribution,
    num_rounds: Array,
    dof: Array,
    key: Key,
    state: tuple[()],
    *,
    num_particles: int,
    num_pilots: int,
    num_components: int,
) -> tuple[tuple[()], Draws]:
    """Run all rounds of pilots, then draw the particles."""
    start_key, pilot_key, particle_key = jax.random.split(key, 3)

    def draw(fit: StudentMixture, key: Key, size: int) -> tuple[PyTree, Array, Array]:
        of_proposal = size // 4
        return balance_heuristic(log_density, (proposal, fit), (of_proposal, size - of_proposal), key)

    def pilot_round(
        index: Array, carry: tuple[StudentMixture, Array, Array]
    ) -> tuple[StudentMixture, Array, Array]:
        fit, _, was_invalid = carry
        value, log_weight, invalid = draw(fit, jax.random.fold_in(pilot_key, index), num_pilots)
        start = jnp.zeros(())
        beta = adaptive_schedule(jnp.array(0.2), index, start, jnp.zeros_like(log_weight), log_weight)
        log_weight = log_increment(beta, log_weight)
        fit = jax.lax.cond(log_weight.max() > -jnp.inf, em_step, lambda fit, *_: fit, fit, value, log_weight)
        return fit, beta, was_invalid | invalid

    start = first_fit(proposal, dof, start_key, num_pilots, num_components)
    carry = start, jnp.zeros(()), jnp.array(False)
    fit, beta, invalid = jax.lax.fori_loop(0, num_rounds, pilot_round, carry)
    value, log_weight, last_invalid = draw(fit, particle_key, num_particles)
    cost = evaluations(num_log_densities=num_particles + num_rounds * num_pilots)
    info = {"flattened": beta, "invalid": invalid | last_invalid, **cost}
    return state, Draws(value, info, log_weight, DrawKind.ENSEMBLE, COUNTS)


def first_fit(
    proposal: Distribution, dof: Array, key: Key, num_pilots: int, num_components: int
) -> StudentMixture:
    """Make a mixture with locations drawn from the proposal and the scale of the proposal."""
    draws = jax.vmap(proposal.sample)(jax.random.split(key, num_pilots + num_components))
    x = flatten_particles(draws)  # [pilot, dim]
    factor = scale_factor(x - x.mean(axis=0)[None], jnp.full(len(x), 1 / len(x)))
    factor = jnp.broadcast_to(factor[None], (num_components, *factor.shape))
    log_weight = jnp.full(num_components, -jnp.log(num_components))
    like = jax.tree.map(lambda leaf: leaf[0], draws)
    return StudentMixture(log_weight, x[:num_components], factor, invert(factor), dof, like)


def em_step(fit: StudentMixture, value: PyTree, log_weight: Array) -> StudentMixture:
    """Make one step of EM from weighted draws ``[pilot]``; every component keeps some weight."""
    x = flatten_particles(value)  # [pilot, dim]
    weight = jax.nn.softmax(log_weight)  # [pilot]
    share = weight[:, None] * jax.nn.softmax(jax.vmap(fit.log_joint)(x), axis=1)  # [pilot, component]

    def component(share: Array, precision: Array) -> tuple[Array, Array]:
        location = (share * precision) @ x / (share @ precision)
        return location, scale_factor(x - location[None], share * precision / share.sum())

    location, factor = jax.vmap(component, (1, 1))(share, jax.vmap(fit.precision)(x))
    mass = share.sum(axis=0)  # [component]
    inverse = invert(factor)
    usable = jnp.isfinite(inverse).all(axis=(1, 2)) & jnp.isfinite(location).all(axis=1) & (mass > 0)
    moved = select_tree(usable, (location, factor, inverse), (fit.location, fit.factor, fit.inverse))
    return StudentMixture(jnp.log((mass + 0.01 / mass.size) / 1.01), *moved, fit.dof, fit.like)


def invert(factor: Array) -> Array:
    """Invert lower triangular matrices ``[component, dim, dim]``."""
    identity = jnp.broadcast_to(jnp.eye(factor.shape[-1])[None], factor.shape)
    return jax.scipy.linalg.solve_triangular(factor, identity, lower=True)


def scale_factor(offset: Array, weight: Array) -> Array:
    """Return the factor of the weighted scatter ``[pilot, dim]``, correlations shrunk by n / (n + dim).

    n is the effective number of draws; the matrix is invertible, however few they are.
    """
    dim = offset.shape[1]
    effective = weight.sum() ** 2 / jnp.sum(weight**2)
    sd = jnp.sqrt(weight @ offset**2)  # [dim]
    white = offset / sd[None]
    shrinkage = effective / (effective + dim)
    correlation = shrinkage * jnp.einsum("n,ni,nj->ij", weight, white, white) + (1 - shrinkage) * jnp.eye(dim)
    return sd[:, None] * jnp.linalg.cholesky(correlation)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler for real-valued targets: eight particles, three rounds of sixteen pilots."""
    del scale
    types = [jnp.result_type(leaf) for leaf in jax.tree.leaves(target.start)]
    if not all(jnp.issubdtype(dtype, jnp.floating) for dtype in types):
        return None
    make = partial(adaptive_importance, num_particles=8, num_pilots=16, num_rounds=3)
    return recipe_from(make, target.log_density, target.proposal)
