"""Summarise the draws of a run: their kind selects the diagnostics."""

import io
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from jgen import diagnostics
from jgen._internal.own_precision import in_own_precision
from jgen.diagnostics import weights
from jgen.diagnostics.weights.self_normalised import weighted_moments
from jgen.types import COUNTS, Array, DrawKind, Draws, Result

Columns = dict[str, np.ndarray]
FORMATS = {"ess_bulk": ".0f", "ess_tail": ".0f", "kish_ess": ".1f", "rhat": ".3f"}


class Summary(NamedTuple):
    """Result of ``summary``; ``print`` it.

    Attributes:
        kind: How the draws relate to the target.
        table: Column -> a number for each coordinate ``[coordinate]``.
        names: Name of each coordinate, such as ``x[0]`` or ``theta[3]``.
        totals: Facts about the whole run: draws, counted cost (exact Python integers), non-finite draws,
            and those of the kind of draws, such as ``log_evidence``, a ``Result``.
    """

    kind: DrawKind
    table: Columns
    names: list[str]
    totals: dict[str, Any]

    def __rich__(self):
        """Return two tables for ``rich``: the coordinates, and the totals."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Group
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD)
        table.add_column(f"{self.kind.value} draws")
        for column in self.table:
            table.add_column(column, justify="right")
        for index, name in enumerate(self.names):
            table.add_row(name, *(_format(column, self.table[column][index]) for column in self.table))
        totals = Table(box=None, show_header=False)
        for name, value in self.totals.items():
            totals.add_row(name, _format(name, value))
        return Group(table, totals)

    def __str__(self) -> str:
        """Return the same tables in plain text."""
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=110, color_system=None).print(self.__rich__())
        return "\n".join(line.rstrip() for line in text.getvalue().strip("\n").splitlines())


def _format(name: str, value: Any) -> str:
    """Format an entry: a result with its interval, an array by its smallest value, a count in full."""
    if isinstance(value, Result):
        interval = f"{float(value.value):.4f} [{float(value.low):.4f}, {float(value.high):.4f}]"
        return "; ".join((interval, *value.flags))
    if isinstance(value, int | np.integer | str):
        return str(value)
    return f"{float(np.min(value)):{FORMATS.get(name, '.4g')}}"


def _coordinates(draws: Draws, num_axes: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each scalar quantity of the draws with its name, ``[*run]``, on the host."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(jax.device_get(draws.value)):
        root = jax.tree_util.keystr(path, simple=True, separator=".") or "x"
        event = np.shape(leaf)[num_axes:]
        flat = np.reshape(leaf, (*np.shape(leaf)[:num_axes], -1))  # [*run, coordinate]
        for index in np.ndindex(event):
            name = f"{root}[{', '.join(map(str, index))}]" if event else root
            yield name, flat[..., np.ravel_multi_index(index, event) if event else 0]


def _validate(draws: Draws) -> tuple[int, ...]:
    """Return the numbers of chains, draws and particles, after checking that all leaves share them."""
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(draws.value)]
    size = 3 if draws.kind is DrawKind.ENSEMBLE else 2  # the axes before those of the event
    runs = {shape[:size] for shape in shapes}
    if len(runs) != 1 or len(next(iter(runs))) < size:
        raise ValueError(
            f"summary takes the draws of a run, [chain, draw, *event] at every leaf; got shapes {shapes}. "
            "Give one chain a leading axis of length one."
        )
    run = runs.pop()
    if 0 in run:
        raise ValueError(f"summary takes one draw or more of one chain or more; got shapes {shapes}")
    if draws.log_weight is not None and np.shape(draws.log_weight) != run:
        raise ValueError(f"summary takes a log-weight of each draw, {run}; got {np.shape(draws.log_weight)}")
    return run


def _mean_and_sd(column: np.ndarray) -> tuple[float, float]:
    """Compute mean and sd of all draws, summed in float64."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = column.astype(np.float64) - np.float64(column.flat[0])  # equal draws have an sd of 0
        sd = apart.std(ddof=1) if column.size > 1 else np.nan
        return column.mean(dtype=np.float64), sd


def _log_weight(draws: Draws) -> Array:
    """Return log-weights whose mean estimates Z ``[chain, draw]``, for all estimates of Z."""
    inexact = DrawKind.MARKOV, DrawKind.BIASED, DrawKind.APPROXIMATE
    if draws.kind in inexact or draws.log_weight is None:
        raise ValueError(
            f"the normaliser is unknown from {draws.kind.value} draws without log-weights: a kernel that "
            "leaves the target invariant does not use it. Use importance or rejection to estimate log Z."
        )
    if draws.kind is DrawKind.ENSEMBLE:
        return weights.population_log_weight(draws.log_weight)
    return draws.log_weight


