"""Validate the parameters of distributions on the host."""

from typing import Any

import numpy as np

from jgen._internal.validation import is_traced


class ValidatedOnHost:
    """Mixin before NumPyro's class that validates known parameters as NumPy arrays.

    The constraints are NumPyro's own, which take either. On a device they would be ten to thirty small
    programs for each new shape, half a second to compile; tracers are not validated.

    Example:
        >>> import numpyro.distributions as dist
        >>> class Rates(ValidatedOnHost, dist.Poisson):
        ...     pass
        >>> Rates(-1.0)
        Traceback (most recent call last):
        ...
        ValueError: Rates distribution got invalid rate parameter.
    """

    def get_args(self) -> dict[str, Any]:
        """Return the parameters to validate."""
        arguments: dict[str, Any] = super().get_args()  # type: ignore[misc]
        return {name: np.asarray(value) for name, value in arguments.items() if not is_traced(value)}
