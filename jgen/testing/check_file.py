"""Check a sampler, decoder, head, objective, metric or target that a user's file defines."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax

from jgen import models, targets
from jgen._internal.members import members
from jgen.errors import UsageError
from jgen.evaluation.recipe import MetricRecipe
from jgen.testing.check_decoder import check_decoder
from jgen.testing.check_head import check_head
from jgen.testing.check_metric import check_metric
from jgen.testing.check_objective import check_objective
from jgen.testing.check_result import CheckResult
from jgen.testing.check_sampler import check_sampler
from jgen.testing.check_target import check_target
from jgen.types import Key, Sampler, Target

LATENT, EVENT, BATCH = 2, 4, 5
"""Sizes of the latents for a decoder, and of the model and data for an objective."""


class Options(NamedTuple):
    """Options of a check.

    Attributes:
        target: Name of the density that a sampler is checked on, one of ``jgen.targets``.
        reversible: Whether a Markov kernel satisfies detailed balance.
        stochastic: Whether the loss of an objective depends on the key.
        coupled: Whether what an objective reports of one example depends on the others.
        latent_dim: Size of the latents that a decoder takes.
    """

    target: str = "standard_gaussian"
    reversible: bool = True
    stochastic: bool = True
    coupled: bool = False
    latent_dim: int = LATENT


class Kind(NamedTuple):
    """Kind of member: how it is called and checked.

    Attributes:
        signature: How NAME must be written.
        arguments: ``arguments(options) -> arguments``, with which the check calls it.
        accepts: Whether what it makes of them is of this kind.
        check: ``check(member, options, key) -> results``.
    """

    signature: str
    arguments: Callable[[Options], tuple]
    accepts: Callable[[Any], bool]
    check: Callable[[Any, Options, Key | None], list[CheckResult]]


def target_of(options: Options) -> Target:
    """Make the density that a sampler is checked on.

    Raises:
        UsageError: If there is none of this name.
    """
    found = members(targets, "{name}")
    if options.target not in found:
        raise UsageError(f"--target: there is no {options.target}; choose among {', '.join(found)}")
    if options.target == "standard_gaussian":
        return targets.standard_gaussian(2)
    return getattr(found[options.target], options.target)()


def made_by(member: Any, *arguments: Any) -> Any:
    """Return a Flax module as it is, or what a function or class makes of arguments."""
    return member if isinstance(member, nn.Module) else member(*arguments)


def _check_sampler(make: Any, options: Options, key: Key | None) -> list[CheckResult]:
    return check_sampler(make, target_of(options), key=key, reversible=options.reversible)


def _check_objective(make: Any, options: Options, key: Key | None) -> list[CheckResult]:
    network = models.linear_vae(EVENT, LATENT)  # with a known log p(x)
    batch = jax.random.normal(jax.random.key(0), (BATCH, EVENT))
    reports = jax.eval_shape(make(network, 1.0), network.init(jax.random.key(1)), batch, jax.random.key(2))[1]
    log_prob = models.linear_log_prob if "bound" in reports else None
    facts = {"stochastic": options.stochastic, "coupled": options.coupled}
    return check_objective(partial(make, network), network.init, batch, key=key, log_prob=log_prob, **facts)


KINDS = {
    "sampler": Kind(
        "NAME(target, scale) -> Sampler, its steps `scale` times their usual length",
        lambda options: (target_of(options), 1.0),
        lambda made: isinstance(made, Sampler),
        _check_sampler,
    ),
    "objective": Kind(
        "NAME(model, scale) -> objective of a LatentModel, its weights `scale` times as large",
        lambda _: (models.linear_vae(EVENT, LATENT), 1.0),
        lambda made: callable(made) and not isinstance(made, Sampler | nn.Module),
        _check_objective,
    ),
    "target": Kind(
        "NAME() -> Target",
        lambda _: (),
        lambda made: isinstance(made, Target),
        lambda make, _, key: check_target(make(), key=key),
    ),
    "metric": Kind(
        "NAME() -> MetricRecipe: the metric, and samples for it",
        lambda _: (),
        lambda made: isinstance(made, MetricRecipe),
        lambda make, _, key: check_metric(make(), seed=0 if key is None else int(jax.random.bits(key))),
    ),
    "head": Kind(
        "NAME() -> Flax module with a `width`, from raw numbers [batch, *shape, width] to a distribution",
        lambda _: (),
        lambda made: isinstance(made, nn.Module) and hasattr(made, "width"),
        lambda member, _, key: check_head(made_by(member), key=key),
    ),
    "decoder": Kind(
        "NAME() -> Flax module, from latents [batch, latent] to a distribution",
        lambda _: (),
        lambda made: isinstance(made, nn.Module) and not hasattr(made, "width"),
        lambda member, options, key: check_decoder(made_by(member), options.latent_dim, key=key),
    ),
}


def load_member(place: str) -> Any:
    """Import ``FILE.py`` and return what it calls ``NAME``.

    Args:
        place: ``FILE.py:NAME``. The file's own folder is searched for its imports.

    Raises:
        UsageError: If it is written otherwise, there is no such file, it fails to import, or it has no
        such name.
    """
    file, colon, name = place.rpartition(":")
    path = Path(file)
    if not colon or path.suffix != ".py" or not name.isidentifier():
        raise UsageError(f"give FILE.py:NAME, such as my_sampler.py:walk; got {place}")
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    if not hasattr(module, name):
        own = [key for key, item in vars(module).items() if getattr(item, "__module__", "") == path.stem]
        public = [key for key in own if not key.startswith("_")]
        raise UsageError(f"{path} defines no {name}; it defines {', '.join(public) or 'nothing'}")
    return getattr(module, name)


def kind_of(member: Any, options: Options) -> str:
    """Return the kind of a member by what it returns.

    Raises:
        UsageError: If it is none of them, with the signature of each.
    """
    reasons = []
    for name, kind in KINDS.items():
        try:
            arguments = kind.arguments(options)
            if not _takes(member, len(arguments)):
                continue
            made = made_by(member, *arguments)
        except Exception as error:
            reasons.append(f"as a {name}: {type(error).__name__}: {error}")
            continue
        if kind.accepts(made):
            return name
        reasons.append(f"as a {name}: it returns {type(made).__name__}")
    lines = [*(f"{name}: {kind.signature}" for name, kind in KINDS.items()), *reasons]
    found = "\n  ".join(["NAME is none of", *lines])
    raise UsageError(f"{found}\nwrite it as one of these, or say which by --kind")


def _takes(member: Any, count: int) -> bool:
    """Return whether a member can be called with so many positional arguments."""
    if isinstance(member, nn.Module):
        return count == 0
    try:
        inspect.signature(member).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def check_file(
    place: str, kind: str | None = None, options: Options | None = None, key: Key | None = None
) -> list[CheckResult]:
    """Check a member that a user's file defines, as ``python -m jgen check`` does.

    Args:
        place: ``FILE.py:NAME``.
        kind: ``sampler``, ``objective``, ``target``, ``metric``, ``head`` or ``decoder``; None to infer it.
        options: Options of the check; None for defaults.
        key: Random key, to repeat a run.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails, naming it, by how much, and what usually causes it.
        UsageError: If there is no such file, name or kind.
    """
    member, options = load_member(place), options or Options()
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind: there is no {kind}; choose among {', '.join(KINDS)}")
    return KINDS[kind or kind_of(member, options)].check(member, options, key)
