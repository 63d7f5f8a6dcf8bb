"""Convert a NumPyro model to a log density."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro import handlers
from numpyro.distributions.transforms import biject_to
from numpyro.infer import util

from jgen._internal.binding import bind_static
from jgen.interop.external_kernel import Structure, divide, unite
from jgen.types import Array, Key

Position = dict[str, Array]


class Model(NamedTuple):
    """NumPyro model in unconstrained coordinates.

    Attributes:
        log_density: Position -> log joint density of latents and data ``[]``, in nats, as a density of the
            position: it includes the log-Jacobian of ``constrain`` and all constants. So Z = p(data).
        constrain: One position -> latents in their supports, and the model's deterministic sites.
        unconstrain: Latents in their supports -> position.
        start: Position of zeros, for one chain; its keys are the names of the latents.
    """

    log_density: Partial
    constrain: Partial
    unconstrain: Partial
    start: Position

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the latents."""
        return tuple(self.start)

    def starts(self, key: Key, num_chains: int) -> Position:
        """Draw starting positions, each coordinate uniform on (-2, 2) ``[chain, *event]``."""
        keys = jax.random.split(key, len(self.start))
        return {
            name: jax.random.uniform(one, (num_chains, *zero.shape), zero.dtype, -2.0, 2.0)
            for one, (name, zero) in zip(keys, self.start.items(), strict=True)
        }


def from_model(model: Callable[..., Any], *args: Any, **kwargs: Any) -> Model:
    r"""Return the log density of a NumPyro model given its data, and its transforms.

    With :math:`T` the bijection from the unconstrained space to the support of the latents,

    .. math:: \log \tilde p(x) = \log p(T(x), y) + \log |\det dT / dx|.

    Arguments that are arrays or floats are data, bound so that other data of the same shape compile nothing;
    integers, flags and names are structure.

    Args:
        model: Module-level function of NumPyro statements; every new function compiles again.
        *args: Positional arguments of the model.
        **kwargs: Keyword arguments of the model.

    Returns:
        The log density and its transforms.

    Raises:
        ValueError: If a latent is discrete, or the model has ``numpyro.param`` statements or no latents.
        TypeError: If an argument is neither an array nor can be hashed.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro, numpyro.distributions as dist
        >>> from jgen.samplers import nuts
        >>> from jgen.sampling import sample
        >>> def counts(y):
        ...     rate = numpyro.sample("rate", dist.Gamma(2.0, 1.0))
        ...     numpyro.sample("y", dist.Poisson(rate), obs=y)
        >>> model = from_model(counts, jnp.array(3))
        >>> x = jnp.linspace(-8.0, 4.0, 2001)  # Z = p(y = 3) = 4 / 2^5, a negative binomial
        >>> density = jax.vmap(model.log_density)({"rate": x})
        >>> round(float(jnp.exp(density).sum() * (x[1] - x[0])), 4)
        0.125
        >>> start = model.starts(jax.random.key(0), 4)
        >>> run = sample(jax.random.key(0), nuts(model.log_density), num_draws=5, position=start)
        >>> bool((jax.vmap(jax.vmap(model.constrain))(run.draws.value)["rate"] > 0).all())
        True

    Reference:
        Carpenter et al. (2017), "Stan: a probabilistic programming language", section 7.3.
    """
    data, structure = divide((args, kwargs))
    with jax.numpy_rank_promotion("allow"):
        statements = handlers.trace(handlers.seed(model, 0)).get_trace(*args, **kwargs)
    shapes = {}
    for name, site in statements.items():
        if site["type"] == "param":
            raise ValueError(f"{name} is a numpyro.param; from_model takes latents with a prior: sample it")
        if site["type"] == "sample" and not site["is_observed"]:
            if site["fn"].support.is_discrete:
                raise ValueError(f"{name} is a discrete latent, without a gradient: sum it out of the model")
            shapes[name] = biject_to(site["fn"].support).inverse_shape(jnp.shape(site["value"]))
    if not shapes:
        raise ValueError("the model has no latents, so there is nothing to sample")
    start = {name: jnp.zeros(shape) for name, shape in shapes.items()}

    def with_data(function: Callable[..., Any]) -> Partial:
        return Partial(bind_static(call, apply=function, model=model, structure=structure), data)

    return Model(with_data(model_log_density), with_data(constrain), with_data(util.unconstrain_fn), start)


def call(data: list[Array | None], sites: Position, *, apply: Any, model: Any, structure: Structure) -> Any:
    """Apply a function of a model, its arguments and values of its sites."""
    with jax.numpy_rank_promotion("allow"):
        return apply(model, *unite(structure, data), sites)


def model_log_density(model: Any, args: Any, kwargs: Any, position: Position) -> Array:
    """Compute minus NumPyro's potential energy, which includes the log-Jacobian."""
    return -util.potential_energy(model, args, kwargs, position)


def constrain(model: Any, args: Any, kwargs: Any, position: Position) -> dict[str, Array]:
    """Return every latent in its support, and every deterministic site."""
    return util.constrain_fn(model, args, kwargs, position, return_deterministic=True)
