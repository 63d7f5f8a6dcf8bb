"""Combine a generative model and a critic."""

import jax

from jgen._internal.binding import as_partial
from jgen.models.assemble import AnyNetwork, network_of, trace_shapes
from jgen.objectives.recipe import adversarial_model
from jgen.types import AdversarialModel, LatentModel, PyTree


def assemble_adversarial(
    model: LatentModel, critic: AnyNetwork, values: PyTree, values_name: str
) -> AdversarialModel:
    """Combine a model with a critic after checking that the critic takes its values.

    Args:
        model: Generative model.
        critic: ``value [batch, ...] -> score [batch]``, as a Linen module or a ``Network``.
        values: Inputs of the critic, as shapes ``[batch, ...]``.
        values_name: Description of the values in errors.

    Returns:
        The pair; its parameters are ``{"model", "critic"}``.

    Raises:
        TypeError: If the critic is no network.
        ValueError: If it cannot take the values, or does not return one score for each.
    """
    network = network_of("critic", critic, values)
    params = trace_shapes("critic", values_name, network.init, jax.random.key(0))
    score = trace_shapes("critic", values_name, network.apply, params, values)
    rows = jax.tree.leaves(values)[0].shape[:1]
    if getattr(score, "shape", None) != rows:
        raise ValueError(
            f"the critic must return one score for each of {values_name}, [batch]; for {rows[0]} rows it "
            f"returns {jax.tree.map(lambda leaf: leaf.shape, score)}"
        )
    return adversarial_model(model, (as_partial(network.init), as_partial(network.apply)))
