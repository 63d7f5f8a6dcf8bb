"""The core types. No logic lives here; everything else in jgen is a function between these.

The sentence that rules the house: ``step(key, state) -> (state, draws)``.

Conventions, everywhere: keys are typed (``jax.random.key``), logs are in nats, ``log_prob`` is
normalised and ``log_density`` is not, and an array line ends in its shape, e.g. ``# [chain, draw]``.
"""

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
from jax.tree_util import Partial, register_dataclass
from numpyro.distributions import Distribution
from scipy.special import stdtrit

Array = jax.Array
Key = jax.Array
"""A typed key, ``jax.random.key(0)``; never a raw ``uint32`` pair."""
PyTree = Any
LogDensity = Callable[[PyTree], Array]
"""One position -> scalar, unnormalised, in nats. To depend on data, bind it: ``Partial(fn, data)``."""
Objective = Callable[[PyTree, PyTree, Key], tuple[Array, Mapping[str, Array]]]
"""``(params, batch, key) -> (loss, aux)``: the loss drives the gradient, ``aux`` holds per-example arrays."""
Conditional = Callable[[PyTree, PyTree], Any]
"""``(params, condition) -> distribution``, batch first: from ``[batch, ...]`` comes a NumPyro distribution of
``batch_shape [batch]``. It is never mapped by ``vmap``, which would leave a stale batch shape behind."""
Info = Mapping[str, Array]
"""What a draw cost and how it went, under ArviZ's names (``acceptance_rate``, ``diverging``, ...)."""


class DrawKind(enum.Enum):
    """What kind of draws a sampler makes; it decides which diagnostics tell the truth about them."""

    INDEPENDENT = "independent"
    """Exact draws, each of weight 1."""
    WEIGHTED = "weighted"
    """Independent draws, whose ``exp(log_weight)`` averages to the normaliser Z."""
    MARKOV = "markov"
    """A chain that leaves the target invariant; the normaliser is unknown."""
    BIASED = "biased"
    """A chain that leaves only something near the target invariant: how near, its step size decides."""
    ENSEMBLE = "ensemble"
    """A population carried along a path; each draw is one pass, with an unbiased weight."""


@register_dataclass
@dataclass(frozen=True)
class Draws:
    """What a step hands back: ``[*event]`` out of a step, ``[chain, draw, *event]`` out of a run.

    Attributes:
        value: The position, any pytree.
        info: Per-draw facts under ArviZ's names; always with ``num_grads`` and
            ``num_log_densities``, the counted cost of the draw.
        log_weight: Log-weight in nats; None where the normaliser is unknown (Markov chains).
        kind: How the draws relate to the target.
    """

    value: PyTree
    info: Info
    log_weight: Array | None
    kind: DrawKind = field(metadata={"static": True})


class Sampler(NamedTuple):
    """A sampler is a pytree of two functions with their data bound.

    Both are ``jax.tree_util.Partial`` of module-level functions, so that a sampler rebuilt with new
    data or new options of the same shapes runs through the programs already compiled.

    A state may be any pytree. Five field names mean something to others, if it has them: ``position``
    (``cycle`` moves it), ``log_density`` and ``gradient`` (a start where they are not finite is refused),
    ``tuning`` (what an adaptation may change and a step may not: ``step_size``, ``inverse_mass_factor``), and
    ``persistent`` (what lasts from draw to draw whatever the position: ``cycle`` keeps it).

    Attributes:
        init: ``init(key, position | None) -> state``.
        step: ``step(key, state) -> (state, draws)``.
    """

    init: Partial
    step: Partial


class Adaptation(NamedTuple):
    """Learning during warm-up, as a value given to the driver; it sees the whole population.

    Attributes:
        init: ``init(states) -> memory``, with a leading chain axis on every leaf of ``states``.
        update: ``update(memory, states, draws, index, num_warmup) -> (memory, states)``, called
            after each warm-up step ``index = 0 .. num_warmup - 1``; the states it returns after
            the last one are the ones that sampling starts from, and nothing adapts after.
    """

    init: Partial
    update: Partial


class Reducer(NamedTuple):
    """A fold over draws, for runs whose draws are not stored.

    Attributes:
        init: ``init(draws) -> memory``, from the shapes of one step of the population,
            ``[chain, *event]``.
        update: ``update(memory, draws) -> memory``.
        compute: ``compute(memory) -> value``, any pytree.
    """

    init: Partial
    update: Partial
    compute: Partial


