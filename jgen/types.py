"""Define the core types: every other part of jgen is a function between these.

A sampler is a pair of functions, ``init(key, position) -> state`` and ``step(key, state) -> (state, draws)``.

Conventions, everywhere: keys are typed (``jax.random.key``), logs are in nats, ``log_prob`` is
normalised and ``log_density`` is not, and an array line ends in its shape, e.g. ``# [chain, draw]``.
"""

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial, register_dataclass
from numpyro.distributions import Distribution
from scipy.special import stdtrit

from jgen._internal.displays import name_of, sizes_of, style_of

Array = jax.Array
Key = jax.Array
"""A typed key, ``jax.random.key(0)``; never a raw ``uint32`` pair."""
PyTree = Any
LogDensity = Callable[[PyTree], Array]
"""One position -> scalar, unnormalised, in nats. To depend on data, bind it: ``Partial(fn, data)``."""
LossAndAux = tuple[Array, Mapping[str, Array]]
Objective = Callable[[PyTree, PyTree, Key], LossAndAux]
"""``(params, batch, key) -> (loss, aux)``: the loss drives the gradient, ``aux`` holds per-example arrays."""
Conditional = Callable[[PyTree, PyTree], Any]
"""``(params, condition) -> distribution``, batch first: from ``[batch, ...]`` comes a NumPyro distribution of
``batch_shape [batch]``. It is never mapped by ``vmap``, which would leave a stale batch shape behind."""
Info = Mapping[str, Array]
"""What a draw cost and how it went, under ArviZ's names (``acceptance_rate``, ``diverging``, ...)."""


class DrawKind(enum.Enum):
    """Kind of draws that a sampler makes; it decides which diagnostics apply to them."""

    INDEPENDENT = "independent"
    """Exact draws, each of weight 1."""
    WEIGHTED = "weighted"
    """Independent draws, whose ``exp(log_weight)`` averages to the normaliser Z."""
    MARKOV = "markov"
    """A chain that leaves the target invariant; the normaliser is unknown."""
    BIASED = "biased"
    """A chain that leaves a distribution near the target invariant; the step size decides how near."""
    APPROXIMATE = "approximate"
    """Independent draws of something near the target, as a network's or a discretised diffusion's: no error
    bar includes the difference."""
    ENSEMBLE = "ensemble"
    """A population moved along a path of densities; each draw is one pass, with an unbiased weight."""


COUNTS = frozenset({"num_grads", "num_log_densities"})
"""Names of the counted costs in ``Draws.info``; constant for a kernel whose steps all cost the same."""


@register_dataclass
@dataclass(frozen=True)
class Draws:
    """Draws of a sampler: ``[*event]`` out of a step, ``[chain, draw, *event]`` out of a run.

    Attributes:
        value: The position, any pytree.
        info: Per-draw facts under ArviZ's names; always with ``num_grads`` and
            ``num_log_densities``, the counted cost of the draw.
        log_weight: Log-weight in nats; None where the normaliser is unknown (Markov chains).
        kind: How the draws relate to the target.
        constant: Names of the entries of ``info``, and ``log_weight``, that are the same in every draw of a
            run, warm-up excepted; a run stores them once.
    """

    value: PyTree
    info: Info
    log_weight: Array | None
    kind: DrawKind = field(metadata={"static": True})
    constant: frozenset[str] = field(default=frozenset(), metadata={"static": True})


class Sampler(NamedTuple):
    """Pair of functions that draw from a target, with their data bound; a pytree.

    Both are ``jax.tree_util.Partial`` of module-level functions, so that a sampler rebuilt with new
    data or new options of the same shapes runs through the programs already compiled.

    A state may be any pytree. Five field names have a meaning for the driver and for transforms, where a
    state has them: ``position`` (``cycle`` moves it), ``log_density`` and ``gradient`` (a start where they
    are not finite is refused), ``tuning`` (what an adaptation may change and a step may not: ``step_size``,
    ``inverse_mass_factor``), and ``persistent`` (kept by ``cycle`` when another kernel moves the position).

    Attributes:
        init: ``init(key, position | None) -> state``.
        step: ``step(key, state) -> (state, draws)``.
    """

    init: Partial
    step: Partial

    def __repr__(self) -> str:
        """Return two lines: the step's function, and the sizes of the data bound to it."""
        return f"Sampler({name_of(self.step)})\n  bound data: {sizes_of(self.step)}"


