"""Make Gaussians from standard deviations, a covariance or its Cholesky factor."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from jgen._internal.validation import is_traced
from jgen.distributions.input_checks import check_finite, check_one, to_array, to_float
from jgen.distributions.multivariate_normal import MultivariateNormal


def gaussian(
    mean: Any, *, scale: Any = None, covariance: Any = None, scale_tril: Any = None
) -> dist.Distribution:
    r"""Make a Gaussian on vectors (or on a scalar), diagonal or full.

    $N(x; \mu, \Sigma) = (2 \pi)^{-d/2} |\Sigma|^{-1/2} \exp(-\tfrac12 (x-\mu)^T \Sigma^{-1} (x-\mu))$.

    The last axis of ``mean`` is the event, whichever form is given, and the axes before it are batch
    axes; a scalar ``mean`` gives a scalar event. Give exactly one of the three forms of spread. Values
    are checked here when they are known (not under ``jit``), shapes always.

    Args:
        mean: ``[*batch, dim]``, or a scalar.
        scale: Standard deviations, a scalar or ``[dim]`` or ``[*batch, dim]``, positive.
        covariance: ``[dim, dim]`` or ``[*batch, dim, dim]``, symmetric positive definite.
        scale_tril: Lower Cholesky factor of the covariance, with a positive diagonal; same shapes.

    Returns:
        ``Normal(...).to_event(1)`` for ``scale`` (a plain ``Normal`` for a scalar mean), else a
        ``MultivariateNormal``.

    Raises:
        TypeError: Not exactly one form of spread was given.
        ValueError: Shapes that do not fit, a scale that is not positive, a matrix that is not positive
            definite or not triangular, or numbers that are not finite.

    Example:
        >>> import jax.numpy as jnp
        >>> pair = gaussian(jnp.zeros(2), scale=jnp.array([1.0, 2.0]))
        >>> round(float(pair.log_prob(jnp.zeros(2))), 4)
        -2.531
    """
    check_one("gaussian", scale=scale, covariance=covariance, scale_tril=scale_tril)
    given = {"scale": scale, "covariance": covariance, "scale_tril": scale_tril}
    given = {name: to_array(value) for name, value in given.items() if value is not None}
    mean = to_array(mean)
    check_finite("gaussian", mean=mean, **given)
    return _diagonal(mean, given["scale"]) if "scale" in given else _full(mean, *given.popitem())


def _diagonal(mean: Any, scale: Any) -> dist.Distribution:
    shape = jnp.shape(mean)
    if not _fits(jnp.shape(scale), shape):
        raise ValueError(
            f"gaussian: scale has shape {jnp.shape(scale)}, which does not fit mean's {shape}. Give a scalar "
            "or one standard deviation per entry of the mean; for a matrix use covariance= or scale_tril=."
        )
    if not is_traced(scale) and not np.all(np.asarray(scale) > 0):
        least = np.min(np.asarray(scale))
        raise ValueError(f"gaussian: standard deviations (scale) must be positive, not {least:.6g}.")
    normal = dist.Normal(to_float(mean), jnp.broadcast_to(to_float(scale), shape))
    return normal.to_event(1) if shape else normal


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    """Return whether ``shape`` can be broadcast to exactly ``into``."""
    try:
        return np.broadcast_shapes(shape, into) == into
    except ValueError:
        return False


def _full(mean: Any, name: str, matrix: Any) -> dist.Distribution:
    shape, matrix_shape = jnp.shape(mean), jnp.shape(matrix)
    dim = shape[-1:] or (0,)
    if not shape or matrix_shape[-2:] != dim * 2 or not _fits(matrix_shape[:-2], shape[:-1]):
        raise ValueError(
            f"gaussian: {name} has shape {matrix_shape}, which does not fit mean's {shape}; expected "
            f"[*batch, dim, dim] for a mean [*batch, dim]."
        )
    if not is_traced(matrix):
        known = np.asarray(matrix, np.float64)
        (_check_covariance if name == "covariance" else _check_factor)(known)
    factor = to_float(matrix)
    factor = jnp.linalg.cholesky(factor) if name == "covariance" else factor
    mean = to_float(mean, factor.dtype)
    return MultivariateNormal(mean, scale_tril=jnp.broadcast_to(factor, shape + dim))


def _check_covariance(matrix: np.ndarray) -> None:
    asymmetry = np.max(np.abs(matrix - np.swapaxes(matrix, -1, -2)), initial=0.0)
    if asymmetry > 1e-5 * np.max(np.abs(matrix), initial=0.0):
        raise ValueError(
            f"gaussian: covariance is not symmetric; two mirrored entries differ by {asymmetry:.6g}. If this "
            "is a Cholesky factor, pass it as scale_tril=."
        )
    dtype = jnp.result_type(float)
    factor = jnp.linalg.cholesky(jnp.asarray(matrix, dtype))  # NumPy's may succeed where this one fails
    if not jnp.isfinite(factor).all():
        smallest = np.min(np.linalg.eigvalsh(matrix)) if np.isfinite(matrix).all() else np.nan
        raise ValueError(
            f"gaussian: covariance is not positive definite in {dtype}; its smallest eigenvalue is "
            f"{smallest:.6g}. Add a small multiple of the identity, or fix its construction."
        )


def _check_factor(matrix: np.ndarray) -> None:
    above = np.max(np.abs(np.triu(matrix, 1)), initial=0.0)
    if above > 0:
        raise ValueError(
            f"gaussian: scale_tril must be lower triangular; an entry above the diagonal is {above:.6g}. "
            "Was it transposed, or is it a covariance (pass covariance=)?"
        )
    least = np.min(np.diagonal(matrix, axis1=-2, axis2=-1), initial=np.inf)
    if not least > 0:
        raise ValueError(f"gaussian: scale_tril needs a positive diagonal; its least entry is {least:.6g}.")
