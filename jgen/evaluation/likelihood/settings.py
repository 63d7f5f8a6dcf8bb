"""Settings of ``log_likelihood``, checked."""

from typing import Any, NamedTuple

import jax
import numpy as np

from jgen.evaluation.likelihood.decoder_model import in_dtype
from jgen.objectives.input_checks import check_size, num_examples
from jgen.samplers import annealing_path
from jgen.types import PyTree


class Settings(NamedTuple):
    """Options of ``log_likelihood``; see there."""

    num_particles: int
    num_chains: int
    num_temperatures: int
    num_leapfrogs: int
    betas: Any
    step_size: float | None
    num_simulated: int
    bin_width: Any
    dtype: str
    batch_size: int
    chunk_size: int
    first_index: int


def check_settings(settings: Settings) -> Settings:
    """Check settings; a ladder that is given counts its own temperatures.

    Raises:
        TypeError: For a count that is no int.
        ValueError: For a count below 1, or another type than float32 and float64.
    """
    if settings.dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be float32 or float64; got {settings.dtype}")
    names = [name for name in settings._fields if name.startswith("num_") or name.endswith("_size")]
    for name in set(names) - {"step_size"}:
        check_size(name, getattr(settings, name))
    if settings.betas is None:
        return settings
    betas = np.asarray(annealing_path.check_ladder(settings.betas))
    return settings._replace(betas=betas, num_temperatures=len(betas) - 1)


def read_examples(x: PyTree, dtype: str) -> tuple[PyTree, list[np.ndarray]]:
    """Convert examples, and return their leaves too.

    Raises:
        ValueError: If there are none, they are not of one number, or some are not finite.
    """
    x = in_dtype(jax.tree.map(np.asarray, x), dtype)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(x)]
    if not leaves or not all(leaf.ndim for leaf in leaves) or num_examples(x) == 0:
        raise ValueError("log_likelihood needs examples [example, *event], one or more; got none")
    if len({len(leaf) for leaf in leaves}) > 1:
        raise ValueError(f"parts of examples differ in number: {sorted({len(leaf) for leaf in leaves})}")
    for leaf in leaves:
        if np.issubdtype(leaf.dtype, np.floating):
            finite = np.isfinite(leaf.reshape(len(leaf), -1)).all(1)
            if not finite.all():
                raise ValueError(
                    f"{(~finite).sum()} of {len(leaf)} examples have a NaN or an infinity (the first is "
                    f"{(~finite).argmax()}): leave them out, or fill them in"
                )
    return x, leaves