class Adaptation(NamedTuple):
    """Pair of functions that tune a sampler during warm-up, from the states and draws of all chains.

    Attributes:
        init: ``init(states) -> (state, states)``, with a leading chain axis on every leaf of ``states``.
        update: ``update(state, states, draws, index, num_warmup) -> (state, states)``, called
            after each warm-up step ``index = 0 .. num_warmup - 1``; the states it returns after
            the last one are the ones that sampling starts from, and nothing adapts after.
        target_acceptance: Mean acceptance rate that it aims at ``[]``, with which that of the draws is
            compared; None if it aims at none.
    """

    init: Partial
    update: Partial
    target_acceptance: Array | None = None


class Reducer(NamedTuple):
    """Triple of functions that summarise draws as they are made, for runs whose draws are not stored.

    Attributes:
        init: ``init(draws) -> state``, from the shapes of one step of all chains,
            ``[chain, *event]``.
        update: ``update(state, draws) -> state``.
        compute: ``compute(state) -> value``, any pytree.
    """

    init: Partial
    update: Partial
    compute: Partial


class LatentModel(NamedTuple):
    """Latent-variable model as a pytree of functions, each of which takes the parameters of the whole.

    Networks, densities and plain functions may stand for each of them.

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

    def __repr__(self) -> str:
        """Return two lines: the decoder and the encoder, then the sizes of the data bound to them."""
        encoder = "none" if self.encoder is None else name_of(self.encoder)
        return (
            f"LatentModel(decoder {name_of(self.decoder)}, encoder {encoder})\n  bound data: {sizes_of(self)}"
        )


class AdversarialModel(NamedTuple):
    """Model and critic trained against each other, with parameters ``{"model": ..., "critic": ...}``.

    The two keys are the labels by which ``optax.multi_transform`` gives each of the two its optimizer.

    Attributes:
        init: ``init(key) -> {"model": params of the model, "critic": params of the critic}``.
        model: The generative model; takes ``params["model"]``.
        critic: ``critic(params of the critic, value [batch, ...]) -> score [batch]``, higher for what looks
            real: a logit, or a potential of the Wasserstein distance.
    """

    init: Partial
    model: LatentModel
    critic: Partial


class TrainState(NamedTuple):
    """State of a training run: arrays only, so that it can be saved, sharded and vmapped.

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
    """Estimate with its 95 % interval and the protocol by which it was found.

    Attributes:
        value: The estimate (nats, unless the method says otherwise).
        low: Lower end of the 95 % interval; equal to ``value`` where the value is exact.
        high: Upper end of the 95 % interval.
        n: Sample size behind the estimate; 0 where it is a closed form.
        method: How it was found, in a few words.
        protocol: What must agree before two results may be compared.
        dof: Degrees of freedom of Student's t, by which the interval was made from the standard error;
            infinite if it was made from the normal distribution.
        pareto_k: Shape of the tail of the weights behind the estimate; None where it has none, or too few.
        flags: What is wrong with the estimate, one sentence each; empty where nothing is. An interval of a
            flagged estimate is NaN, or so wide that it covers. ``"beyond_resolution"``, before a sentence
            with the reason, is for a program to find: the metric cannot tell such samples apart.
        null: What a metric reads for two samples of one distribution, of these sizes and this dimension: the
            expected reading, between whose ends 95 % of readings lie (NaN where that is not known). None for
            estimates that compare nothing, or where it is not known.
        ceiling: Best value that the metric can read at these sizes; None where there is none.
    """

    value: Array
    low: Array
    high: Array
    n: int
    method: str
    protocol: Mapping[str, Any]
    dof: float = math.inf
    pareto_k: float | None = None
    flags: tuple[str, ...] = ()
    null: "Result | None" = None
    ceiling: float | None = None

    def __repr__(self) -> str:
        """Return value and interval, the sample size and the method, the null, then what is wrong.

        Example:
            >>> Result(-31.3114, -31.3512, -31.2716, 2000, "importance", {})
            -31.311 (95 % interval -31.351 to -31.272)
              n = 2000, importance
        """
        if jnp.ndim(self.value):
            return f"Result of shape {jnp.shape(self.value)}\n  n = {self.n}, {self.method}"
        value, low, high = map(float, self[:3])
        style = style_of(value, low, high)
        interval = "" if low == value == high else f" (95 % interval {low:{style}} to {high:{style}})"
        lines = [f"{value:{style}}{interval}", f"n = {self.n}, {self.method}"]
        if self.null is not None:
            lines.append(f"two samples of one distribution read {float(self.null.value):{style}}")
        return "\n  ".join((*lines, *self.flags))

    @property
    def standard_error(self) -> Array:
        r"""Standard error: interval over twice its quantile :math:`(high - low) / (2 t_{\nu, 0.975})`."""
        return (self.high - self.low) / (2 * float(stdtrit(self.dof, 0.975)))