def _independent(column: np.ndarray, _: Draws) -> dict[str, Any]:
    mean, sd = _mean_and_sd(column)
    return {"mean": mean, "sd": sd, "mcse": sd / np.sqrt(column.size)}


def _weighted(column: np.ndarray, draws: Draws) -> dict[str, Any]:
    mean, sd, error = weighted_moments(column.ravel(), np.ravel(_log_weight(draws)))
    return {"mean": mean, "sd": sd, "mcse": error}


def _ensemble(column: np.ndarray, draws: Draws) -> dict[str, Any]:
    """Compute mean and sd of all particles, and the error between populations."""
    particles = np.asarray(draws.log_weight)  # [chain, draw, particle]
    mean, sd, _ = weighted_moments(column.ravel(), particles.ravel())
    populations = weights.population_mean(column, particles)  # [chain, draw]
    error = weights.self_normalised_mean(np.ravel(populations), np.ravel(_log_weight(draws)))[1]
    return {"mean": mean, "sd": sd, "mcse": error}


LARGEST_RHAT, FEWEST_EFFECTIVE, FEWEST_REJECTED = 1.01, 100, 10


def has_not_mixed(rhat: Any, ess_bulk: Any, num_chains: int) -> Any:
    """Return whether chains have not mixed: R-hat above 1.01, or a bulk ESS below 100 a chain.

    Args:
        rhat: Any shape.
        ess_bulk: The same.
        num_chains: Number of chains.

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2), for both limits.
    """
    return (rhat > LARGEST_RHAT) | (ess_bulk < FEWEST_EFFECTIVE * num_chains)


CHAIN_DIAGNOSTICS = (diagnostics.mcse_mean, diagnostics.ess_bulk, diagnostics.ess_tail, diagnostics.rhat)


@jax.jit
def _chain_diagnostics(draws: Array) -> list[Array]:
    """Compute all diagnostics in one program, which ranks and sorts once."""
    return [diagnostic(draws) for diagnostic in CHAIN_DIAGNOSTICS]


def _markov(column: np.ndarray, _: Draws) -> dict[str, Any]:
    mean, sd = _mean_and_sd(column)
    found = zip(CHAIN_DIAGNOSTICS, in_own_precision(_chain_diagnostics, column), strict=True)
    return {"mean": mean, "sd": sd} | {diagnostic.__name__: value for diagnostic, value in found}


def _weighted_totals(draws: Draws) -> dict[str, Any]:
    log_weight = np.ravel(_log_weight(draws))  # [n]
    return {
        "log_evidence": log_evidence(draws),
        "kish_ess": float(weights.kish_ess(log_weight)),
        "pareto_k": float(weights.pareto_k(log_weight)),
    }


def _ensemble_totals(draws: Draws) -> dict[str, Any]:
    path = {"least_ess": draws.info["least_ess"]} if "least_ess" in draws.info else {}
    return {"num_particles": _validate(draws)[2], **path, **_weighted_totals(draws)}


def _markov_totals(draws: Draws) -> dict[str, Any]:
    energy = draws.info.get("energy")
    return {} if energy is None else {"bfmi": np.asarray(diagnostics.bfmi(energy))}  # [chain]


# The diagnostics of each kind of draws: of one coordinate, and of the whole run.
DIAGNOSTICS: Mapping[DrawKind, tuple[Callable[..., dict[str, Any]], Callable[[Draws], dict[str, Any]]]] = {
    DrawKind.INDEPENDENT: (_independent, lambda _: {}),
    DrawKind.APPROXIMATE: (_independent, lambda _: {"errors": "do not include the bias"}),
    DrawKind.WEIGHTED: (_weighted, _weighted_totals),
    DrawKind.MARKOV: (_markov, _markov_totals),
    DrawKind.BIASED: (_markov, _markov_totals),
    DrawKind.ENSEMBLE: (_ensemble, _ensemble_totals),
}


REMEDIES = {
    "num_unmixed": "coordinates of R-hat above 1.01 or bulk ESS below 100 a chain: their errors may be too "
    "small; run longer, from starts farther apart",
    "num_diverging": "draws miss a part of the target: warm up to a higher acceptance, such as "
    "window(0.95), or reparametrise",
    "num_outside_support": "no draws of this distribution: draw in float64, or by another sampler",
}
"""What to do where a flag in ``info`` was raised."""


def _info_totals(info: Mapping[str, Array]) -> dict[str, Any]:
    """Sum counts and flags, in Python integers, which do not overflow; average rates."""
    facts = {name: np.asarray(value) for name, value in info.items()}
    counts = {f"num_{name}": value for name, value in facts.items() if value.dtype == bool}
    counts |= {name: facts[name] for name in COUNTS if name in facts}
    totals: dict[str, Any] = {name: int(counts[name].sum(dtype=np.int64)) for name in sorted(counts)}
    if "acceptance_rate" in facts:
        totals["acceptance_rate"] = float(facts["acceptance_rate"].mean(dtype=np.float64))
    return totals


