"""Bound the log-likelihood of any model with a decoder, with errors and diagnostics, in one call."""

from collections.abc import Collection
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.compiled import reads_once
from jgen.evaluation.likelihood.annealing import Schedule
from jgen.evaluation.likelihood.bounds import Bound, SimulatedGap, Units, above_exact, exact_value
from jgen.evaluation.likelihood.decoder_model import (
    DecoderModel,
    decoder_model,
    in_dtype,
    over_batches,
    traits_of,
)
from jgen.evaluation.likelihood.exact import evaluate_log_prob, exact_log_prob
from jgen.evaluation.likelihood.latent_model_bounds import latent_model_bounds
from jgen.evaluation.likelihood.latent_use import LatentUse
from jgen.evaluation.likelihood.settings import Settings, check_settings, read_examples
from jgen.types import AdversarialModel, Key, LatentModel, PyTree

METHODS = ("elbo", "iwae", "ais", "bdmc")


class LogLikelihood(NamedTuple):
    """Log-likelihood of a model by each method, None for those that were not asked for or do not apply.

    Attributes:
        exact: Exact log p(x), where the model has it.
        elbo: Evidence lower bound.
        iwae: Importance-weighted lower bound of the same draws.
        ais: Lower bound by annealed importance sampling.
        bdmc: Bounds from both sides on examples that the model made.
        latents: How the encoder uses the latents.
        schedule: Temperatures and steps of ``ais`` and ``bdmc``.
        flags: What concerns all of it, one sentence each.
    """

    exact: Bound | None = None
    elbo: Bound | None = None
    iwae: Bound | None = None
    ais: Bound | None = None
    bdmc: SimulatedGap | None = None
    latents: LatentUse | None = None
    schedule: Schedule | None = None
    flags: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the mean of each method."""
        lines = [
            f"{name}: {bound.mean!r}" for name, bound in self._asdict().items() if isinstance(bound, Bound)
        ]
        lines += [] if self.bdmc is None else [f"bdmc: {self.bdmc.gap!r}"]
        return "\n".join([*lines, *self.flags])


@reads_once
def log_likelihood(
    key: Key,
    model: Any,
    params: PyTree,
    x: PyTree,
    methods: Collection[str] = METHODS,
    *,
    num_particles: int = 512,
    num_chains: int = 4,
    num_temperatures: int = 100,
    num_leapfrogs: int = 3,
    betas: ArrayLike | None = None,
    step_size: float | None = None,
    num_simulated: int = 64,
    observation_noise: float | None = None,
    bin_width: ArrayLike | None = None,
    dtype: str = "float64",
    batch_size: int = 128,
    chunk_size: int = 16,
    first_index: int = 0,
) -> LogLikelihood:
    r"""Bound log p(x) of each example from below, and measure how loose the bounds are.

    With weights :math:`w_k = p(x, z_k) / q(z_k \mid x)` of K draws of the encoder, and w of annealing runs
    from it to the posterior,

    .. math:: E[\textstyle\frac1K \sum_k \log w_k] \le E[\log \textstyle\frac1K \sum_k w_k] \le \log p(x),
        \qquad E[\log \textstyle\frac1C \sum_c w_c] \le \log p(x)

    - ``elbo`` and ``iwae``: the two bounds on the left, of the same draws. They are near log p(x) only where
      the encoder is near the posterior, or K is large; the Pareto k of the weights tells where they are not.
    - ``ais``: annealed importance sampling by Hamiltonian Monte Carlo, from the encoder where there is one,
      else from the prior, along :math:`q^{1 - \beta} p(x, z)^\beta`. Temperatures and steps come from a pilot
      with draws and simulated examples of its own, and are fixed before the measurement.
    - ``bdmc``: an upper bound needs an exact draw of the posterior, and only examples that the model made
      have one: draw z, then x. So the gap between the bounds is that of ``num_simulated`` examples of the
      model. It tells how far the lower bound by annealing is from log p(x) where data are like the model's;
      for other data no upper bound is known.
    - ``exact``: always added where log p(x) is known: ``ppca`` and ``linear_vae``, and models without a
      latent, a NumPyro distribution (a mixture, a flow), ``autoregressive_model``, ``gaussian_mixture``. They
      have no other method.

    A mean has the 95 % interval of the mean of the bound over all examples and draws (``mean_result``); that
    interval covers log p(x) only as far as the bound is tight. A lower bound in nats is an upper bound in
    bits. Use float64: a log-weight of 1,000 nats has an error of 1e-4 in float32, and a run adds up 100.

    Args:
        key: Random key. Each draw has a key of the example's index and its own, so no value depends on
            ``batch_size`` or ``chunk_size``, nor on other examples or methods.
        model: A ``LatentModel`` (``vae``, ``ppca``, ...); a generator alone, or ``gan``, with
            ``observation_noise``; a NumPyro distribution, or a model with ``distribution(params)``.
        params: Parameters of the model; not used for a NumPyro distribution.
        x: Examples ``[example, *event]``, or a pytree of such.
        methods: Any of ``elbo``, ``iwae``, ``ais``, ``bdmc``.
        num_particles: K, draws of each example.
        num_chains: C, annealing runs of each example.
        num_temperatures: Temperatures of a run.
        num_leapfrogs: Leapfrog steps at each; a run costs one gradient more a temperature.
        betas: Inverse temperatures from 0 to 1 ``[temperature + 1]``, in place of those of the pilot.
        step_size: Leapfrog step in units of the start's standard deviations, in place of those of the pilot.
        num_simulated: Examples that the model makes for ``bdmc``.
        observation_noise: Standard deviation s of the noise for decoders that return a point (a GAN's), which
            have no density: then the model is :math:`N(g(z), s^2 I)`, and log p(x) is that of this s.
        bin_width: Distance of neighbouring values of dequantised data, in units of x, for bits per dimension:
            1/256 for 8-bit images scaled to [0, 1]; one number, or one per dimension. Discrete examples take
            none. Without it a density has no bits.
        dtype: ``float64`` or ``float32``; model, parameters and examples are converted.
        batch_size: Examples at a time.
        chunk_size: Draws at a time; the decoder gets ``batch_size * chunk_size`` rows, or
            ``batch_size * num_chains``.
        first_index: Index of the first example, for data that come in parts.

    Returns:
        Per-example bounds and their means by method, each with its protocol; and, for models with an encoder,
        how it uses the latents: active units, and the mean divergence from the prior.

    Raises:
        TypeError: For something that is no model, or a number that is no int.
        ValueError: For unknown methods, examples that do not fit, are not finite, or are none, or a decoder
            that returns a point without ``observation_noise``; the message says what to do.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models import linear_vae
        >>> model = linear_vae(4, 2)
        >>> params, x = model.init(jax.random.key(0)), jnp.ones((20, 4))
        >>> found = log_likelihood(jax.random.key(1), model, params, x, ["elbo", "iwae"], num_particles=64)
        >>> bool(found.elbo.mean.value < found.iwae.mean.value < found.exact.mean.value)
        True
        >>> found.iwae.values.shape, found.iwae.mean.protocol["start"]
        ((20,), 'encoder')

    Reference:
        Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders; Grosse, Ghahramani and Adams
        (2015), Sandwiching the marginal likelihood, arXiv 1511.02543; Wu, Burda, Salakhutdinov and Grosse
        (2017), On the quantitative analysis of decoder-based generative models.
    """
    if unknown := sorted(set(methods) - set(METHODS)):
        raise ValueError(f"methods are {', '.join(METHODS)}; got {', '.join(unknown)}")
    options = (num_particles, num_chains, num_temperatures, num_leapfrogs, betas, step_size, num_simulated)
    settings = check_settings(Settings(*options, bin_width, dtype, batch_size, chunk_size, first_index))
    with jax.enable_x64(dtype == "float64"):
        x, leaves = read_examples(x, dtype)
        if isinstance(model, LatentModel | AdversarialModel):
            fitted = decoder_model(model, params, observation_noise, dtype)
            return _of_latent_model(key, fitted, x, leaves, set(methods), settings, observation_noise)
        model, params = in_dtype((model, params), dtype)
        return _without_latent(model, params, x, leaves, settings)


def _without_latent(
    model: Any, params: PyTree, x: PyTree, leaves: list[np.ndarray], settings: Settings
) -> LogLikelihood:
    log_prob = exact_log_prob(model, params)
    if log_prob is None:
        raise TypeError(
            "log_likelihood takes a LatentModel, the model of gan, a NumPyro distribution, or a model with "
            f"distribution(params); got {type(model).__name__}"
        )
    values = over_batches(lambda x, index: evaluate_log_prob(log_prob, x, index), x, settings.batch_size, 0)
    is_discrete = not any(np.issubdtype(leaf.dtype, np.floating) for leaf in leaves)
    num_dims = sum(leaf[0].size for leaf in leaves)
    units, protocol, flags = _units(settings, is_discrete, num_dims, leaves)
    protocol |= {"dtype": str(values.dtype)}
    return LogLikelihood(exact=exact_value(values, units, protocol), flags=flags)


def _of_latent_model(
    key: Key,
    fitted: DecoderModel,
    x: PyTree,
    leaves: list[np.ndarray],
    methods: set[str],
    settings: Settings,
    observation_noise: float | None,
) -> LogLikelihood:
    traits = traits_of(*fitted, x)
    if traits.is_point_head:
        raise ValueError(
            "the decoder returns a point (Delta), which has no density: give observation_noise, the standard "
            "deviation of the noise that the model is to have"
        )
    units, protocol, flags = _units(settings, traits.is_discrete, traits.num_dims, leaves)
    if traits.is_point_encoder:
        fitted = fitted._replace(model=fitted.model._replace(encoder=None))
        flags = (*flags, "the encoder returns a point, which has no density: draws start from the prior")
    protocol |= {
        "dtype": traits.dtype,
        "start": "prior" if fitted.model.encoder is None else "encoder",
        "observation_noise": "the decoder's" if observation_noise is None else float(observation_noise),
    }
    found = latent_model_bounds(key, fitted, x, methods, settings, protocol, units)
    log_prob = exact_log_prob(*fitted)
    if log_prob is None:
        return LogLikelihood(**found, flags=flags)
    values = over_batches(lambda x, index: evaluate_log_prob(log_prob, x, index), x, settings.batch_size, 0)
    found = {
        name: above_exact(bound, np.asarray(values, np.float64)) if isinstance(bound, Bound) else bound
        for name, bound in found.items()
    }
    return LogLikelihood(exact_value(values, units, protocol), **found, flags=flags)


def _units(
    settings: Settings, is_discrete: bool, num_dims: int, leaves: list[np.ndarray]
) -> tuple[Units, dict[str, Any], tuple[str, ...]]:
    """Return what bits need, how examples were dequantised, and what is wrong with that."""
    if is_discrete:
        if settings.bin_width is not None:
            raise ValueError("the examples are discrete, and have bits as they are: leave bin_width out")
        return Units(num_dims, 1.0), {"dequantisation": "none, the values are discrete"}, ()
    width = settings.bin_width
    if width is None:
        return Units(num_dims, None), {"dequantisation": "not stated"}, ()
    steps = [leaf.reshape(len(leaf), -1) / np.asarray(width, np.float64) for leaf in leaves]
    on_grid = all((np.abs(step - np.round(step)) < 1e-5).all() for step in steps)
    text = f"uniform noise of width {np.asarray(width).tolist()}"
    fault = (
        "all values are multiples of bin_width, so they were not dequantised: a density has no bound there"
    )
    return Units(num_dims, width), {"dequantisation": text}, (fault,) if on_grid else ()