class Metric(NamedTuple):
    """Metric as four functions of a state, so that batches, shards and processes are merged before the value.

    Samples are passed by name, ``real=`` and ``generated=`` (or what the metric names: ``probabilities=``),
    never by position. ``merge`` is associative, and ``merge(empty(), state)`` is ``state``. A state is a
    pytree of NumPy arrays.

    Attributes:
        empty: ``empty() -> state``.
        accumulate: ``accumulate(state, *, real=None, generated=None) -> state``, with rows of one side or of
            both ``[row, *event]``.
        merge: ``merge(state, state) -> state``, of two sets of rows.
        compute: ``compute(state) -> Result``, or a NamedTuple of Results.
        influence: ``influence(state) -> Influence``, or a NamedTuple of them as ``compute`` returns; None
            where only the jackknife gives it, or the state keeps no rows.
        larger_is_better: Whether a better model has the larger value.
    """

    empty: Partial
    accumulate: Partial
    merge: Partial
    compute: Partial
    influence: Partial | None = None
    larger_is_better: bool = False


class Influence(NamedTuple):
    r"""Influence of each row on a value: its variance is that of the mean of independent rows.

    .. math:: Var(value) \approx \sum_s Var_i(\phi_s(i)) / n_s \qquad \text{over the samples } s

    Attributes:
        value: The value itself.
        by_sample: Name of a sample (``"real"``, ``"generated"``) -> influence of each of its rows ``[row]``,
            or of each of its groups by the jackknife, in the rows' order.
    """

    value: float
    by_sample: Mapping[str, Any]


class Trait(enum.Enum):
    """Property that makes a target hard or easy; a sampler's recipe accepts or declines a target by it."""

    MULTIMODAL = "modes far enough apart that a local kernel does not cross"
    HEAVY_TAILED = "no variance, or a tail heavier than any exponential"
    STIFF = "curvature that changes by orders of magnitude over the typical set"
    DISCRETE = "no gradient"
    LOG_CONCAVE = "on the line, below each of its tangents on a log scale"


@register_dataclass
@dataclass(frozen=True)
class Target:
    """Density with known moments. ``[dim]`` below is the length of the ravelled position.

    Attributes:
        log_density: Position -> unnormalised log density, in nats; a ``Partial``.
        start: A position of positive density; it also fixes shapes and dtypes.
        sample: ``sample(key)`` -> one exact draw; None where there is no exact sampler.
        mean: E x ``[dim]``; None where it does not exist or is not known.
        variance: Var x ``[dim]``; None where it does not exist or is not known.
        log_evidence: log Z, in nats; None where it is not known.
        expectations: Other known expectations, ``name -> (function of one position, exact value)``.
        proposal: A NumPyro distribution with tails at least as heavy as the target's; None if there is none.
        log_bound: A bound on ``log_density - proposal.log_prob``, the least one unless the factory
            says otherwise; None where none is known. In floating point a ratio may exceed it by
            rounding, a few units in the last place of ``log_density``.
        conditionals: The distribution as a directed model, name -> function of its parents' values to a
            distribution; None where it is not written as one.
        name: The name of the function that makes it.
        traits: What makes it hard.
        source: Source of the exact values.
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

    def __repr__(self) -> str:
        """Return two lines: name, size and log Z, then what is known of the density."""
        size = sum(map(jnp.size, jax.tree.leaves(self.start)))
        log_z = "unknown" if self.log_evidence is None else f"{float(self.log_evidence):.6g}"
        fields = ("sample", "mean", "variance", "proposal", "log_bound", "conditionals")
        known = ", ".join(name for name in fields if getattr(self, name) is not None) or "nothing more"
        traits = ", ".join(sorted(trait.name.lower() for trait in self.traits))
        known += f"; traits: {traits}" if traits else ""
        return f"Target({self.name}, {size} numbers, log Z {log_z})\n  known: {known}"