def summary(draws: Draws) -> Summary:
    """Compute means with their standard errors, and convergence diagnostics, of the draws of a run.

    The kind of the draws determines the diagnostics:

    - independent: sd / sqrt(n);
    - approximate: the same, with a note that no error includes the distance from the target;
    - weighted: self-normalised means with their delta-method error, log Z with its interval, Kish's ESS and
      the Pareto k of the weights;
    - ensemble: the same, of populations, each with the mean weight of its particles: only populations are
      independent, and one alone has no error (NaN). The least ESS along the path, over the particles;
    - Markov: MCSE, bulk and tail ESS, rank-normalised R-hat per coordinate; E-BFMI per chain where
      ``info`` has the energy. No log Z: it is unknown. ``num_unmixed`` counts the coordinates whose errors
      may be too small (R-hat above 1.01, bulk ESS below 100 a chain), where there are any;
    - biased: the same. The errors are Monte Carlo errors; they do not include the bias of the step size.

    For every kind it counts gradients and log densities (of the draws, without warm-up), each flag in
    ``info``, such as ``diverging``, with a remedy for some, and draws that are not finite. A coordinate that
    cannot be diagnosed shows NaN, the others their numbers.

    Args:
        draws: ``[chain, draw, *event]`` at every leaf, ``[chain, draw, particle, *event]`` for an ensemble,
            on the host or the device.

    Returns:
        A ``Summary``; ``print`` it, or read ``table["rhat"]`` and ``totals["log_evidence"]``.

    Raises:
        ValueError: If the leaves do not share ``[chain, draw]``, there is no draw, or weighted draws do not
            have one weight each.

    Example:
        >>> import jax
        >>> from jgen.types import Draws, DrawKind
        >>> draws = Draws(jax.random.normal(jax.random.key(0), (4, 500, 2)), {}, None, DrawKind.MARKOV)
        >>> result = summary(draws)
        >>> result.names, bool((result.table["rhat"] < 1.02).all())
        (['x[0]', 'x[1]'], True)

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2); Owen (2013), Monte Carlo theory, chapter 9.
    """
    run = _validate(draws)
    diagnose, add_totals = DIAGNOSTICS[draws.kind]
    totals = {"num_chains": run[0], "num_draws": run[1], **_info_totals(draws.info), **add_totals(draws)}
    names: list[str] = []
    rows: list[dict[str, Any]] = []
    non_finite = np.zeros(run, bool)
    for name, column in _coordinates(draws, len(run)):
        bad = ~np.isfinite(column)  # [*run]
        non_finite |= bad
        names.append(name)
        rows.append({**diagnose(column, draws), "non_finite": bad.sum()})
    table = {column: np.asarray([row[column] for row in rows]) for column in rows[0]} if rows else {}
    if "rhat" in table and (unmixed := has_not_mixed(table["rhat"], table["ess_bulk"], run[0])).any():
        totals["num_unmixed"] = int(unmixed.sum())
    totals |= {f"remedy for {name}": REMEDIES[name] for name in REMEDIES if totals.get(name)}
    return Summary(draws.kind, table, names, {**totals, "num_non_finite": int(non_finite.sum())})


def log_evidence(draws: Draws) -> Result:
    """Estimate log Z of the target, in nats, with its 95 % interval.

    Args:
        draws: Independent or weighted draws, or passes of an ensemble, with their log-weights.

    Returns:
        A ``Result``; see ``jgen.diagnostics.weights.log_evidence``. It is also flagged where a sampler
        rejected fewer than ten draws, which the error of log Z is that of.

    Raises:
        ValueError: For Markov draws, and for draws without log-weights, from which Z is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> from jgen.types import Draws, DrawKind
        >>> draws = Draws(jnp.zeros((1, 2)), {}, jnp.log(jnp.array([[1.0, 3.0]])), DrawKind.WEIGHTED)
        >>> f"{jnp.exp(log_evidence(draws).value):.3f}"
        '2.000'

    Reference:
        Owen (2013), Monte Carlo theory, methods and examples, chapter 9.
    """
    result = weights.log_evidence(_log_weight(draws))
    accepted = draws.info.get("accepted")
    if draws.kind is not DrawKind.WEIGHTED or accepted is None:
        return result
    num_rejected = int((~np.asarray(accepted)).sum())
    if num_rejected >= FEWEST_REJECTED or result.flags:
        return result
    wrong = f"{num_rejected} draws were rejected: the error of log Z takes {FEWEST_REJECTED} or more"
    low, high = result.value - math.log(20), result.value + np.inf
    return result._replace(low=low, high=high, flags=(wrong,))