class LatentModel(NamedTuple):
    """A latent-variable model as a pytree of functions; all of them take the parameters of the whole.

    Networks, densities and bare functions enter alike: nothing here knows what computes them.

    Attributes:
        init: ``init(key) -> params``.
        prior: ``prior(params) -> p(z)``, a distribution without batch axes.
        decoder: ``decoder(params, z [batch, *latent]) -> p(x | z)``, a ``Conditional``.
        encoder: ``encoder(params, x [batch, *event]) -> q(z | x)``, a ``Conditional``; None where the model
            has none.
    """

    init: Partial
    prior: Partial
    decoder: Partial
    encoder: Partial | None


class AdversarialModel(NamedTuple):
    """A model and the critic it plays against, with parameters ``{"model": ..., "critic": ...}``.

    The two keys are the labels by which ``optax.multi_transform`` gives each player its optimizer.

    Attributes:
        init: ``init(key) -> {"model": params of the model, "critic": params of the critic}``.
        model: The player that makes; takes ``params["model"]``.
        critic: ``critic(params of the critic, value [batch, ...]) -> score [batch]``, higher for what looks
            real: a logit, or a potential where the game is Wasserstein's.
    """

    init: Partial
    model: LatentModel
    critic: Partial


class TrainState(NamedTuple):
    """What training carries: arrays only, so that it is saved, sharded and vmapped as it stands.

    Attributes:
        step: Updates made so far; the randomness of the next one is ``fold_in(key, step)``.
        params: The model's parameters.
        opt_state: The optimizer's state.
        key: The key the whole run is drawn from; it never changes.
    """

    step: Array
    params: PyTree
    opt_state: PyTree
    key: Key


NORMAL_95 = 1.959963984540054


class Result(NamedTuple):
    """An evaluation with its error and its recipe; no evaluation in jgen returns a bare float.

    Attributes:
        value: The estimate (nats, unless the method says otherwise).
        low: Lower end of the 95 % interval; equal to ``value`` where the value is exact.
        high: Upper end of the 95 % interval.
        n: Sample size behind the estimate; 0 where it is a closed form.
        method: How it was found, in a few words.
        protocol: What must agree before two results may be compared.
        dof: Degrees of freedom of Student's t, by which the interval was made from the standard error;
            infinite where it was made by the normal law.
    """

    value: Array
    low: Array
    high: Array
    n: int
    method: str
    protocol: Mapping[str, Any]
    dof: float = math.inf

    @property
    def standard_error(self) -> Array:
        r"""Half the interval in units of its quantile, :math:`(high - low) / (2 \, t_{\nu, 0.975})`."""
        return (self.high - self.low) / (2 * float(stdtrit(self.dof, 0.975)))


class Trait(enum.Enum):
    """What makes a target hard, or easy; a sampler takes or declines it by its traits, never by its name."""

    MULTIMODAL = "modes far enough apart that a local kernel does not cross"
    HEAVY_TAILED = "no variance, or a tail heavier than any exponential"
    STIFF = "curvature that changes by orders of magnitude over the typical set"
    DISCRETE = "no gradient"
    LOG_CONCAVE = "on the line, below each of its tangents on a log scale"


@register_dataclass
@dataclass(frozen=True)
class Target:
    """A density with known answers. ``[dim]`` below is the length of the ravelled position.

    Attributes:
        log_density: Position -> unnormalised log density, in nats; a ``Partial``.
        start: A position of positive density; it also fixes shapes and dtypes.
        sample: ``sample(key)`` -> one exact draw; None where there is no exact sampler.
        mean: E x ``[dim]``; None where it does not exist or is not known.
        variance: Var x ``[dim]``; None where it does not exist or is not known.
        log_evidence: log Z, in nats; None where it is not known.
        expectations: Other known answers, ``name -> (function of one position, truth)``.
        proposal: A NumPyro distribution whose tails cover the target; None where there is none.
        log_bound: A bound on ``log_density - proposal.log_prob``, the least one unless the factory
            says otherwise; None where none is known. In floating point a ratio may pass it by
            rounding, a few units in the last place of ``log_density``.
        conditionals: The same law as a directed model, name -> function of its parents' values to a
            distribution; None where it is not written as one.
        name: The name of the function that makes it.
        traits: What makes it hard.
        source: Where the truth comes from.
    """

    log_density: Partial
    start: PyTree
    sample: Partial | None = None
    mean: Array | None = None
    variance: Array | None = None
    log_evidence: Array | float | None = None
    expectations: Mapping[str, tuple[Partial, Any]] = field(default_factory=dict)
    proposal: Distribution | None = None
    log_bound: Array | float | None = None
    conditionals: Mapping[str, Partial] | None = None
    name: str = field(default="", metadata={"static": True})
    traits: frozenset[Trait] = field(default=frozenset(), metadata={"static": True})
    source: str = field(default="", metadata={"static": True})
