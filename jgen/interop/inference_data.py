"""Convert draws to ArviZ and back."""

import functools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jgen.sampling.driver import Run
from jgen.types import DrawKind, Draws, PyTree

LOG_WEIGHT = "log_weight"
BARE = "x"
"""Name of a position that is one array."""


def to_arviz(
    draws: Run | Draws,
    *,
    coords: Mapping[str, Sequence[Any]] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
) -> Any:
    """Convert draws to ArviZ's ``InferenceData``, or ``DataTree`` from ArviZ 1.0 on.

    Each array of the position is a variable of the group ``posterior``: ``mu``, or ``block.mu`` for a dict in
    a dict; a position that is one array is called ``x``. ``info``, which has ArviZ's names already, is the
    group ``sample_stats``, with ``log_weight`` where there is one. ArviZ's own statistics ignore weights.

    Args:
        draws: Result of ``sample``, without its warm-up, or its draws ``[chain, draw, *event]``.
        coords: Dimension -> the names along it.
        dims: Variable -> its dimensions after chain and draw.

    Returns:
        ArviZ's container, from which ``from_arviz`` returns the same draws.

    Raises:
        ValueError: If the run stored no draws, two arrays have one name, or they are not of one run.
        ImportError: If ArviZ is not installed.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling import sample
        >>> def log_density(position):
        ...     return -0.5 * jnp.sum(position["theta"] ** 2)
        >>> start = {"theta": jnp.zeros((4, 2))}
        >>> run = sample(jax.random.key(0), mala(log_density), num_draws=50, position=start)
        >>> data = to_arviz(run, coords={"school": ["A", "B"]}, dims={"theta": ["school"]})
        >>> data["posterior"]["theta"].dims
        ('chain', 'draw', 'school')
        >>> bool((from_arviz(data).value["theta"] == run.draws.value["theta"]).all())
        True

    Reference:
        Kumar et al. (2019), "ArviZ, a unified library for exploratory analysis of Bayesian models in
        Python", JOSS 4(33).
    """
    stored = draws.draws if isinstance(draws, Run) else draws
    if stored is None:
        raise ValueError("this run stored no draws (store=False), so there is nothing to convert")
    paths = jax.tree_util.tree_leaves_with_path(stored.value)
    variables = {name_of(path): np.asarray(leaf) for path, leaf in paths}
    if len(variables) < len(paths):
        raise ValueError(f"two arrays of the position have one name; the names are {', '.join(variables)}")
    facts = {name: np.asarray(fact) for name, fact in stored.info.items()}
    if stored.log_weight is not None:
        facts[LOG_WEIGHT] = np.asarray(stored.log_weight)
    runs = {array.shape[:2] for array in (*variables.values(), *facts.values())}
    if len(runs) != 1 or len(run := runs.pop()) < 2 or 0 in run:
        shapes = {name: array.shape for name, array in (variables | facts).items()}
        raise ValueError(f"to_arviz takes draws [chain, draw, *event] of one run, one or more; got {shapes}")
    arviz = import_arviz()
    groups = {"posterior": variables} | ({"sample_stats": facts} if facts else {})
    convert = functools.partial(arviz.from_dict, coords=coords, dims=dims)
    data = convert(**groups) if arviz.__version__.startswith("0.") else convert(groups)
    data["posterior"].attrs["kind"] = stored.kind.value
    return data


def from_arviz(data: Any, *, like: PyTree | None = None) -> Draws:
    """Convert ArviZ's container, from any library, to draws.

    Args:
        data: Container with a group ``posterior``, and optionally ``sample_stats``.
        like: A position, or its shapes, with the structure that the draws are to have; None for a dict.

    Returns:
        Host arrays ``[chain, draw, *event]``; Markov draws, unless ``to_arviz`` recorded another kind.

    Raises:
        ValueError: If there is no posterior, or it lacks a variable that ``like`` has.

    Example:
        >>> import jax.numpy as jnp
        >>> value = jnp.arange(6.0).reshape(2, 3)
        >>> draws = Draws(value, {}, None, DrawKind.INDEPENDENT)
        >>> again = from_arviz(to_arviz(draws), like=0.0)
        >>> bool((again.value == value).all()), again.kind.value
        (True, 'independent')
    """
    if "posterior" not in data:
        raise ValueError("there is no group posterior, so there are no draws")
    posterior = data["posterior"]
    value = arrays_of(posterior)
    if like is not None:
        names = [name_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(like)]
        if missing := [name for name in names if name not in value]:
            raise ValueError(f"the posterior has no {', '.join(missing)}; it has {', '.join(value)}")
        value = jax.tree.unflatten(jax.tree.structure(like), [value[name] for name in names])
    info = arrays_of(data["sample_stats"]) if "sample_stats" in data else {}
    log_weight = info.pop(LOG_WEIGHT, None)
    return Draws(value, info, log_weight, DrawKind(posterior.attrs.get("kind", DrawKind.MARKOV.value)))


def arrays_of(group: Any) -> dict[str, Any]:
    """Return the variables of a group ``[chain, draw, *event]``."""
    return {
        str(name): np.asarray(variable.transpose("chain", "draw", ...).values)
        for name, variable in group.data_vars.items()
    }


def name_of(path: tuple[Any, ...]) -> str:
    """Return the name of the array at the end of a path through a position."""
    return jax.tree_util.keystr(path, simple=True, separator=".") or BARE


def import_arviz() -> Any:
    """Import ArviZ, which the extra ``interop`` installs.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        with warnings.catch_warnings():  # ArviZ announces its version 1.0
            warnings.simplefilter("ignore", FutureWarning)
            import arviz
    except ImportError as error:
        raise ImportError('jgen.interop needs arviz here: pip install "jgen[interop]"') from error
    return arviz
